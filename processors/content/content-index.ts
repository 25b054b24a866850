// The contents of the shop's items, per instance: a vector by dense id and, for items that lists are made from, the items nearest to
// them. A view over the global store `catalog`.
//
// What is nearest to an item is found when it is first asked for and kept. A later change of any item's content is held against
// the kept lists when they are next asked for, so a new item is in them at once and a change costs nothing for items that nobody
// looks at.

import { CONTENT_DIMENSIONS, contentOfText } from './content-vector.ts';
import { type Finding, NearestVectors } from './nearest.ts';
import { nearness } from './nearness.ts';
import { type IsBefore, insertNeighbour, type Neighbour } from './neighbour-list.ts';

/** Nearest items that are kept of an item: with 12 items of a query that makes more candidates than a list has places. */
export const NEAREST_ITEMS = 24;
/** Changes that are held against a kept list; beyond it the nearest are found anew, which costs as much as 500 comparisons. */
const CHANGES = 256;
/** Items whose nearest are kept, 1 kB each; the one found longest ago goes first. */
const KEPT_ITEMS = 20_000;
const SKETCH_WORDS = CONTENT_DIMENSIONS / 32;
/** Cosines up to this, two standard errors of the projection, come by chance for two items that are taken at will. */
const SKETCH_CHANCE = 0.2;
/** Nearness of two contents by the number of signs in which they differ: the angle is π times their share. */
const NEARNESS_BY_DIFFERENCE = Float64Array.from({ length: CONTENT_DIMENSIONS + 1 }, (_, different) =>
  nearness(Math.cos((Math.PI * different) / CONTENT_DIMENSIONS), SKETCH_CHANCE),
);

interface Kept {
  /** Changes of content before the list was made or brought up to date. */
  changes: number;
  readonly nearest: Neighbour[];
}

/** Contents by dense id. */
export class ContentIndex {
  readonly #vectors: NearestVectors;
  readonly #isBefore: IsBefore;
  readonly #kept = new Map<number, Kept>();
  /** Signs of the vectors, a bit for each dimension, by dense id. */
  #sketches = new Int32Array(1024 * SKETCH_WORDS);
  #isSketched = new Uint8Array(1024);
  /** Dense ids of the last changes, a ring. */
  readonly #changed = new Int32Array(CHANGES);
  #changes = 0;
  /** Sums of all vectors and of their lengths, in whole numbers, so that they depend on no order. */
  readonly #sum = new Float64Array(CONTENT_DIMENSIONS);
  #lengths = 0;

  /** @param textOf ids of items: equally near ones are kept in their order. */
  constructor(textOf: (denseId: number) => string | undefined, finding: Finding) {
    this.#vectors = new NearestVectors(CONTENT_DIMENSIONS, finding);
    this.#isBefore = (a, b) => (textOf(a) ?? '') < (textOf(b) ?? '');
  }

  /** Items with a content. */
  get size(): number {
    return this.#vectors.size;
  }

