// A histogram with buckets that grow by a constant factor: any quantile is known within that factor, whatever the range, in a
// fixed number of bytes. The idea is that of DDSketch (Masson, Rim, Lee, VLDB 2019), with a fixed range instead of a sparse one.

/** Neighbouring bucket bounds differ by 5 %, so a quantile is off by 2.5 % at most. */
const GROWTH = 1.05;
const LOG_GROWTH = Math.log(GROWTH);
/** Smallest value told from 0: a microsecond where the unit is the second. */
const SMALLEST = 1e-6;
/** Up to SMALLEST·1.05^600, about 5e6. */
const BUCKETS = 600;

export class LogHistogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;

  /** Takes a value of 0 or more, so many times; a negative one counts as 0. */
  record(value: number, times = 1): void {
    const index = value <= SMALLEST ? 0 : Math.ceil(Math.log(value / SMALLEST) / LOG_GROWTH);
    const bucket = Math.min(index, BUCKETS - 1);
    this.#buckets[bucket] = this.#buckets[bucket]! + times;
    this.#count += times;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds another histogram's values. */
  merge(other: LogHistogram): void {
    for (let i = 0; i < BUCKETS; i++) this.#buckets[i] = this.#buckets[i]! + other.#buckets[i]!;
    this.#count += other.#count;
  }

  /** The value below which a share `q` (0 to 1) of all values lies; `undefined` when there are none. */
  quantile(q: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#buckets[i]!;
      if (seen >= rank) return i === 0 ? 0 : SMALLEST * GROWTH ** (i - 0.5);
    }
    return undefined;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.#count = 0;
  }
}
