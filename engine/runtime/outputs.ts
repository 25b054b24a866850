// What a batch leaves for its commit, and for the publication behind it.

import type { ProducerRecord, SinkEntry } from '../api/index.ts';
import type { ChangedKeys } from './position.ts';

/** What a batch wants to send, in the order in which it was sent. */
export interface Outputs {
  readonly records: ProducerRecord[];
  /** Newest value of each key, by versioned-sink node. */
  readonly published: Map<string, Map<string, Uint8Array | null>>;
}

/** Keys that a position names: what was published with the commit, what of earlier ones is not, and what waits. */
export function changedKeys(
  published: Outputs['published'] = new Map(),
  unpublished: ChangedKeys,
  postponed: ChangedKeys,
): ChangedKeys {
  const changed: { [node: string]: readonly string[] } = { ...unpublished };
  const add = (node: string, keys: Iterable<string>) => {
    const earlier = changed[node] ?? [];
    changed[node] = earlier.length === 0 ? [...keys] : [...new Set([...earlier, ...keys])];
  };
  for (const [node, entries] of published) add(node, entries.keys());
  for (const [node, keys] of Object.entries(postponed)) add(node, keys);
  return changed;
}

/** Entries by versioned-sink node, under this version. */
export function versioned(published: Outputs['published'], version: number): Map<string, SinkEntry[]> {
  const entries = new Map<string, SinkEntry[]>();
  for (const [node, values] of published) {
    const ofNode: SinkEntry[] = [];
    for (const [key, value] of values) ofNode.push({ key, value, version });
    entries.set(node, ofNode);
  }
  return entries;
}
