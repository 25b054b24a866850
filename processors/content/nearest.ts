// The vectors nearest to one, by cosine. Up to a few thousand of them all are compared; beyond that a graph finds nearly all of
// the nearest (HNSW: Malkov, Yashunin, TPAMI 2020; the library usearch). See docs/adr/0009-nearest-content.md.
//
// What the graph finds depends also on the order in which the vectors came, which is another one after a restart. Where all are
// compared, however many they are, what is found is a function of the vectors.

import { Index, MetricKind, ScalarKind } from 'usearch';
import { ComparedVectors } from './compared-vectors.ts';
import { length } from './content-vector.ts';
import { type IsBefore, insertNeighbour, type Neighbour } from './neighbour-list.ts';

/**
 * Up to so many vectors all are compared one by one: 0.3 to 0.5 ms, once for an item whose nearest are kept, and exact. Asking the graph
 * takes a fifth of that.
 */
const COMPARED = 2048;
/** Edges of a node. */
const CONNECTIVITY = 16;
/** Nodes looked at when a vector is added and when one is asked for. */
const EXPANSION = 64;
const INITIAL_NUMBERS = 1024;
/** Asked for, for each that is wanted: the graph rounds, and those that it gives are compared again. At 1 a tenth is missed. */
const ASKED_FOR_EACH = 2;

/** How the nearest of many vectors are found: `compared` with all of them, or through a `graph`, which is faster and misses some. */
export type Finding = 'compared' | 'graph';

/** Vectors by number; numbers are dense. One of nothing but zeros is as none. */
export class NearestVectors {
  readonly #dimensions: number;
  readonly #finding: Finding;
  readonly #few: number;
  /** One behind the other in the order of their numbers. */
  #block: Int8Array;
  /** Euclidean lengths by number; 0 where there is no vector. */
  #lengths = new Float64Array(INITIAL_NUMBERS);
  #size = 0;
  /** Behind the highest number that ever had a vector. */
  #end = 0;
  #graph: Index | undefined;
  #compared: ComparedVectors | undefined;

  /** @param few most vectors that are compared one by one. */
  constructor(dimensions: number, finding: Finding, few = COMPARED) {
    this.#dimensions = dimensions;
    this.#finding = finding;
    this.#few = few;
    this.#block = new Int8Array(INITIAL_NUMBERS * dimensions);
  }

  get size(): number {
    return this.#size;
  }

  /** Not to be changed, and of no use after the next `set`. */
  vectorOf(number: number): Int8Array | undefined {
    const start = number * this.#dimensions;
    return this.lengthOf(number) === 0 ? undefined : this.#block.subarray(start, start + this.#dimensions);
  }

  /** Euclidean length of a vector; 0 where there is none. */
  lengthOf(number: number): number {
    return this.#lengths[number] ?? 0;
  }

  /** Cosine of the angle between two vectors; 0 where one is missing. */
  cosine(one: number, other: number): number {
    const first = this.vectorOf(one);
    return first === undefined || this.lengthOf(other) === 0
      ? 0
      : this.#neighbour(other, first, this.lengthOf(one)).cosine;
  }

  /** Takes a vector in, or in the place of the number's own; `undefined` takes that out. It counts at once. */
  set(number: number, vector: Int8Array | undefined): void {
    if (this.lengthOf(number) !== 0) {
      this.#lengths[number] = 0;
      this.#size--;
      this.#graph?.remove(BigInt(number));
      this.#compared?.remove(number);
    }
    const ofVector = vector === undefined ? 0 : length(vector);
    if (vector === undefined || ofVector === 0) return;
    if (number >= this.#lengths.length) this.#grow(2 * number);
    this.#block.set(vector, number * this.#dimensions);
    this.#lengths[number] = ofVector;
    this.#size++;
    this.#end = Math.max(this.#end, number + 1);
    if (this.#graph !== undefined) this.#graph.add(BigInt(number), vector, 1);
    else if (this.#compared !== undefined) this.#compared.add(number, vector);
    else if (this.#size > this.#few) this.#build();
  }

  /** The numbers of the `count` nearest to a vector, nearest first; those equally near in order of `isBefore`. */
  nearest(to: Int8Array, count: number, isBefore: IsBefore): Neighbour[] {
    const near: Neighbour[] = [];
    const own = length(to);
    for (const number of this.#candidates(to, own, count)) {
      const neighbour = this.#neighbour(number, to, own);
      if (near.length < count || neighbour.cosine >= near[count - 1]!.cosine)
        insertNeighbour(near, count, neighbour, isBefore);
    }
    return near;
  }

  #candidates(to: Int8Array, ownLength: number, count: number): Iterable<number> {
    if (this.#graph !== undefined) {
      const { keys } = this.#graph.search(to, ASKED_FOR_EACH * count, 1);
      const numbers: number[] = [];
      for (let i = 0; i < keys.length; i++) numbers.push(Number(keys[i]));
      return numbers;
    }
    const cosineOf = (number: number) => this.#neighbour(number, to, ownLength).cosine;
    return this.#compared?.nearest(to, count, cosineOf) ?? this.#numbers();
  }

  *#numbers(): Generator<number> {
    for (let number = 0; number < this.#end; number++) if (this.#lengths[number] !== 0) yield number;
  }

  #neighbour(number: number, to: Int8Array, ownLength: number): Neighbour {
    const product = dot(this.#block, number * this.#dimensions, to);
    return { number, cosine: product / (this.#lengths[number]! * ownLength || 1) };
  }

  #build(): void {
    if (this.#finding === 'compared') {
      const compared = new ComparedVectors(this.#dimensions);
      for (const number of this.#numbers()) compared.add(number, this.vectorOf(number)!);
      this.#compared = compared;
      return;
    }
    this.#graph = new Index({
      dimensions: this.#dimensions,
      metric: MetricKind.Cos,
      quantization: ScalarKind.I8,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION,
      expansion_search: EXPANSION,
      multi: false,
    });
    for (const number of this.#numbers()) this.#graph.add(BigInt(number), this.vectorOf(number)!, 1);
  }

  #grow(numbers: number): void {
    const block = new Int8Array(numbers * this.#dimensions);
    block.set(this.#block);
    this.#block = block;
    const lengths = new Float64Array(numbers);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
  }
}

/** Inner product of the vector that begins at a place of the block with one whose dimensions are a multiple of four. In bytes, so 32 bits hold it. */
function dot(block: Int8Array, start: number, to: Int8Array): number {
  // Four sums that do not wait for each other.
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let i = 0, at = start; i < to.length; i += 4, at += 4) {
    first = (first + Math.imul(block[at]!, to[i]!)) | 0;
    second = (second + Math.imul(block[at + 1]!, to[i + 1]!)) | 0;
    third = (third + Math.imul(block[at + 2]!, to[i + 2]!)) | 0;
    fourth = (fourth + Math.imul(block[at + 3]!, to[i + 3]!)) | 0;
  }
  return first + second + third + fourth;
}
