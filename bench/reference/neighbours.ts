// The best neighbours of every item, as each instance keeps them: fixed places in two arrays, by the item's number, so that a user's
// list is summed without looking anything up. On the wire and in the database: version u8 = 1 | count u8 | weighted ids.

import { EngineError, type Serde } from '../../engine/api/index.ts';
import type { GlobalView } from '../../engine/graph/index.ts';
import type { ItemIds } from './item-ids.ts';
import { NEIGHBOURS } from './limits.ts';
import { type Expected, MAX_ENTRY_BYTES, readEntries, writeEntry } from './weighted-ids.ts';

const VERSION = 1;
const HEADER_BYTES = 2;

/** Follows the global store of neighbours. */
export class NeighbourTable implements GlobalView {
  readonly #ids: ItemIds;
  #items = new Int32Array(1024 * NEIGHBOURS);
  #scores = new Float32Array(1024 * NEIGHBOURS);
  #counts = new Uint8Array(1024);
  readonly #entryItems = new Int32Array(NEIGHBOURS);
  readonly #entryScores = new Float32Array(NEIGHBOURS);
  readonly #before: Expected = { items: this.#items, from: 0, count: 0 };

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  /** Number of an item's neighbours; 0 where none are known. Neighbour `rank` is at `item * NEIGHBOURS + rank`, best first. */
  count(item: number): number {
    return this.#counts[item] ?? 0;
  }

  /** Valid until the next change. */
  get items(): Int32Array {
    return this.#items;
  }

  get scores(): Float32Array {
    return this.#scores;
  }

  apply(key: string, bytes: Uint8Array | undefined): void {
    const item = this.#ids.ofText(key);
    if (item >= this.#counts.length) this.#grow(2 * item);
    if (bytes === undefined) {
      this.#counts[item] = 0;
      return;
    }
    const count = bytes[1]!;
    if (bytes[0] !== VERSION || count > NEIGHBOURS)
      throw new EngineError('STATE_FORMAT_UNKNOWN', 'neighbours of another format');
    const from = item * NEIGHBOURS;
    // Most of them were there before, in nearly the same order.
    const before = this.#before;
    before.items = this.#items;
    before.from = from;
    before.count = this.#counts[item]!;
    readEntries(bytes, HEADER_BYTES, count, this.#ids, this.#entryItems, this.#entryScores, before);
    for (let rank = 0; rank < count; rank++) {
      this.#items[from + rank] = this.#entryItems[rank]!;
      this.#scores[from + rank] = this.#entryScores[rank]!;
    }
    this.#counts[item] = count;
  }

  #grow(capacity: number): void {
    const items = new Int32Array(capacity * NEIGHBOURS);
    const scores = new Float32Array(capacity * NEIGHBOURS);
    const counts = new Uint8Array(capacity);
    items.set(this.#items);
    scores.set(this.#scores);
    counts.set(this.#counts);
    this.#items = items;
    this.#scores = scores;
    this.#counts = counts;
  }
}

export const neighboursSerde: Serde<Uint8Array> = {
  serialize: (bytes) => bytes,
  // What the reader hands out is a part of a large answer.
  deserialize: (bytes) => Buffer.from(bytes),
};

/** Collects one item's neighbours, best first. */
export class NeighboursWriter {
  readonly #ids: ItemIds;
  readonly #bytes = Buffer.alloc(HEADER_BYTES + NEIGHBOURS * MAX_ENTRY_BYTES);
  #end = HEADER_BYTES;
  #count = 0;

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  add(item: number, score: number): void {
    this.#end = writeEntry(this.#bytes, this.#end, this.#ids, item, score);
    this.#count += 1;
  }

  /** A copy. The writer is empty again. */
  take(): Uint8Array {
    this.#bytes[0] = VERSION;
    this.#bytes[1] = this.#count;
    const bytes = Buffer.allocUnsafe(this.#end);
    this.#bytes.copy(bytes, 0, 0, this.#end);
    this.#end = HEADER_BYTES;
    this.#count = 0;
    return bytes;
  }
}
