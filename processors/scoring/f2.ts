// F2: the candidates of gatherer.ts, scored with fixed weights:
//
//   score(j) = R/max R + 0.9 W/max W + 0.3 cos(q, c_j) + 1.3/(1 + back) if j is in the session

import type { ItemIndex } from '../item-index.ts';
import type { QueryItem } from './f1.ts';
import { CANDIDATES, type Gatherer } from './gatherer.ts';
import { type ListTimes, OTHER_PARTS, type RelatedScorer, type RowSource } from './related-scorer.ts';

const HOP_WEIGHT = 0.9;
const COSINE_WEIGHT = 0.3;
const REPEAT_WEIGHT = 1.3;

/** Scores by {@link RelatedScorer}. */
export class F2Scorer implements RelatedScorer {
  readonly algorithm = 'f2-1';
  readonly #index: ItemIndex;
  readonly #gatherer: Gatherer;
  scores = new Float64Array(0);
  touched = new Int32Array(CANDIDATES);
  touchedCount = 0;

  /** @param gatherer may be shared with another scorer, but not while a query is asked about. */
  constructor(index: ItemIndex, gatherer: Gatherer) {
    this.#index = index;
    this.#gatherer = gatherer;
  }

  score(query: readonly QueryItem[], times: ListTimes, rows: RowSource): void {
    const gatherer = this.#gatherer;
    for (let i = 0; i < this.touchedCount; i++) this.scores[this.touched[i]!] = 0;
    gatherer.gather(query, times, rows);
    if (this.scores.length < this.#index.size) this.scores = new Float64Array(2 * this.#index.size);
    const { count, candidates, related, secondHop, cosine, back } = gatherer;
    for (let c = 0; c < count; c++) {
      const candidate = candidates[c]!;
      this.touched[c] = candidate;
      this.scores[candidate] =
        related[c]! + HOP_WEIGHT * secondHop[c]! + COSINE_WEIGHT * cosine[c]! + repeatBonus(back[c]!);
    }
    this.touchedCount = count;
  }

  parts(candidates: Int32Array, query: readonly QueryItem[], { atMs }: ListTimes): Float64Array {
    const gatherer = this.#gatherer;
    const sources = query.length;
    const width = sources + OTHER_PARTS.length;
    const parts = new Float64Array(candidates.length * width);
    const numbers = candidates.map((denseId) => gatherer.numberOf(denseId));
    const shares = gatherer.shares(candidates, query, atMs);
    for (let k = 0; k < candidates.length; k++) {
      // What came from elsewhere has no score here, and so no parts.
      if (numbers[k]! < 0) continue;
      for (let i = 0; i < sources; i++) {
        const at = k * sources + i;
        parts[k * width + i] =
          shares.related[at]! + HOP_WEIGHT * shares.secondHop[at]! + COSINE_WEIGHT * shares.cosine[at]!;
      }
      parts[k * width + sources] = repeatBonus(gatherer.back[numbers[k]!]!);
    }
    return parts;
  }
}

function repeatBonus(back: number): number {
  return back < 0 ? 0 : REPEAT_WEIGHT / (1 + back);
}
