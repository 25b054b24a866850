// What a list store must hold: the product's scoring, run in this process alone over the restored state of every task, for every key
// that the tasks say they have published. And how what Redis holds differs from that.

import {
  type Forwarded,
  type Processor,
  type ProcessorContext,
  partitionOf,
  type ReadOnlyStore,
  type StateStore,
  silentLogger,
  silentMetrics,
  systemClock,
} from '../../engine/api/index.ts';
import { type ListEntry, topListSerde } from '../../lists/index.ts';
import { NODES } from '../../topology/index.ts';
import { listFormat } from '../../topology/list-format.ts';
import type { RestoredState, RestoredTask } from './production-state.ts';

/** A value that must be published, and the task that owns it. */
export interface ExpectedEntry {
  readonly value: Uint8Array;
  readonly taskId: number;
}

const KEYS_PER_PIECE = 200;

/** Every key of every task with its value. */
export async function expectedLists(state: RestoredState): Promise<ReadonlyMap<string, ExpectedEntry>> {
  const expected = new Map<string, ExpectedEntry>();
  for (const task of state.tasks)
    for (const [key, value] of await publishedBy(state, task))
      if (value !== null) expected.set(key, { value, taskId: task.taskId });
  return expected;
}

async function publishedBy(state: RestoredState, task: RestoredTask): Promise<ReadonlyMap<string, Uint8Array | null>> {
  const forwarded = new Map<string, Uint8Array | null>();
  for (const node of state.topology.nodes) {
    if (node.kind !== 'processor') continue;
    const processor = node.supplier();
    if (processor.publishedKeys === undefined) continue;
    processor.init?.(contextOf(state, task, node.name, forwarded));
    await republishAll(processor);
    processor.close?.();
  }
  return forwarded;
}

async function republishAll(processor: Processor): Promise<void> {
  let keys: string[] = [];
  for (const key of processor.publishedKeys!(NODES.lists)) {
    keys.push(key);
    if (keys.length < KEYS_PER_PIECE) continue;
    await processor.republish?.(NODES.lists, keys);
    keys = [];
  }
  await processor.republish?.(NODES.lists, keys);
}

function contextOf(
  state: RestoredState,
  task: RestoredTask,
  nodeName: string,
  forwarded: Map<string, Uint8Array | null>,
): ProcessorContext {
  const stores = new Map<string, StateStore>();
  return {
    nodeName,
    taskId: task.taskId,
    partitions: state.tasks.length,
    clock: systemClock,
    metrics: silentMetrics,
    logger: silentLogger,
    postpone: () => false,
    streamTimeMs: task.position.streamTimeMs ?? Number.NEGATIVE_INFINITY,
    commitNumber: task.position.commitNumber + 1,
    behind: 0,
    store: <S extends StateStore>(name: string) => {
      const store = stores.get(name) ?? task.store(name);
      stores.set(name, store);
      return store as unknown as S;
    },
    globalStore: <V>(name: string) => state.globalStores.get(name) as ReadOnlyStore<V>,
    forward: <V>({ key, value }: Forwarded<V>) => void forwarded.set(key!, value as Uint8Array | null),
    refuse: () => {
      throw new Error('nothing is refused');
    },
    schedule: () => ({ cancel() {} }),
  };
}

/** Which events a list is of. */
const asOfText = (bytes: Uint8Array): string => JSON.stringify(topListSerde.deserialize(bytes).asOf);

/**
 * Where what was published in passing tells of another state than that of now, though it need not be the same: lists are not made anew
 * whenever something beside their owner changes. A list is of its owner's newest event; cards, blocks and campaigns are what they must be.
 */
export function staleEntries(
  expected: ReadonlyMap<string, ExpectedEntry>,
  published: readonly ListEntry[],
): { readonly faults: string[]; readonly lists: number } {
  const faults: string[] = [];
  const missing = new Set(expected.keys());
  let lists = 0;
  // What a session shows is its visitor's list.
  const emptyNow = new Set(
    published
      .filter(({ key }) => key.startsWith('list:visitor:') && !expected.has(key))
      .map(({ value }) => asOfText(value)),
  );
  for (const { key, value } of published) {
    const wanted = expected.get(key);
    missing.delete(key);
    const isList = key.startsWith('list:');
    if (wanted === undefined) {
      // A list that would be empty now may have had items when it was made; state knows nothing of withdrawn items.
      const isWrong = isList
        ? key.startsWith('list:session:') && !emptyNow.has(asOfText(value))
        : !key.startsWith('block:item:');
      if (isWrong) faults.push(`${key} should have been removed`);
    } else if (isList) {
      lists += 1;
      const [is, was] = [wanted.value, value].map(asOfText);
      if (is !== was) faults.push(`${key} is of ${was}, not of ${is}`);
    } else if (!Buffer.from(wanted.value).equals(value)) faults.push(`${key} is not what it must be`);
  }
  // A list may have been empty when it was made.
  for (const key of missing) if (!key.startsWith('list:')) faults.push(`${key} was not published`);
  return { faults, lists };
}

/** What is published under a version that its task has not committed. `committed` was read after `published`. */
export function entriesAhead(published: readonly ListEntry[], committed: readonly number[]): string[] {
  const found: string[] = [];
  for (const { key, version } of published) {
    const parsed = listFormat.parseKey(key);
    // A session's list is its visitor's.
    if (parsed === undefined || (parsed.kind === 'list' && parsed.ownerKind === 'session')) continue;
    const taskId = partitionOf(parsed.owner, committed.length);
    if (version > committed[taskId]!)
      found.push(`${key} has version ${version}, and task ${taskId} has committed ${committed[taskId]}`);
  }
  return found;
}

/**
 * How what is published differs from what must be. `least` and `most` are the commit numbers, by task, between which versions must lie.
 */
export function listDifferences(
  expected: ReadonlyMap<string, ExpectedEntry>,
  published: readonly ListEntry[],
  least: ReadonlyMap<number, number>,
  most: ReadonlyMap<number, number>,
): string[] {
  const found: string[] = [];
  const missing = new Set(expected.keys());
  for (const { key, value, version } of published) {
    const wanted = expected.get(key);
    missing.delete(key);
    if (wanted === undefined) {
      found.push(`${key} should not be there`);
      continue;
    }
    if (!Buffer.from(wanted.value).equals(value)) found.push(`${key}: ${described(key, wanted.value, value)}`);
    const { taskId } = wanted;
    if (version < least.get(taskId)! || version > most.get(taskId)!)
      found.push(
        `${key} has version ${version}, task ${taskId} was between ${least.get(taskId)} and ${most.get(taskId)}`,
      );
  }
  for (const key of missing) found.push(`${key} is missing`);
  return found;
}

function described(key: string, wanted: Uint8Array, found: Uint8Array): string {
  if (!key.startsWith('list:')) return 'other bytes';
  const [one, other] = [topListSerde.deserialize(wanted), topListSerde.deserialize(found)];
  return `${JSON.stringify(other).slice(0, 400)} instead of ${JSON.stringify(one).slice(0, 400)}`;
}