  /** Mean of an item's cosines with all others, each weighed by the length of its vector; 0 where there is no other. */
  meanCosine(denseId: number): number {
    const vector = this.#vectors.vectorOf(denseId);
    if (vector === undefined || this.#vectors.size < 2) return 0;
    const own = this.#vectors.lengthOf(denseId);
    let product = -own * own;
    for (let i = 0; i < CONTENT_DIMENSIONS; i++) product += vector[i]! * this.#sum[i]!;
    return product / (own * (this.#lengths - Math.round(own)));
  }

  /**
   * How near two items' contents are, 0 to 1; 0 where one of them has none. An estimate from the signs of the vectors (Charikar,
   * "Similarity estimation techniques from rounding algorithms", STOC 2002): 10 ns instead of 128 multiplications.
   */
  likeness(one: number, other: number): number {
    const first = one * SKETCH_WORDS;
    const second = other * SKETCH_WORDS;
    if (this.#isSketched[one] !== 1 || this.#isSketched[other] !== 1) return 0;
    let different = 0;
    for (let word = 0; word < SKETCH_WORDS; word++)
      different += ones(this.#sketches[first + word]! ^ this.#sketches[second + word]!);
    return NEARNESS_BY_DIFFERENCE[different]!;
  }

  /** The content of an item as its entry has it was found at start, changed, or (`undefined`) went away. */
  apply(denseId: number, text: string | undefined): void {
    const vector = text === undefined ? undefined : contentOfText(text);
    if (isSame(this.#vectors.vectorOf(denseId), vector)) return;
    this.#total(denseId, -1);
    this.#vectors.set(denseId, vector);
    this.#total(denseId, 1);
    if (vector !== undefined) this.#sketch(denseId, vector);
    else if (denseId < this.#isSketched.length) this.#isSketched[denseId] = 0;
    this.#kept.delete(denseId);
    this.#changed[this.#changes++ % CHANGES] = denseId;
  }

  /** The items nearest to an item's content, nearest first, itself not among them. Not to be changed. */
  nearestTo(denseId: number): readonly Neighbour[] {
    const vector = this.#vectors.vectorOf(denseId);
    if (vector === undefined) return [];
    const known = this.#kept.get(denseId);
    if (known !== undefined && this.#bringUpToDate(denseId, known)) return known.nearest;
    const found = this.nearest(vector, NEAREST_ITEMS + 1);
    const nearest = found.filter(({ number }) => number !== denseId).slice(0, NEAREST_ITEMS);
    this.#kept.delete(denseId);
    if (this.#kept.size === KEPT_ITEMS) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(denseId, { changes: this.#changes, nearest });
    return nearest;
  }

  /** The items nearest to a content, nearest first. */
  nearest(vector: Int8Array, count: number): Neighbour[] {
    return this.#vectors.nearest(vector, count, this.#isBefore);
  }

  #total(denseId: number, sign: 1 | -1): void {
    const vector = this.#vectors.vectorOf(denseId);
    if (vector === undefined) return;
    for (let i = 0; i < CONTENT_DIMENSIONS; i++) this.#sum[i] = this.#sum[i]! + sign * vector[i]!;
    this.#lengths += sign * Math.round(this.#vectors.lengthOf(denseId));
  }

  #sketch(denseId: number, vector: Int8Array): void {
    const first = denseId * SKETCH_WORDS;
    if (first >= this.#sketches.length) {
      const larger = new Int32Array(2 * (first + SKETCH_WORDS));
      larger.set(this.#sketches);
      this.#sketches = larger;
      const flags = new Uint8Array(larger.length / SKETCH_WORDS);
      flags.set(this.#isSketched);
      this.#isSketched = flags;
    }
    for (let word = 0; word < SKETCH_WORDS; word++) {
      let bits = 0;
      for (let bit = 0; bit < 32; bit++) if (vector[word * 32 + bit]! > 0) bits |= 1 << bit;
      this.#sketches[first + word] = bits;
    }
    this.#isSketched[denseId] = 1;
  }

  /** Holds what has changed against a kept list. Returns false where that is more than the ring has, or something left the list. */
  #bringUpToDate(denseId: number, kept: Kept): boolean {
    if (this.#changes - kept.changes > CHANGES) return false;
    for (; kept.changes < this.#changes; kept.changes++) {
      const changed = this.#changed[kept.changes % CHANGES]!;
      if (kept.nearest.some(({ number }) => number === changed)) return false;
      if (changed === denseId || this.#vectors.vectorOf(changed) === undefined) continue;
      const cosine = this.#vectors.cosine(denseId, changed);
      insertNeighbour(kept.nearest, NEAREST_ITEMS, { number: changed, cosine }, this.#isBefore);
    }
    return true;
  }
}

function isSame(one: Int8Array | undefined, other: Int8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.every((value, i) => value === other[i]);
}

/** Number of bits that are set. */
function ones(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
