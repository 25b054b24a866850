// The vectors nearest to one, by cosine. Up to a few thousand of them all are compared; beyond that a graph finds nearly all of
// the nearest (HNSW: Malkov, Yashunin, TPAMI 2020; the library usearch). See docs/adr/0009-nearest-content.md.
//
// What is found among few vectors is a function of the vectors. What the graph finds depends also on the order in which they came.

import { Index, MetricKind, ScalarKind } from 'usearch';
import { length } from './content-vector.ts';
import { type IsBefore, insertNeighbour, type Neighbour } from './neighbour-list.ts';

/**
 * Up to so many vectors all are compared: 0.3 ms, once for an item whose nearest are kept, and exact. Asking the graph takes a quarter
 * of that.
 */
const COMPARED = 2048;
/** Edges of a node. */
const CONNECTIVITY = 16;
/** Nodes looked at when a vector is added and when one is asked for. */
const EXPANSION = 64;
/** Asked for, for each that is wanted: the graph rounds, and those that it gives are compared again. At 1 a tenth is missed. */
const ASKED_FOR_EACH = 2;

/** Vectors by number. */
export class NearestVectors {
  readonly #dimensions: number;
  readonly #compared: number;
  readonly #vectors = new Map<number, { readonly vector: Int8Array; readonly length: number }>();
  #graph: Index | undefined;

  /** @param compared most vectors that are all compared. */
  constructor(dimensions: number, compared = COMPARED) {
    this.#dimensions = dimensions;
    this.#compared = compared;
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
    if (this.#vectors.delete(number)) this.#graph?.remove(BigInt(number));
    if (vector === undefined) return;
    this.#vectors.set(number, { vector, length: length(vector) });
    if (this.#graph !== undefined) this.#graph.add(BigInt(number), vector, 1);
    else if (this.#vectors.size > this.#compared) this.#graph = this.#built();
  }

  /** The numbers of the `count` nearest to a vector, nearest first; those equally near in order of `isBefore`. */
  nearest(to: Int8Array, count: number, isBefore: IsBefore): Neighbour[] {
    const near: Neighbour[] = [];
    const own = length(to);
    const offer = (number: number) => insertNeighbour(near, count, this.#neighbour(number, to, own), isBefore);
    if (this.#graph === undefined) for (const number of this.#vectors.keys()) offer(number);
    else for (const key of this.#graph.search(to, ASKED_FOR_EACH * count, 1).keys) offer(Number(key));
    return near;
  }

  #neighbour(number: number, to: Int8Array, ownLength: number): Neighbour {
    const known = this.#vectors.get(number)!;
    return { number, cosine: dot(known.vector, to) / (known.length * ownLength || 1) };
  }

  #built(): Index {
    const graph = new Index({
      dimensions: this.#dimensions,
      metric: MetricKind.Cos,
      quantization: ScalarKind.I8,
      connectivity: CONNECTIVITY,
      expansion_add: EXPANSION,
      expansion_search: EXPANSION,
      multi: false,
    });
    for (const [number, { vector }] of this.#vectors) graph.add(BigInt(number), vector, 1);
    return graph;
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
