// Hearing of changes through client tracking in broadcast mode (Redis 6; "Client-side caching" in its manual): a server tells the names of keys
// with the prefix that were written. Who publishes does nothing for it, and a prefix that nobody watches costs nothing. The values are
// read when the names arrive, so what was written ten times meanwhile is read once.
//
// Each watch has one connection to the server, or to each node of a cluster, replicas too: a replica tells what its master sends it, and goes
// on when it becomes the master. Whenever a connection had been lost, everything with the prefix (or the keys that are
// wanted, where they are named) is read and reported, removals too while their tombstones last: the listener misses no state, though it may miss steps. Expiry is not reported.
import type { Cluster, Redis } from 'ioredis';
import type { ListChange, ListListener } from './list-store.ts';
import type { RedisConnection } from './redis-connection.ts';
import { type RedisLayout, storedValue, storedVersion } from './redis-layout.ts';
import { retryDelayMs } from './redis-options.ts';
import { readKeys, type StoredKey, storedUnder } from './redis-read.ts';
import { RedisTracker } from './redis-tracker.ts';

/** Changed keys that are read at a time. */
const READ_KEYS = 500;

export interface WatchOptions {
  readonly connection: RedisConnection;
  readonly layout: RedisLayout;
  readonly prefix: string;
  readonly listener: ListListener;
  /** The keys that are reported; `undefined`: all with the prefix. */
  readonly only: ReadonlySet<string> | undefined;
}

export class RedisWatch {
  readonly #options: WatchOptions;
  readonly #redisPrefixes: readonly string[];
  /** By the connection of the client that it belongs to. */
  readonly #trackers = new Map<Redis, RedisTracker>();
  readonly #changed = new Set<string>();
  /** Everything has to be read. */
  #isBehind = false;
  #isReading = false;
  /** Reads that failed, one after the other. */
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #isOpen = true;

  private constructor(options: WatchOptions) {
    this.#options = options;
    this.#redisPrefixes = options.layout.redisPrefixes(options.prefix);
  }

  /**
   * Resolves when every server that owns keys tells of changes.
   * @throws {RedisUnavailableError} when one does not within the timeout; then nothing is watched.
   */
  static async open(options: WatchOptions): Promise<RedisWatch> {
    const watch = new RedisWatch(options);
    const { connection } = options;
    const { client } = connection;
    try {
      await connection.call('CLIENT', async () => {
        if (connection.isCluster) {
          client.on('+node', watch.#added);
          client.on('-node', watch.#removed);
          for (const node of (client as Cluster).nodes('slave')) watch.#track(node);
        }
        await Promise.all(connection.masters().map((node) => watch.#track(node).listening));
      });
      return watch;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** Nothing is reported any more. Idempotent. */
  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#retry);
    const { client } = this.#options.connection;
    client.off('+node', this.#added);
    client.off('-node', this.#removed);
    for (const tracker of this.#trackers.values()) tracker.close();
    this.#trackers.clear();
    this.#changed.clear();
  }

  readonly #added = (node: Redis): void => {
    // What was written before the new node was known.
    void this.#track(node).listening.then(() => this.#catchUp());
  };

  readonly #removed = (node: Redis): void => {
    this.#trackers.get(node)?.close();
    this.#trackers.delete(node);
  };

  #track(node: Redis): RedisTracker {
    const tracker = new RedisTracker(this.#options.connection, node, this.#redisPrefixes, {
      written: (redisKeys) => this.#written(redisKeys),
      returned: () => this.#catchUp(),
    });
    this.#trackers.get(node)?.close();
    this.#trackers.set(node, tracker);
    return tracker;
  }

  #written(redisKeys: readonly Buffer[]): void {
    const { layout, prefix, only } = this.#options;
    for (const redisKey of redisKeys) {
      const key = layout.keyOf(redisKey.toString());
      if (key?.startsWith(prefix) && only?.has(key) !== false) this.#changed.add(key);
    }
    void this.#read();
  }

  #catchUp(): void {
    this.#isBehind = true;
    void this.#read();
  }

  /** Reads and reports until nothing has changed any more. One at a time, so that what is reported is in order. */
  async #read(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#isOpen && (this.#isBehind || this.#changed.size > 0)) await this.#readOnce();
      this.#failures = 0;
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      this.#isReading = false;
    }
  }

  /** Names were forgotten with the read that failed, so everything is read next time. */
  #failed({ message }: Error): void {
    if (!this.#isOpen) return;
    this.#failures += 1;
    if (this.#failures === 1) this.#options.connection.logger.warn('list-watch-failed', { error: message });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#catchUp(), retryDelayMs(this.#failures));
    this.#retry.unref();
  }

  async #readOnce(): Promise<void> {
    const { connection, layout, prefix, only } = this.#options;
    if (this.#isBehind) {
      this.#isBehind = false;
      if (only !== undefined) {
        for (const key of only) this.#changed.add(key);
        return;
      }
      for await (const part of storedUnder(connection, layout, prefix)) this.#report(part);
      return;
    }
    const keys: string[] = [];
    for (const key of this.#changed) {
      if (keys.push(key) === READ_KEYS) break;
    }
    for (const key of keys) this.#changed.delete(key);
    this.#report(await readKeys(connection, layout, keys));
  }

  #report(part: readonly StoredKey[]): void {
    if (!this.#isOpen || part.length === 0) return;
    const { listener, prefix, connection } = this.#options;
    const changes: ListChange[] = part.map(({ key, stored }) => ({
      key,
      value: storedValue(stored) ?? null,
      version: storedVersion(stored),
    }));
    try {
      listener(changes);
    } catch (error) {
      connection.logger.error('list-listener-failed', { prefix, error: (error as Error).message });
    }
  }
}
