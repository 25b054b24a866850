// The part of @nxtedition/rocksdb (installed as `rocksdb`) that we use, typed: its native functions, without the abstract-level
// classes in front of them. Those keep every iterator and batch in a set until it is closed asynchronously, which a synchronous
// commit never does.
//
// The native functions check nothing: a call on a closed database ends the process. rocks-database.ts guards each call. The
// package is pinned to one version in package.json; test/conformance/database.ts is what a new version has to pass.
import { createRequire } from 'node:module';

declare const handle: unique symbol;
/** Pointers that only the binding can read. */
export type RocksHandle = { readonly [handle]: 'database' };
export type ColumnHandle = { readonly [handle]: 'column' };
export type BatchHandle = { readonly [handle]: 'batch' };
export type IteratorHandle = { readonly [handle]: 'iterator' };

/** Options of one column family, and at the top level those of the database. */
export interface RocksColumnOptions {
  /** Bytes of blocks read from files that stay in memory, for this column family alone. */
  readonly cacheSize: number;
  readonly blockSize: number;
  readonly compaction: 'level';
  /** A quarter of it is the size of one memtable. */
  readonly memtableMemoryBudget: number;
  /** A dictionary for zstd, trained for each file; from the third level on, files are zstd without it, too. */
  readonly compression: boolean;
}

export interface RocksOpenOptions extends RocksColumnOptions {
  readonly createIfMissing: boolean;
  readonly walCompression: boolean;
  readonly parallelism: number;
  readonly columns: { readonly [name: string]: RocksColumnOptions };
}

export interface RocksIteratorOptions {
  readonly column: ColumnHandle;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
  /** A step ends when it has read so many bytes. */
  readonly highWaterMarkBytes: number;
  readonly keyEncoding: 'buffer';
  readonly valueEncoding: 'buffer';
}

export interface RocksBinding {
  db_init(path: string): RocksHandle;
  /** Column handles by name. The error names the families that exist and were not given. */
  db_open(
    database: RocksHandle,
    options: RocksOpenOptions,
    done: (error: Error | null, columns: { [name: string]: ColumnHandle }) => void,
  ): void;
  db_close(database: RocksHandle, done: (error: Error | null) => void): void;
  /** Of the database or of the column family `default`; empty where there is no such property. */
  db_get_property(database: RocksHandle, property: string): string;
  db_get_many_sync(
    database: RocksHandle,
    keys: readonly Uint8Array[],
    options: { readonly column: ColumnHandle; readonly valueEncoding: 'buffer' },
  ): (Buffer | undefined)[];
  /** Deletes a range at once. */
  db_clear(
    database: RocksHandle,
    options: { readonly column: ColumnHandle; readonly gte: Uint8Array; readonly lt: Uint8Array },
  ): void;
  iterator_init(database: RocksHandle, options: RocksIteratorOptions): IteratorHandle;
  /** `rows` holds key, value, key, value. */
  iterator_nextv_sync(
    iterator: IteratorHandle,
    maxEntries: number,
  ): { readonly rows: Buffer[]; readonly finished: boolean };
  iterator_close(iterator: IteratorHandle): void;
  batch_init(): BatchHandle;
  batch_put(batch: BatchHandle, key: Uint8Array, value: Uint8Array, options: { readonly column: ColumnHandle }): void;
  batch_del(batch: BatchHandle, key: Uint8Array, options: { readonly column: ColumnHandle }): void;
  batch_clear(batch: BatchHandle): void;
  batch_write(database: RocksHandle, batch: BatchHandle, options: { readonly sync: boolean }): void;
}

export const rocks = createRequire(import.meta.url)('rocksdb/binding.js') as RocksBinding;
