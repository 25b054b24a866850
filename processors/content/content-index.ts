// The contents of the shop's items, per instance: a vector by dense id and, for items that lists are made from, the items nearest to
// them. A view over the global store `catalog`.
//
// What is nearest to an item is found when it is first asked for and kept. A later change of any item's content is held against
// the kept lists when they are next asked for, so a new item is in them at once and a change costs nothing for items that nobody
// looks at.

import { CONTENT_DIMENSIONS, contentOfText } from './content-vector.ts';
import { NearestVectors } from './nearest.ts';
import { type IsBefore, insertNeighbour, type Neighbour } from './neighbour-list.ts';

/** Nearest items that are kept of an item: with 12 items of a query that makes more candidates than a list has places. */
export const NEAREST_ITEMS = 24;
/** Changes that are held against a kept list; beyond it the nearest are found anew, which costs as much as 500 comparisons. */
const CHANGES = 256;
/** Items whose nearest are kept, 1 kB each; the one found longest ago goes first. */
const KEPT_ITEMS = 20_000;

interface Kept {
  /** Changes of content before the list was made or brought up to date. */
  changes: number;
  readonly nearest: Neighbour[];
}

/** Contents by dense id. */
export class ContentIndex {
  readonly #vectors: NearestVectors;
  readonly #isBefore: IsBefore;
  readonly #texts = new Map<number, string>();
  readonly #kept = new Map<number, Kept>();
  /** Dense ids of the last changes, a ring. */
  readonly #changed = new Int32Array(CHANGES);
  #changes = 0;

  /** @param textOf ids of items: equally near ones are kept in their order. */
  constructor(textOf: (denseId: number) => string | undefined, vectors = new NearestVectors(CONTENT_DIMENSIONS)) {
    this.#vectors = vectors;
    this.#isBefore = (a, b) => (textOf(a) ?? '') < (textOf(b) ?? '');
  }

  /** Items with a content. */
  get size(): number {
    return this.#vectors.size;
  }

  /** Vector of an item; `undefined` where nothing says what it is. */
  vectorOf(denseId: number): Int8Array | undefined {
    return this.#vectors.vectorOf(denseId);
  }

  /** Cosine between two items' contents, 0 where one of them has none. */
  similarity(one: number, other: number): number {
    return this.#vectors.cosine(one, other);
  }

  /** The content of an item as its entry has it was found at start, changed, or (`undefined`) went away. */
  apply(denseId: number, text: string | undefined): void {
    if (this.#texts.get(denseId) === text) return;
    if (text === undefined) this.#texts.delete(denseId);
    else this.#texts.set(denseId, text);
    this.#vectors.set(denseId, text === undefined ? undefined : contentOfText(text));
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
