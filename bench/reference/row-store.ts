// The store of the rows. A row of 200 neighbours has 2.4 kB and a batch changes a few of them, so what is written is most often the
// deltas alone: a row is a base and up to 15 slots of deltas behind it, each under a key of its own, so that compaction keeps them. When
// the slots are full, or as large as the base would be, a new base is written, with a new number; slots of an older base do not count.
// A base and its slots, added in order, give the row to the bit.
//
//   key    prefix, item id, slot u8 (0: the base)
//   base   version u8 = 1 | number u32 | row
//   slot   version u8 = 1 | number u32 of the base | weighted ids
//
// Rows stay in memory while the byte budget lasts; those that changed since the last commit always do. Eviction is second chance. What is
// kept of a row that has left is how many slots it has: only those are read when it comes back.

import type { Keyspace, StateStore, StoreSupplier } from '../../engine/api/index.ts';
import { Added, type DeltaArrays } from './added.ts';
import type { ItemIds } from './item-ids.ts';
import { ItemRow } from './item-row.ts';
import { RowFormat } from './row-format.ts';

export interface RowStoreOptions {
  /** Unique in the topology; also the column family. */
  readonly name: string;
  readonly ids: ItemIds;
  /** What the rows in memory may take, per task, when a commit ends. */
  readonly cacheMaxBytes: number;
}

/** Half: twice as many bases are written; double: a row that is not in memory takes twice as many reads. */
const SLOTS = 15;
const ENTRY_BYTES = 250;

interface Entry {
  readonly item: number;
  row: ItemRow;
  /** Number of the base; 0 before the first. */
  base: number;
  /** Slots written behind it. */
  slots: number;
  slotBytes: number;
  baseBytes: number;
  /** Places of the first and the last of what has been added since the last commit; -1 without any. */
  first: number;
  last: number;
  charge: number;
  isUsed: boolean;
}

export function rowStore(options: RowStoreOptions): StoreSupplier<RowStore> {
  return { name: options.name, create: (keyspace) => new RowStore(options, keyspace) };
}

export class RowStore implements StateStore {
  readonly name: string;
  readonly #options: RowStoreOptions;
  readonly #keyspace: Keyspace;
  readonly #format: RowFormat;
  /** By item; `undefined` where it is not in memory. */
  #entries: (Entry | undefined)[] = [];
  readonly #dirty: Entry[] = [];
  /** Of all rows: what has been added since the last commit, each with the place of the same row's next. */
  readonly #added = new Added();
  /** By item, of rows that have left memory: slots behind the base, + 1. 0 is not known. */
  #slotsOf = new Uint8Array(1024);
  #bytes = 0;
  /** Where eviction goes on. */
  #hand = 0;

  constructor(options: RowStoreOptions, keyspace: Keyspace) {
    this.name = options.name;
    this.#options = options;
    this.#keyspace = keyspace;
    this.#format = new RowFormat(options.ids);
  }

  get memoryBytes(): number {
    return this.#bytes;
  }

  get hasChanges(): boolean {
    return this.#dirty.length > 0;
  }

