// A hash table from ordered pairs of small numbers to three sums, made for one micro-batch after another: open addressing with
// linear probing over typed arrays, so that adding allocates nothing.
//
// Invariant: entries keep the order of their first addition, which only depends on the events: what is read out of the table is
// the same in every run.

import { addSigned } from '../decay.ts';

const INITIAL_CAPACITY = 1024;

/** Sums by ordered pair. */
export class PairTable {
  /** First and second numbers of the entries, by entry. Replaced when the table grows: do not keep. */
  first = new Int32Array(INITIAL_CAPACITY);
  second = new Int32Array(INITIAL_CAPACITY);
  /** The three sums of the entries. */
  readonly sums: [Float64Array, Float64Array, Float64Array] = [
    new Float64Array(INITIAL_CAPACITY),
    new Float64Array(INITIAL_CAPACITY),
    new Float64Array(INITIAL_CAPACITY),
  ];
  #size = 0;
  /** Entry + 1 by slot, 0 where free; twice as many slots as entries at least. */
  #slots = new Int32Array(2 * INITIAL_CAPACITY);

  /** Number of entries: they run from 0 to `size - 1`. */
  get size(): number {
    return this.#size;
  }

  /** Adds to the sum `which` of a pair and returns the entry. Rounding errors of a taking-back become 0. */
  add(first: number, second: number, which: 0 | 1 | 2, amount: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(first, second) & mask;
    for (;;) {
      const entry = this.#slots[slot]! - 1;
      if (entry < 0) break;
      if (this.first[entry] === first && this.second[entry] === second) {
        const sums = this.sums[which];
        sums[entry] = addSigned(sums[entry]!, amount);
        return entry;
      }
      slot = (slot + 1) & mask;
    }
    if (this.#size === this.first.length) {
      this.#grow();
      return this.add(first, second, which, amount);
    }
    const entry = this.#size++;
    this.#slots[slot] = entry + 1;
    this.first[entry] = first;
    this.second[entry] = second;
    for (const sums of this.sums) sums[entry] = 0;
    this.sums[which][entry] = amount;
    return entry;
  }

  /** Forgets all entries. Slots shrink after a batch that used few of them: clearing must not cost more than the batch. */
  clear(): void {
    if (this.#slots.length > 4 * INITIAL_CAPACITY && this.#size < this.#slots.length / 16) {
      this.#allocate(Math.max(INITIAL_CAPACITY, this.first.length / 4));
    } else {
      this.#slots.fill(0);
    }
    this.#size = 0;
  }

  /** Entries with the same first number, in their order: `starts[i]` to `starts[i + 1]` of `entries` are those of `i`. */
  byFirst(numbers: number): { readonly starts: Int32Array; readonly entries: Int32Array } {
    const starts = new Int32Array(numbers + 1);
    for (let entry = 0; entry < this.#size; entry++) {
      const next = this.first[entry]! + 1;
      starts[next] = starts[next]! + 1;
    }
    for (let i = 0; i < numbers; i++) starts[i + 1] = starts[i + 1]! + starts[i]!;
    const ends = starts.slice();
    const entries = new Int32Array(this.#size);
    for (let entry = 0; entry < this.#size; entry++) {
      const number = this.first[entry]!;
      entries[ends[number]!] = entry;
      ends[number] = ends[number]! + 1;
    }
    return { starts, entries };
  }

  #grow(): void {
    const { first, second } = this;
    const sums = [...this.sums];
    this.#allocate(2 * first.length);
    this.first.set(first);
    this.second.set(second);
    for (let which = 0; which < 3; which++) this.sums[which]!.set(sums[which]!);
    const mask = this.#slots.length - 1;
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = hashOf(this.first[entry]!, this.second[entry]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = entry + 1;
    }
  }

  #allocate(capacity: number): void {
    this.first = new Int32Array(capacity);
    this.second = new Int32Array(capacity);
    for (let which = 0; which < 3; which++) this.sums[which] = new Float64Array(capacity);
    this.#slots = new Int32Array(2 * capacity);
  }
}

/** Numbers come in runs, so every bit has to reach the low ones (steps of MurmurHash3's finish). */
function hashOf(first: number, second: number): number {
  let mixed = Math.imul(first, 0x9e3779b1) + second;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
