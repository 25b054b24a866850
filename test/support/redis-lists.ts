// Short ways to publish to, and read from, a list store on a test's Redis.
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  createRedisListStore,
  type ListChange,
  type ListStore,
  type RedisListStore,
  type RedisListStoreOptions,
  RedisUnavailableError,
} from '../../lists/index.ts';
import { poll } from './redis-topologies.ts';

export const HOST = '127.0.0.1';

/** Short, so that what waits for it does not wait long; long for a machine that does other things beside. */
export const TIMEOUT_MS = 1_000;

/** A store that is closed when the test ends. */
export async function openLists(
  t: TestContext,
  options: Partial<RedisListStoreOptions> & Pick<RedisListStoreOptions, 'target'>,
): Promise<RedisListStore> {
  const store = await createRedisListStore({ keyPrefix: `test:${randomUUID()}:`, timeoutMs: TIMEOUT_MS, ...options });
  t.after(() => store.close());
  return store;
}

/** `undefined` removes the key. */
export function publish(store: ListStore, key: string, version: number, text: string | undefined): Promise<void> {
  return store.publish([{ key, version, value: text === undefined ? null : Buffer.from(text) }]) as Promise<void>;
}

/** `text@version` of each key. */
export async function read(store: ListStore, ...keys: readonly string[]): Promise<(string | undefined)[]> {
  const found = await store.getMany(keys);
  return found.map((entry) => entry && `${Buffer.from(entry.value)}@${entry.version}`);
}

/** Tries until it works. What Redis cannot do at the moment is expected, nothing else. */
export function eventually(name: string, work: () => Promise<void>): Promise<void> {
  return poll(name, async () => {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof RedisUnavailableError) return false;
      throw error;
    }
  });
}

/** Notes the last thing heard of each key, as `text@version` or `-@version` when it was removed. */
export function hearing(): { heard: Map<string, string>; listener: (changes: readonly ListChange[]) => void } {
  const heard = new Map<string, string>();
  const listener = (changes: readonly ListChange[]): void => {
    for (const { key, value, version } of changes) {
      heard.set(key, `${value === null ? '-' : Buffer.from(value)}@${version}`);
    }
  };
  return { heard, listener };
}
