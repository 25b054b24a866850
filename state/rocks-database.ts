// The Database on RocksDB. One directory, one process (RocksDB's lock file), one write-ahead log for all column families: a batch
// over several of them is in the log as one record, so after `kill -9` it is there whole or not at all.
//
// Life cycle: OPEN -> CLOSED. Every call into the binding is guarded by the status, because the binding does not check it.
import type { Database, KeyRange, Metrics, WriteBatch } from '../engine/api/index.ts';
import { EngineError } from '../engine/api/index.ts';
import { successor } from './key-codec.ts';
import type { BatchHandle, ColumnHandle, IteratorHandle, RocksHandle } from './rocks-binding.ts';
import { rocks } from './rocks-binding.ts';
import { watchRocks } from './rocks-metrics.ts';
import { openRocksHandle } from './rocks-open.ts';
import { SCAN_STEP_BYTES, SCAN_STEP_ENTRIES } from './rocks-options.ts';
import { SizeCensus } from './size-census.ts';

export interface RocksDatabaseOptions {
  /** Made where they do not exist. What exists beside them is opened too, and kept. */
  readonly columnFamilies: readonly string[];
  /**
   * Refuses writes and makes nothing: no directory and no column family. The lock is taken all the same.
   * @defaultValue false
   */
  readonly readOnly?: boolean;
  /** Share of the memory for block caches and memtables, above 0 and at most 1: for one of several databases. @defaultValue 1 */
  readonly memoryShare?: number;
  /** Has gauges of the database, under a name. @defaultValue nothing is measured */
  readonly measured?: { readonly metrics: Metrics; readonly name: string };
}

/** What the binding wants to know of a column family at each call. */
interface Column {
  readonly column: ColumnHandle;
  readonly valueEncoding: 'buffer';
}

/** Zero bytes with an address: the binding ends the process on a view of an empty ArrayBuffer, which has none. */
const NO_BYTES: Uint8Array = Buffer.alloc(1).subarray(1);

/**
 * Opens the database in directory `path`.
 *
 * @throws {EngineError} `DATABASE_LOCKED` when a process has it open, `DATABASE_FAILED` when it cannot be opened or, read-only,
 * does not exist or lacks a column family.
 */
export async function openRocksDatabase(path: string, options: RocksDatabaseOptions): Promise<Database> {
  const isReadOnly = options.readOnly ?? false;
  const { handle, columns } = await openRocksHandle(path, options.columnFamilies, isReadOnly, options.memoryShare ?? 1);
  return new RocksDatabase(path, handle, columns, isReadOnly, options.measured);
}

class RocksDatabase implements Database {
  readonly #path: string;
  readonly #handle: RocksHandle;
  readonly #columns = new Map<string, Column>();
  readonly #isReadOnly: boolean;
  readonly #census: SizeCensus;
  #status: 'OPEN' | 'CLOSED' = 'OPEN';
  #closing: Promise<void> | undefined;
  readonly #endGauges: (() => void) | undefined;
  /** Of a batch that has been written: empty, with the memory that it took. */
  #spare: BatchHandle | undefined;

  constructor(
    path: string,
    handle: RocksHandle,
    columns: { [name: string]: ColumnHandle },
    isReadOnly: boolean,
    measured: RocksDatabaseOptions['measured'],
  ) {
    this.#path = path;
    this.#handle = handle;
    this.#isReadOnly = isReadOnly;
    for (const [name, column] of Object.entries(columns)) this.#columns.set(name, { column, valueEncoding: 'buffer' });
    const counted = [...this.#columns.keys()].filter((name) => name !== 'default');
    this.#census = new SizeCensus(
      counted,
      (columnFamily, after) => this.scan(columnFamily, after === undefined ? {} : { gte: successor(after) }),
      () => performance.now(),
    );
    const property = (name: string) =>
      this.#status === 'OPEN' ? rocks.db_get_property(this.#handle, name) : undefined;
    this.#endGauges = measured && watchRocks({ ...measured, path, property });
  }

  get(columnFamily: string, key: Uint8Array): Uint8Array | undefined {
    return this.getMany(columnFamily, [key])[0];
  }

