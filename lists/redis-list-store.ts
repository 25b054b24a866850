// The list store on Redis 6.2 or later: one server, a master that sentinels name, or a cluster (docs/adr/0006-redis-lists.md). The layout is in
// redis-layout.ts; comparing versions happens in Redis (redis-publish.ts).
import { randomUUID } from 'node:crypto';
import type { SinkEntry } from '../engine/api/index.ts';
import { checkEntry } from './check-entry.ts';
import type { ListEntry, ListListener, ListStore, StoredEntry } from './list-store.ts';
import { RedisConnection } from './redis-connection.ts';
import { RedisLayout, storedValue, storedVersion } from './redis-layout.ts';
import { DEFAULT_INACTIVE_EXPIRY_MS, type RedisListStoreOptions } from './redis-options.ts';
import { RedisPublisher } from './redis-publish.ts';
import { readStored, storedUnder } from './redis-read.ts';
import { RedisWatch } from './redis-watch.ts';

/**
 * Besides what the port says: every call rejects with a `RedisUnavailableError` when Redis is away, too slow or refuses; what `publish` had
 * to store then may be stored in part. Listeners hear of changes soon after `publish` has resolved, and after a break of
 * everything there is. `entries` of other prefixes than those of cards, item blocks, campaigns and placements look at every key of the tenant.
 *
 * A key remembers its version for as long as it exists: lists and blocks of visitors and sessions until they expire
 * (`inactiveExpiryMs`), removed ones for an hour, removed cards, item blocks, campaigns and placements for a day, everything else for ever. After that any
 * version is taken: an owner that lost its task that long ago does not publish any more.
 */
export interface RedisListStore extends ListStore {
  /**
   * A text that changes when published lists may be gone: Redis was emptied, or its servers are not the ones that answered before (a restart or
   * failover may lose the last writes). Who publishes compares it from time to time and publishes everything again when it
   * differs. It does not tell what was evicted: run Redis with `noeviction` or `volatile-ttl`.
   */
  generation(): Promise<string>;
}

/**
 * Connects. @throws {RangeError} for wrong options; rejects with a `RedisUnavailableError` when the first attempt to connect fails, unless
 * `mayBeAway`. From then on it connects again by itself.
 */
export async function createRedisListStore(options: RedisListStoreOptions): Promise<RedisListStore> {
  return new ConnectedListStore(await RedisConnection.open(options), options);
}

class ConnectedListStore implements RedisListStore {
  readonly #connection: RedisConnection;
  readonly #layout: RedisLayout;
  readonly #publisher: RedisPublisher;
  readonly #watches = new Set<RedisWatch>();
  #isOpen = true;

  constructor(connection: RedisConnection, options: RedisListStoreOptions) {
    this.#connection = connection;
    this.#layout = new RedisLayout(options.keyPrefix);
    const inactiveExpiryMs = options.inactiveExpiryMs ?? DEFAULT_INACTIVE_EXPIRY_MS;
    this.#publisher = new RedisPublisher({ connection, layout: this.#layout, inactiveExpiryMs });
  }

  async publish(entries: readonly SinkEntry[]): Promise<void> {
    this.#checkOpen();
    for (const entry of entries) checkEntry(entry);
    await this.#publisher.publish(entries);
  }

  async getMany(keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]> {
    this.#checkOpen();
    const redisKeys = keys.map((key) => this.#layout.redisKey(key));
    const found = await readStored(this.#connection, redisKeys);
    return found.map((stored) => {
      const value = stored === undefined ? undefined : storedValue(stored);
      return value === undefined ? undefined : { value, version: storedVersion(stored!) };
    });
  }

  async *entries(prefix: string): AsyncGenerator<ListEntry> {
    this.#checkOpen();
    for await (const part of storedUnder(this.#connection, this.#layout, prefix)) {
      for (const { key, stored } of part) {
        const value = storedValue(stored);
        if (value !== undefined) yield { key, value, version: storedVersion(stored) };
        this.#checkOpen();
      }
    }
  }

  async watch(prefix: string, listener: ListListener, only?: ReadonlySet<string>): Promise<() => void> {
    this.#checkOpen();
    const options = { connection: this.#connection, layout: this.#layout, prefix, listener, only };
    const watch = await RedisWatch.open(options);
    if (this.#isOpen) this.#watches.add(watch);
    else watch.close();
    return () => {
      this.#watches.delete(watch);
      watch.close();
    };
  }

  async ping(): Promise<void> {
    this.#checkOpen();
    await this.#connection.ping();
  }

  async generation(): Promise<string> {
    this.#checkOpen();
    const connection = this.#connection;
    const { client } = connection;
    const redisKeys = this.#layout.generationKeys(connection.isCluster);
    const ids = await connection.call('GET', () =>
      Promise.all(
        redisKeys.map(async (redisKey) => {
          // The first to come decides; everybody reads what was decided.
          const [, id] = await Promise.all([client.set(redisKey, randomUUID(), 'NX'), client.get(redisKey)]);
          return id;
        }),
      ),
    );
    const infos = await connection.call('INFO', () =>
      Promise.all(connection.masters().map((master) => master.info('server'))),
    );
    const servers = infos.map((info) => /run_id:(\w+)/.exec(info)?.[1] ?? '').sort();
    return [...new Set(ids), ...servers].join(' ');
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
    this.#connection.close();
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new TypeError('the list store is closed');
  }
}
