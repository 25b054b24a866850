// A Database that lives in memory: for tests, and for a trial without a disk. It keeps every promise of the contract except that
// `close` forgets everything. It gives out Buffers of its own, as the RocksDB one does, so that code tried on one behaves the same
// on the other.
import type { Database, KeyRange, WriteBatch } from '../engine/api/index.ts';
import { SortedMap } from './sorted-map.ts';

interface Family {
  readonly entries: SortedMap<Buffer>;
  bytes: number;
}

interface Operation {
  readonly family: Family;
  readonly key: string;
  /** `undefined` deletes. */
  readonly value: Buffer | undefined;
}

/**
 * Opens an empty database.
 *
 * @param options.columnFamilies those that exist; any other name is a `TypeError`, as it is for a database on disk.
 */
export function createMemoryDatabase(options: { readonly columnFamilies: readonly string[] }): Database {
  return new MemoryDatabase(options.columnFamilies);
}

class MemoryDatabase implements Database {
  #families = new Map<string, Family>();
  #isOpen = true;

  constructor(columnFamilies: readonly string[]) {
    for (const name of columnFamilies) this.#families.set(name, { entries: new SortedMap(), bytes: 0 });
  }

  get(columnFamily: string, key: Uint8Array): Uint8Array | undefined {
    return copy(this.family(columnFamily).entries.get(toText(key)));
  }

  getMany(columnFamily: string, keys: readonly Uint8Array[]): (Uint8Array | undefined)[] {
    const { entries } = this.family(columnFamily);
    return keys.map((key) => copy(entries.get(toText(key))));
  }

  *scan(columnFamily: string, range: KeyRange): Generator<readonly [Uint8Array, Uint8Array]> {
    const { entries } = this.family(columnFamily);
    const gte = range.gte === undefined ? '' : toText(range.gte);
    const lt = range.lt === undefined ? undefined : toText(range.lt);
    for (const [key, value] of entries.slice(gte, lt, range.limit ?? Infinity, range.reverse ?? false)) {
      // A reader that outlives the database fails here too, as it does on disk.
      this.family(columnFamily);
      yield [Buffer.from(key, 'latin1'), Buffer.from(value)];
    }
  }

  deleteRange(columnFamily: string, range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): void {
    const family = this.family(columnFamily);
    for (const [key] of family.entries.slice(toText(range.gte), toText(range.lt), Infinity, false)) {
      change(family, key, undefined);
    }
  }

  createBatch(): WriteBatch {
    this.#checkOpen();
    return new MemoryWriteBatch(this);
  }

  write(batch: WriteBatch): void {
    this.#checkOpen();
    if (!(batch instanceof MemoryWriteBatch)) throw new TypeError('the batch was made by another database');
    for (const { family, key, value } of batch.take(this)) change(family, key, value);
  }

  sizes(): readonly { readonly columnFamily: string; readonly bytes: number; readonly keys: number }[] {
    this.#checkOpen();
    return [...this.#families].map(([columnFamily, { bytes, entries }]) => ({
      columnFamily,
      bytes,
      keys: entries.size,
    }));
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#families.clear();
  }

  family(name: string): Family {
    this.#checkOpen();
    const family = this.#families.get(name);
    if (family === undefined) throw new TypeError(`the database has no column family "${name}"`);
    return family;
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new TypeError('the database is closed');
  }
}

class MemoryWriteBatch implements WriteBatch {
  #database: MemoryDatabase;
  #operations: Operation[] | undefined = [];

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  get count(): number {
    return this.#operations?.length ?? 0;
  }

  put(columnFamily: string, key: Uint8Array, value: Uint8Array): void {
    this.#add({ family: this.#database.family(columnFamily), key: toText(key), value: Buffer.from(value) });
  }

  delete(columnFamily: string, key: Uint8Array): void {
    this.#add({ family: this.#database.family(columnFamily), key: toText(key), value: undefined });
  }

  /** The operations, once. */
  take(database: MemoryDatabase): readonly Operation[] {
    if (database !== this.#database) throw new TypeError('the batch was made by another database');
    if (this.#operations === undefined) throw new TypeError('the batch has been written');
    const operations = this.#operations;
    this.#operations = undefined;
    return operations;
  }

  #add(operation: Operation): void {
    if (this.#operations === undefined) throw new TypeError('the batch has been written');
    this.#operations.push(operation);
  }
}

function change(family: Family, key: string, value: Buffer | undefined): void {
  const before = value === undefined ? family.entries.delete(key) : family.entries.set(key, value);
  if (before !== undefined) family.bytes -= key.length + before.length;
  if (value !== undefined) family.bytes += key.length + value.length;
}

/** Bytes as a string of the same length in the same order. */
function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function copy(value: Buffer | undefined): Buffer | undefined {
  return value === undefined ? undefined : Buffer.from(value);
}