  getMany(columnFamily: string, keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const column = this.column(columnFamily);
    if (keys.length === 0) return [];
    try {
      return rocks.db_get_many_sync(this.#handle, keys.some(isEmpty) ? keys.map(addressed) : keys, column);
    } catch (cause) {
      throw this.#failed('read', cause);
    }
  }

  *scan(columnFamily: string, range: KeyRange): Generator<readonly [Uint8Array, Uint8Array]> {
    const { column } = this.column(columnFamily);
    const { gte, lt, reverse = false, limit = Infinity } = range;
    if (limit <= 0 || isEmptyRange(gte, lt)) return;
    let iterator: IteratorHandle | undefined;
    try {
      iterator = rocks.iterator_init(this.#handle, {
        column,
        ...(gte !== undefined && gte.length > 0 && { gte }),
        ...(lt !== undefined && { lt }),
        reverse,
        highWaterMarkBytes: SCAN_STEP_BYTES,
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
      });
      let left = limit;
      while (left > 0) {
        const { rows, finished } = this.#step(iterator, Math.min(SCAN_STEP_ENTRIES, left));
        for (let i = 0; i < rows.length; i += 2) yield [rows[i]!, rows[i + 1]!];
        if (finished) return;
        left -= rows.length / 2;
      }
    } finally {
      // Closing the database has closed its iterators.
      if (iterator !== undefined && this.#status === 'OPEN') rocks.iterator_close(iterator);
    }
  }

  deleteRange(columnFamily: string, range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): void {
    const { column } = this.column(columnFamily);
    this.#checkWritable();
    if (isEmptyRange(range.gte, range.lt)) return;
    try {
      rocks.db_clear(this.#handle, { column, gte: addressed(range.gte), lt: range.lt });
    } catch (cause) {
      throw this.#failed('delete a range', cause);
    }
  }

  createBatch(): WriteBatch {
    this.#checkWritable();
    const handle = this.#spare ?? rocks.batch_init();
    this.#spare = undefined;
    return new RocksWriteBatch(this, handle);
  }

  write(batch: WriteBatch, options: { readonly sync?: boolean } = {}): void {
    this.#checkWritable();
    if (!(batch instanceof RocksWriteBatch)) throw new TypeError('the batch was made by another database');
    const handle = batch.take(this);
    try {
      rocks.batch_write(this.#handle, handle, { sync: options.sync ?? false });
    } catch (cause) {
      throw this.#failed('write', cause);
    } finally {
      // Its bytes live outside the JavaScript heap, where the garbage collector does not see how much there is: they are used again.
      rocks.batch_clear(handle);
      this.#spare = handle;
    }
  }

  sizes(): ReturnType<Database['sizes']> {
    this.#checkOpen();
    return this.#census.take();
  }

  close(): Promise<void> {
    this.#status = 'CLOSED';
    this.#endGauges?.();
    this.#closing ??= new Promise((resolve, reject) => {
      rocks.db_close(this.#handle, (error) => (error === null ? resolve() : reject(this.#failed('close', error))));
    });
    return this.#closing;
  }

  column(name: string): Column {
    this.#checkOpen();
    const column = this.#columns.get(name);
    if (column === undefined) throw new TypeError(`the database has no column family "${name}"`);
    return column;
  }

  #step(iterator: IteratorHandle, maxEntries: number): { readonly rows: Buffer[]; readonly finished: boolean } {
    this.#checkOpen();
    try {
      return rocks.iterator_nextv_sync(iterator, maxEntries);
    } catch (cause) {
      throw this.#failed('read', cause);
    }
  }

  #checkOpen(): void {
    if (this.#status !== 'OPEN') throw new TypeError('the database is closed');
  }

  #checkWritable(): void {
    this.#checkOpen();
    if (this.#isReadOnly) throw new TypeError('the database was opened for reading only');
  }

  #failed(action: string, cause: unknown): EngineError {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new EngineError('DATABASE_FAILED', `cannot ${action} the database in ${this.#path}: ${text}`, { cause });
  }
}

/** Collects outside the JavaScript heap: the binding copies key and value at each call. */
class RocksWriteBatch implements WriteBatch {
  readonly #database: RocksDatabase;
  #handle: BatchHandle | undefined;
  #count = 0;

  /** `handle`: an empty one. */
  constructor(database: RocksDatabase, handle: BatchHandle) {
    this.#database = database;
    this.#handle = handle;
  }

  get count(): number {
    return this.#count;
  }

  put(columnFamily: string, key: Uint8Array, value: Uint8Array): void {
    const column = this.#database.column(columnFamily);
    rocks.batch_put(this.#pending(), addressed(key), addressed(value), column);
    this.#count++;
  }

  delete(columnFamily: string, key: Uint8Array): void {
    const column = this.#database.column(columnFamily);
    rocks.batch_del(this.#pending(), addressed(key), column);
    this.#count++;
  }

  /** The operations, once. */
  take(database: RocksDatabase): BatchHandle {
    if (database !== this.#database) throw new TypeError('the batch was made by another database');
    const handle = this.#pending();
    this.#handle = undefined;
    this.#count = 0;
    return handle;
  }

  #pending(): BatchHandle {
    if (this.#handle === undefined) throw new TypeError('the batch has been written');
    return this.#handle;
  }
}

function isEmpty(bytes: Uint8Array): boolean {
  return bytes.length === 0;
}

function addressed(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? NO_BYTES : bytes;
}

function isEmptyRange(gte: Uint8Array | undefined, lt: Uint8Array | undefined): boolean {
  return lt !== undefined && (lt.length === 0 || (gte !== undefined && Buffer.compare(gte, lt) >= 0));
}
