// The entries of all rows of a record of pair deltas, in four arrays. Arrays of each row's own were an eighth of what a backlog left to
// V8's full collections: a typed array of three numbers takes over 200 bytes, and a record has thousands of rows.

/** What rows get of their partners: a row's entries lie next to each other, at the same places of all arrays. */
export interface PairEntries {
  /** Numbers of the partners among the record's items; of a row each once. */
  readonly partners: Int32Array;
  readonly f: Float64Array;
  readonly b: Float64Array;
  readonly o: Float64Array;
}

const INITIAL_CAPACITY = 1024;

/** Collects the entries of one record after the other, in memory that it keeps. */
export class EntryCollector {
  #partners = new Int32Array(INITIAL_CAPACITY);
  #f = new Float64Array(INITIAL_CAPACITY);
  #b = new Float64Array(INITIAL_CAPACITY);
  #o = new Float64Array(INITIAL_CAPACITY);
  #size = 0;

  /** Entries since the last `clear`. */
  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#size = 0;
  }

  add(partner: number, f: number, b: number, o: number): void {
    if (this.#size === this.#partners.length) this.#grow();
    const entry = this.#size++;
    this.#partners[entry] = partner;
    this.#f[entry] = f;
    this.#b[entry] = b;
    this.#o[entry] = o;
  }

  /** A copy of what has been collected. */
  entries(): PairEntries {
    const size = this.#size;
    return {
      partners: this.#partners.slice(0, size),
      f: this.#f.slice(0, size),
      b: this.#b.slice(0, size),
      o: this.#o.slice(0, size),
    };
  }

  #grow(): void {
    const { partners, f, b, o } = this.entries();
    const capacity = 2 * this.#size;
    this.#partners = new Int32Array(capacity);
    this.#f = new Float64Array(capacity);
    this.#b = new Float64Array(capacity);
    this.#o = new Float64Array(capacity);
    this.#partners.set(partners);
    this.#f.set(f);
    this.#b.set(b);
    this.#o.set(o);
  }
}
