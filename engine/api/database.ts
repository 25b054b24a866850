/** Half-open range of keys in byte order: `gte` included, `lt` excluded. Absent bounds are open. */
export interface KeyRange {
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly reverse?: boolean;
  /** At most so many entries. */
  readonly limit?: number;
}

/** Changes that become visible and durable together, or not at all. */
export interface WriteBatch {
  /** The batch may keep `key` and `value` until it is written: do not write to them. */
  put(columnFamily: string, key: Uint8Array, value: Uint8Array): void;
  delete(columnFamily: string, key: Uint8Array): void;
  /** Number of operations. */
  readonly count: number;
}

/**
 * An ordered key-value database with column families and an atomic batch.
 *
 * Reads see every batch whose `write` has returned. Returned bytes belong to the caller.
 */
export interface Database {
  get(columnFamily: string, key: Uint8Array): Uint8Array | undefined;
  /** Values in the order of `keys`; `undefined` where a key is absent. One call for a whole batch. */
  getMany(columnFamily: string, keys: readonly Uint8Array[]): (Uint8Array | undefined)[];
  /**
   * Entries in byte order of their keys. The iterator sees the database as it was at its first step and must be
   * finished or returned (a `for...of` does either).
   */
  scan(columnFamily: string, range: KeyRange): Iterable<readonly [Uint8Array, Uint8Array]>;
  /** Deletes all keys of a range, at once and outside any batch. */
  deleteRange(columnFamily: string, range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): void;
  createBatch(): WriteBatch;
  /**
   * Applies a batch atomically. After a crash of the process it is there whole or not at all; `sync` also survives a
   * crash of the machine.
   */
  write(batch: WriteBatch, options?: { readonly sync?: boolean }): void;
  /** Approximate number of bytes and keys per column family. */
  sizes(): readonly { readonly columnFamily: string; readonly bytes: number; readonly keys: number }[];
  close(): Promise<void>;
}

/** The databases of an instance's tasks: each apart from the others, so that a task's state moves and is dropped alone. */
export interface TaskDatabases {
  /** Tasks that have a database here. */
  stored(): Promise<readonly number[]>;
  /** @throws {EngineError} `DATABASE_LOCKED`, `DATABASE_FAILED` */
  open(taskId: number): Promise<Database>;
  /** Moves a task's closed database out of the way and keeps it for whoever wants to know what happened. */
  setAside(taskId: number): Promise<void>;
}
