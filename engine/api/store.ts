import type { Database } from './database.ts';

/** Where the keys of a store live: a column family, and a prefix that keeps its tasks apart. */
export interface Keyspace {
  readonly database: Database;
  readonly columnFamily: string;
  /** In front of every key of the store. Empty for a store that is not split by task. */
  readonly prefix: Uint8Array;
}

/**
 * State of one task, or of one instance for a global store. Changes since the last commit are an overlay: `flush` hands
 * them over, `committed` makes them the base, `rollback` forgets them.
 */
export interface StateStore {
  readonly name: string;
  /** Calls `write` once for each key that changed since the last commit, with its full database key; `null` deletes. */
  flush(write: (key: Uint8Array, value: Uint8Array | null) => void): void;
  /** Whether anything has changed since the last commit. */
  readonly hasChanges: boolean;
  /** What was flushed is in the database. */
  committed(): void;
  /** Forgets every change since the last commit, changes made in place through `getForUpdate` included. */
  rollback(): void;
  /** Bytes held in memory: what the cache is charged for. */
  readonly memoryBytes: number;
}

/** A store of values by string key (UTF-8, at most 1,024 bytes). */
export interface KeyValueStore<V> extends StateStore {
  /** Brings the values of `keys` into memory with one multi-get, so that `get` in the same batch reads no disk. */
  load(keys: readonly string[]): void;
  /** The value, not to be changed; `undefined` where the key is absent. */
  get(key: string): V | undefined;
  /** The value, which the caller may change in place until the next commit: the key counts as changed. */
  getForUpdate(key: string): V | undefined;
  put(key: string, value: V): void;
  delete(key: string): void;
  /**
   * Entries in UTF-8 byte order of their keys, uncommitted changes included: those whose keys start with `prefix` and lie behind the
   * key `after`, which need not exist; `limit` entries at most.
   */
  scan(options?: {
    readonly prefix?: string;
    readonly after?: string;
    readonly limit?: number;
  }): Iterable<readonly [string, V]>;
}

/** Reading side of a {@link KeyValueStore}: what processors see of a global store. */
export type ReadOnlyStore<V> = Pick<KeyValueStore<V>, 'name' | 'load' | 'get' | 'scan'>;

/** Makes the store of a task. The topology names stores through suppliers, so that the runtime knows no implementation. */
export interface StoreSupplier<S extends StateStore = StateStore> {
  /** Unique in the topology; also the column family. kebab-case. */
  readonly name: string;
  create(keyspace: Keyspace): S;
}
