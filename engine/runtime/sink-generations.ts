// Asks the sinks for their generations, so that tasks notice when what they published is gone.

import { setTimeout as delay } from 'node:timers/promises';
import type { VersionedSink } from '../api/index.ts';

/** How long a loss goes unnoticed at most, ms. */
const INTERVAL_MS = 1_000;

/** Keeps `generations` (by versioned-sink node) up to date until `signal` aborts. A sink that is away keeps its last one. */
export async function watchGenerations(
  sinks: ReadonlyMap<string, VersionedSink>,
  generations: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const [node, sink] of sinks) {
      const generation = await sink.generation?.().catch(() => undefined);
      if (generation !== undefined) generations.set(node, generation);
    }
    await delay(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}