  /** Brings rows into memory with two reads for all, the bases and the slots. What has no row gets none. */
  load(items: Iterable<number>): void {
    const { database, columnFamily } = this.#keyspace;
    const missing: number[] = [];
    for (const item of items) {
      const entry = this.#entries[item];
      if (entry === undefined) missing.push(item);
      else entry.isUsed = true;
    }
    if (missing.length === 0) return;
    const bases = database.getMany(
      columnFamily,
      missing.map((item) => this.#key(item, 0)),
    );
    const keys: Uint8Array[] = [];
    for (const [index, item] of missing.entries())
      if (bases[index] !== undefined)
        for (let slot = 1; slot <= this.#slotsToRead(item); slot++) keys.push(this.#key(item, slot));
    const slots = database.getMany(columnFamily, keys);
    for (let i = 0, at = 0; i < missing.length; i++) {
      const base = bases[i];
      if (base === undefined) continue;
      const end = at + this.#slotsToRead(missing[i]!);
      this.#keep(missing[i]!, base, slots.slice(at, end));
      at = end;
    }
  }

  /** Of a row that is not in memory, how many slots there may be behind its base. */
  #slotsToRead(item: number): number {
    return (this.#slotsOf[item] || SLOTS + 1) - 1;
  }

  #keep(item: number, base: Uint8Array, slots: readonly (Uint8Array | undefined)[]): void {
    const { row, number } = this.#format.readBase(base);
    const entry = createEntry(item, row);
    entry.base = number;
    entry.baseBytes = base.length;
    for (const slot of slots) {
      if (slot === undefined || !this.#format.addSlot(slot, number, row)) break;
      entry.slots += 1;
      entry.slotBytes += slot.length;
    }
    this.#entries[item] = entry;
    this.#charge(entry);
  }

  /** The row, not to be changed; `undefined` where there is none. It must have been loaded. */
  get(item: number): ItemRow | undefined {
    return this.#entries[item]?.row;
  }

  /** Adds deltas `from` to `to`, one at least, to a row, which must have been loaded. */
  addAll(item: number, deltas: DeltaArrays, from: number, to: number): void {
    let entry = this.#entries[item];
    if (entry === undefined) {
      entry = createEntry(item, new ItemRow());
      this.#entries[item] = entry;
    }
    const added = this.#added;
    const first = added.append(deltas, from, to);
    if (entry.last < 0) {
      this.#dirty.push(entry);
      entry.first = first;
    } else added.next[entry.last] = first;
    entry.last = added.count - 1;
    entry.row.addAll(added.neighbours, added.weights, first, added.count, this.#options.ids.places);
  }

  flush(write: (key: Uint8Array, value: Uint8Array | null) => void): void {
    for (const entry of this.#dirty) {
      const slot = this.#format.slot(entry.base, this.#added, entry.first);
      const isSmall = entry.slotBytes + slot.length < entry.baseBytes;
      if (entry.base > 0 && entry.slots < SLOTS && isSmall) {
        entry.slots += 1;
        entry.slotBytes += slot.length;
        write(this.#key(entry.item, entry.slots), slot);
        continue;
      }
      entry.base += 1;
      const base = this.#format.base(entry.row, entry.base);
      entry.slots = 0;
      entry.slotBytes = 0;
      entry.baseBytes = base.length;
      write(this.#key(entry.item, 0), base);
    }
  }

  committed(): void {
    for (const entry of this.#dirty) {
      entry.first = -1;
      entry.last = -1;
      this.#charge(entry);
    }
    this.#dirty.length = 0;
    this.#added.count = 0;
    this.#evict();
  }

  rollback(): void {
    for (const entry of this.#dirty) {
      this.#entries[entry.item] = undefined;
      this.#bytes -= entry.charge;
      // The slots that it counted may never have been written.
      this.#slotsOf[entry.item] = 0;
    }
    this.#dirty.length = 0;
    this.#added.count = 0;
    this.#evict();
  }

  #charge(entry: Entry): void {
    const charge = ENTRY_BYTES + entry.row.memoryBytes;
    this.#bytes += charge - entry.charge;
    entry.charge = charge;
  }

  #evict(): void {
    const { cacheMaxBytes, ids } = this.#options;
    if (this.#slotsOf.length < ids.count) this.#slotsOf = grown(this.#slotsOf, 2 * ids.count);
    // After two rounds no row is left.
    for (; this.#bytes > cacheMaxBytes; this.#hand = (this.#hand + 1) % this.#entries.length) {
      const entry = this.#entries[this.#hand];
      if (entry === undefined) continue;
      if (entry.isUsed) entry.isUsed = false;
      else {
        this.#entries[this.#hand] = undefined;
        this.#bytes -= entry.charge;
        this.#slotsOf[entry.item] = entry.slots + 1;
      }
    }
  }

  #key(item: number, slot: number): Uint8Array {
    const { arena, starts } = this.#options.ids;
    const { prefix } = this.#keyspace;
    const from = starts[item]!;
    const length = starts[item + 1]! - from;
    const key = Buffer.allocUnsafe(prefix.length + length + 1);
    for (let i = 0; i < prefix.length; i++) key[i] = prefix[i]!;
    for (let i = 0; i < length; i++) key[prefix.length + i] = arena[from + i]!;
    key[prefix.length + length] = slot;
    return key;
  }
}

function grown(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(bytes);
  return copy;
}

const createEntry = (item: number, row: ItemRow): Entry => ({
  item,
  row,
  base: 0,
  slots: 0,
  slotBytes: 0,
  baseBytes: 0,
  first: -1,
  last: -1,
  charge: 0,
  isUsed: true,
});
