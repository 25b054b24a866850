// The list store in a column family of the engine's own database. Comparing and writing happen in one synchronous step of one
// process, so versions need no lock. Opened over a read-only database it serves what a stopped engine has left.
import type { Clock, Database, Logger, SinkEntry } from '../engine/api/index.ts';
import { silentLogger } from '../engine/api/index.ts';
import { checkEntry } from './check-entry.ts';
import {
  decodeIndexKey,
  decodeListKey,
  encodeIndexKey,
  encodeListKey,
  encodeTombstone,
  encodeValue,
  INDEX_START,
  KEYS_START,
  publishedValue,
  removedAtMsOf,
  versionOf,
} from './embedded-format.ts';
import type { ListChange, ListEntry, ListListener, ListStore, StoredEntry } from './list-store.ts';

/** The column family that the database must have. */
export const LISTS_COLUMN_FAMILY = 'lists';

/**
 * How long the version of a removed key is remembered. An owner that lost its task publishes for seconds more at worst (its session
 * ends after about 10 s), so an hour is ample; double it, and the index of removed keys is twice as long.
 */
export const TOMBSTONE_RETENTION_MS = 3_600_000;

/** About 10 MB of keys. More are read from the database again. */
const REMEMBERED_VERSIONS = 100_000;

/** Expired tombstones are looked for once per so long, and so many are dropped at a time: 100 sessions may end per second. */
const SWEEP_INTERVAL_MS = 1_000;
const SWEEP_ENTRIES = 1_000;

export interface EmbeddedListStoreOptions {
  /** Stays its owner's: `close` leaves it open. One list store at a time writes to it. */
  readonly database: Database;
  /** Dates tombstones. */
  readonly clock: Clock;
  /** Hears of listeners that throw. */
  readonly logger?: Logger;
}

export function createEmbeddedListStore(options: EmbeddedListStoreOptions): ListStore {
  return new EmbeddedListStore(options);
}

interface Watch {
  readonly prefix: string;
  readonly listener: ListListener;
  readonly only: ReadonlySet<string> | undefined;
}

class EmbeddedListStore implements ListStore {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #watches = new Set<Watch>();
  /** Stored versions, so that a list is not read back to be replaced. Right because this is the only writer of its keys. */
  readonly #versions = new Map<string, number>();
  #isOpen = true;
  #sweptAtMs = 0;

  constructor({ database, clock, logger = silentLogger }: EmbeddedListStoreOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#logger = logger;
  }

  async publish(entries: readonly SinkEntry[]): Promise<void> {
    this.#checkOpen();
    for (const entry of entries) checkEntry(entry);
    const changes = this.#accept(entries);
    const nowMs = this.#clock.nowMs();
    if (changes.length > 0) {
      this.#write(changes, nowMs);
      this.#report(changes);
    }
    if (nowMs - this.#sweptAtMs >= SWEEP_INTERVAL_MS) {
      this.#sweptAtMs = nowMs;
      this.#sweep(nowMs);
    }
  }

  async getMany(keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]> {
    this.#checkOpen();
    const found = this.#database.getMany(LISTS_COLUMN_FAMILY, keys.map(encodeListKey));
    return found.map((stored) => {
      const value = stored === undefined ? undefined : publishedValue(stored);
      return value === undefined ? undefined : { value, version: versionOf(stored!) };
    });
  }

  async *entries(prefix: string): AsyncGenerator<ListEntry> {
    this.#checkOpen();
    const gte = prefix === '' ? KEYS_START : encodeListKey(prefix);
    for (const [keyBytes, stored] of this.#database.scan(LISTS_COLUMN_FAMILY, { gte })) {
      const key = decodeListKey(keyBytes);
      if (!key.startsWith(prefix)) return;
      const value = publishedValue(stored);
      if (value !== undefined) yield { key, value, version: versionOf(stored) };
      this.#checkOpen();
    }
  }

  async watch(prefix: string, listener: ListListener, only?: ReadonlySet<string>): Promise<() => void> {
    this.#checkOpen();
    const watch = { prefix, listener, only };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  async ping(): Promise<void> {
    this.#checkOpen();
    this.#database.get(LISTS_COLUMN_FAMILY, KEYS_START);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#watches.clear();
  }

  /** The entries that the rule of versions lets in, one per key. */
  #accept(entries: readonly SinkEntry[]): readonly ListChange[] {
    this.#loadVersions(entries);
    const accepted = new Map<string, SinkEntry>();
    for (const entry of entries) {
      if (entry.version < this.#versions.get(entry.key)!) continue;
      this.#versions.set(entry.key, entry.version);
      accepted.set(entry.key, entry);
    }
    return [...accepted.values()];
  }

  /** Brings the stored versions of these keys into memory; 0 for a key that was never published. */
  #loadVersions(entries: readonly SinkEntry[]): void {
    if (this.#versions.size > REMEMBERED_VERSIONS) this.#versions.clear();
    const unknown = entries.filter(({ key }) => !this.#versions.has(key)).map(({ key }) => key);
    if (unknown.length === 0) return;
    const stored = this.#database.getMany(LISTS_COLUMN_FAMILY, unknown.map(encodeListKey));
    for (const [index, key] of unknown.entries()) {
      const bytes = stored[index];
      this.#versions.set(key, bytes === undefined ? 0 : versionOf(bytes));
    }
  }

  #write(changes: readonly ListChange[], nowMs: number): void {
    const batch = this.#database.createBatch();
    for (const { key, value, version } of changes) {
      const keyBytes = encodeListKey(key);
      if (value === null) {
        batch.put(LISTS_COLUMN_FAMILY, keyBytes, encodeTombstone(version, nowMs));
        batch.put(LISTS_COLUMN_FAMILY, encodeIndexKey(nowMs, keyBytes), new Uint8Array());
      } else {
        batch.put(LISTS_COLUMN_FAMILY, keyBytes, encodeValue(version, value));
      }
    }
    this.#database.write(batch);
  }

  #report(changes: readonly ListChange[]): void {
    for (const { prefix, listener, only } of [...this.#watches]) {
      const relevant = changes.filter(({ key }) => key.startsWith(prefix) && only?.has(key) !== false);
      if (relevant.length === 0) continue;
      try {
        listener(relevant);
      } catch (error) {
        this.#logger.error('list-listener-failed', { prefix, error: (error as Error).message });
      }
    }
  }

  /** Drops tombstones that are old enough, with their place in the index. */
  #sweep(nowMs: number): void {
    const lt = encodeIndexKey(Math.max(0, nowMs - TOMBSTONE_RETENTION_MS), new Uint8Array());
    const range = { gte: INDEX_START, lt, limit: SWEEP_ENTRIES };
    const expired = [...this.#database.scan(LISTS_COLUMN_FAMILY, range)].map(([indexKey]) => indexKey);
    if (expired.length === 0) return;
    const tombstones = expired.map(decodeIndexKey);
    const stored = this.#database.getMany(
      LISTS_COLUMN_FAMILY,
      tombstones.map(({ key }) => key),
    );
    const batch = this.#database.createBatch();
    for (let i = 0; i < expired.length; i++) {
      batch.delete(LISTS_COLUMN_FAMILY, expired[i]!);
      const { key, removedAtMs } = tombstones[i]!;
      // The key may have been published or removed again since.
      const isSame = stored[i] !== undefined && removedAtMsOf(stored[i]!) === removedAtMs;
      if (isSame) batch.delete(LISTS_COLUMN_FAMILY, key);
    }
    this.#database.write(batch);
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new TypeError('the list store is closed');
  }
}
