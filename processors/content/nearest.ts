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
 * Up to so many vectors all are compared one by one: 0.3 ms, once for an item whose nearest are kept, and exact. Asking the graph takes a
 * quarter of that.
 */
const COMPARED = 2048;
/** Edges of a node. */
const CONNECTIVITY = 16;
/** Nodes looked at when a vector is added and when one is asked for. */
const EXPANSION = 64;
/** Asked for, for each that is wanted: the graph rounds, and those that it gives are compared again. At 1 a tenth is missed. */
const ASKED_FOR_EACH = 2;

/** How the nearest of many vectors are found: `compared` with all of them, or through a `graph`, which is faster and misses some. */
export type Finding = 'compared' | 'graph';

/** Vectors by number. */
export class NearestVectors {
  readonly #dimensions: number;
  readonly #finding: Finding;
  readonly #few: number;
  readonly #vectors = new Map<number, { readonly vector: Int8Array; readonly length: number }>();
  #graph: Index | undefined;
  #block: ComparedVectors | undefined;

  /** @param few most vectors that are compared one by one. */
  constructor(dimensions: number, finding: Finding, few = COMPARED) {
    this.#dimensions = dimensions;
    this.#finding = finding;
    this.#few = few;
  }

  get size(): number {
    return this.#vectors.size;
  }

  vectorOf(number: number): Int8Array | undefined {
    return this.#vectors.get(number)?.vector;
  }

  /** Euclidean length of a vector; 0 where there is none. */
  lengthOf(number: number): number {
    return this.#vectors.get(number)?.length ?? 0;
  }

  /** Cosine of the angle between two vectors; 0 where one is missing. */
  cosine(one: number, other: number): number {
    const first = this.#vectors.get(one);
    return first === undefined || !this.#vectors.has(other)
      ? 0
      : this.#neighbour(other, first.vector, first.length).cosine;
  }

  /** Takes a vector in, or in the place of the number's own; `undefined` takes that out. It counts at once. */
  set(number: number, vector: Int8Array | undefined): void {
    if (this.#vectors.delete(number)) {
      this.#graph?.remove(BigInt(number));
      this.#block?.remove(number);
    }
    if (vector === undefined) return;
    this.#vectors.set(number, { vector, length: length(vector) });
    if (this.#graph !== undefined) this.#graph.add(BigInt(number), vector, 1);
    else if (this.#block !== undefined) this.#block.add(number, vector);
    else if (this.#vectors.size > this.#few) this.#build();
  }

  /** The numbers of the `count` nearest to a vector, nearest first; those equally near in order of `isBefore`. */
  nearest(to: Int8Array, count: number, isBefore: IsBefore): Neighbour[] {
    const near: Neighbour[] = [];
    const own = length(to);
    for (const number of this.#candidates(to, own, count))
      insertNeighbour(near, count, this.#neighbour(number, to, own), isBefore);
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
    return this.#block?.nearest(to, count, cosineOf) ?? this.#vectors.keys();
  }

  #neighbour(number: number, to: Int8Array, ownLength: number): Neighbour {
    const known = this.#vectors.get(number)!;
    return { number, cosine: dot(known.vector, to) / (known.length * ownLength || 1) };
  }

  #build(): void {
    if (this.#finding === 'compared') {
      this.#block = new ComparedVectors(this.#dimensions);
      for (const [number, { vector }] of this.#vectors) this.#block.add(number, vector);
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
    for (const [number, { vector }] of this.#vectors) this.#graph.add(BigInt(number), vector, 1);
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
