// F1: next items from the co-occurrence rows of a visitor's newest items, with a bonus for what is in the session already.
//
//   R(j) = Σ_i w_i · (f_ij + 0.6 b_ij) / ((F_i + 0.6 B_i + 20)^0.75 · (n_j + 20)^0.5),   w_i = 0.6^back of i
//   score(j) = R(j) / max R + 0.7^back of j, if j is in the session
//
// over distinct items i, newest first, back < 12. Ours: when the session is short, items of earlier sessions follow at half
// the weight and without bonus. All masses are brought to the list's time before the constants are added, because scores with
// shrinkage do not keep their order under decay.

import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import { type ListTimes, OTHER_PARTS, type RelatedScorer } from './related-scorer.ts';

/** Weight of the pair "partner came before" against "partner came after". */
export const BACKWARD_WEIGHT = 0.6;
/** How much less each older item of the query counts. */
export const RECENCY_BASE = 0.6;
/** How much less each older item of the session is expected to be seen again. */
export const REPEAT_BASE = 0.7;
/**
 * Items of a query: the 12 newest carry 99.8 % of the weight (0.6^12 = 0.002). Twenty, as in the trial that the formula is from,
 * cost a third more per list (206 against 150 µs).
 */
export const QUERY_ITEMS = 12;
/** What items of earlier sessions count against those of the session. */
export const EARLIER_SESSION_WEIGHT = 0.5;
/** Interactions that a pair's evidence is shrunk by: rare items do not win by chance. */
export const SHRINKAGE = 20;

/** Below this a share of mass is nothing, also after a division: a score of 0 says that an item is no candidate. */
const SMALLEST_MASS = 1e-200;

/** An item of the query. A query holds distinct items, newest first. */
export interface QueryItem {
  readonly denseId: number;
  /** `undefined` where the item has no published row: it can only be repeated. */
  readonly record: NeighbourRecord | undefined;
  /** w_i, more than 0. */
  readonly weight: number;
  /** What the item itself gets for being in the session; 0 for one of an earlier session. */
  readonly repeatBonus: number;
  /** Interactions with it in the session; 0 for one of an earlier session. */
  readonly times: number;
}

/** Weight and bonus of the query item at `back` (0 is the newest) with so many interactions in the session, 0 if it is an earlier one's. */
export function queryWeights(back: number, times: number): Pick<QueryItem, 'weight' | 'repeatBonus' | 'times'> {
  const weight = RECENCY_BASE ** back;
  return times > 0
    ? { weight, repeatBonus: REPEAT_BASE ** back, times }
    : { weight: weight * EARLIER_SESSION_WEIGHT, repeatBonus: 0, times };
}

/** Scores by {@link RelatedScorer}: more than 0 for all that are touched. */
export class F1Scorer implements RelatedScorer {
  readonly algorithm = 'f1-1';
  readonly #index: ItemIndex;
  scores = new Float64Array(0);
  touched = new Int32Array(0);
  touchedCount = 0;
  #slots = new Int32Array(0);
  /** max R. */
  #highest = 1;
  /** What brings the masses of each query item's row to its share of R, but for the candidate's norm. */
  readonly #scales: number[] = [];

  constructor(index: ItemIndex) {
    this.#index = index;
  }

  score(query: readonly QueryItem[], { atMs }: ListTimes): void {
    for (const item of query) if (item.record !== undefined) this.#index.partnersOf(item.record);
    this.#begin();
    const { n, halfLifeMs } = this.#index;
    const itemFactor = this.#index.factorAt(atMs);
    const { scores, touched } = this;
    let count = 0;
    for (let source = 0; source < query.length; source++) {
      const { record, weight } = query[source]!;
      if (record === undefined) continue;
      const rowFactor = 2 ** ((record.landmarkMs - atMs) / halfLifeMs);
      const scale = weight * rowFactor * sourceNorm(record, rowFactor);
      this.#scales[source] = scale;
      const { f, b } = record;
      const partners = this.#index.partnersOf(record);
      for (let k = 0; k < partners.length; k++) {
        const mass = scale * (f[k]! + BACKWARD_WEIGHT * b[k]!);
        if (!(mass > SMALLEST_MASS)) continue;
        const candidate = partners[k]!;
        const before = scores[candidate]!;
        if (before === 0) touched[count++] = candidate;
        scores[candidate] = before + mass;
      }
    }
    // What depends on the candidate alone comes once for each candidate, not for each pair: 1,280 pairs have some 800 candidates.
    let highest = 0;
    for (let i = 0; i < count; i++) {
      const candidate = touched[i]!;
      const related = scores[candidate]! / Math.sqrt(n[candidate]! * itemFactor + SHRINKAGE);
      scores[candidate] = related;
      if (related > highest) highest = related;
    }
    if (highest === 0) highest = 1;
    for (let i = 0; i < count; i++) scores[touched[i]!]! /= highest;
    this.#highest = highest;
    this.touchedCount = count;
    for (const { denseId, repeatBonus } of query) {
      if (repeatBonus <= 0) continue;
      if (scores[denseId] === 0) this.touched[this.touchedCount++] = denseId;
      scores[denseId]! += repeatBonus;
    }
  }

  parts(candidates: Int32Array, query: readonly QueryItem[], { atMs }: ListTimes): Float64Array {
    const width = query.length + OTHER_PARTS.length;
    const parts = new Float64Array(candidates.length * width);
    const slots = this.#slots;
    const { n } = this.#index;
    const itemFactor = this.#index.factorAt(atMs);
    const norms = new Float64Array(candidates.length);
    for (let k = 0; k < candidates.length; k++) {
      const candidate = candidates[k]!;
      slots[candidate] = k + 1;
      norms[k] = Math.sqrt(n[candidate]! * itemFactor + SHRINKAGE) * this.#highest;
    }
    for (let source = 0; source < query.length; source++) {
      const { record, denseId, repeatBonus } = query[source]!;
      const own = slots[denseId]!;
      if (own > 0) parts[(own - 1) * width + query.length]! += repeatBonus;
      if (record === undefined) continue;
      const scale = this.#scales[source]!;
      const { f, b } = record;
      const partners = this.#index.partnersOf(record);
      for (let k = 0; k < partners.length; k++) {
        const slot = slots[partners[k]!]!;
        if (slot === 0) continue;
        const mass = scale * (f[k]! + BACKWARD_WEIGHT * b[k]!);
        if (mass > SMALLEST_MASS) parts[(slot - 1) * width + source]! += mass / norms[slot - 1]!;
      }
    }
    for (let k = 0; k < candidates.length; k++) slots[candidates[k]!] = 0;
    return parts;
  }

  #begin(): void {
    for (let i = 0; i < this.touchedCount; i++) this.scores[this.touched[i]!] = 0;
    this.touchedCount = 0;
    const size = this.#index.size;
    if (this.scores.length >= size) return;
    const capacity = Math.max(1024, size * 2);
    this.scores = new Float64Array(capacity);
    this.touched = new Int32Array(capacity);
    this.#slots = new Int32Array(capacity);
  }
}

function sourceNorm(record: NeighbourRecord, rowFactor: number): number {
  return (rowFactor * (record.forward + BACKWARD_WEIGHT * record.backward) + SHRINKAGE) ** -0.75;
}
