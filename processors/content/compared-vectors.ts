// Vectors of bytes in one block, to compare one with all of them: 128 dimensions of 20,000 take usearch 1.1 ms, where a loop over them
// takes 5.
//
// usearch rounds cosines to binary32 and tells equally near ones apart by their places in the block, which depend on the order in which
// they came. So what it finds is compared again in full, and counts only where the rounding cannot have kept another one out.

import { exactSearch, MetricKind } from 'usearch';

const INITIAL_VECTORS = 64;
/** More than what a cosine in binary32 is wrong by. */
const ROUNDING = 1e-4;

/** Vectors by number. */
export class ComparedVectors {
  readonly #dimensions: number;
  /** Number of the vector in each place. */
  readonly #numbers: number[] = [];
  readonly #places = new Map<number, number>();
  #block: Int8Array;

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#block = new Int8Array(INITIAL_VECTORS * dimensions);
  }

  /** Takes a vector in under a number that has none. */
  add(number: number, vector: Int8Array): void {
    const place = this.#numbers.length;
    const end = (place + 1) * this.#dimensions;
    if (end > this.#block.length) {
      const larger = new Int8Array(2 * end);
      larger.set(this.#block);
      this.#block = larger;
    }
    this.#block.set(vector, end - this.#dimensions);
    this.#numbers.push(number);
    this.#places.set(number, place);
  }

  /** Takes out the vector of a number that has one. */
  remove(number: number): void {
    const place = this.#places.get(number)!;
    const last = this.#numbers.length - 1;
    const moved = this.#numbers[last]!;
    this.#block.copyWithin(place * this.#dimensions, last * this.#dimensions, (last + 1) * this.#dimensions);
    this.#numbers[place] = moved;
    this.#numbers.pop();
    this.#places.set(moved, place);
    this.#places.delete(number);
  }

  /**
   * Numbers among which the `count` nearest to a vector are for certain; `undefined` where so many are equally near that nobody can tell.
   * @param cosineOf cosine of the vector of a number.
   */
  nearest(to: Int8Array, count: number, cosineOf: (number: number) => number): readonly number[] | undefined {
    const asked = 2 * count;
    if (asked >= this.#numbers.length) return this.#numbers;
    const block = this.#block.subarray(0, this.#numbers.length * this.#dimensions);
    // A copy: of a query that lies within a larger buffer usearch reads the buffer's beginning.
    const { keys } = exactSearch(block, to.slice(), this.#dimensions, asked, MetricKind.Cos, 1);
    const numbers = Array.from(keys as BigUint64Array, (place) => this.#numbers[Number(place)]!);
    const cosines = numbers.map(cosineOf).sort((a, b) => b - a);
    return cosines[count - 1]! - cosines[asked - 1]! > ROUNDING ? numbers : undefined;
  }
}
