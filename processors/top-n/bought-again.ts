// What a visitor may buy again, where a shop's goods are such: the lines of the orders that the profile still has receipts of.
//
//   weight(j) = √(r_j + 1) · Σ 0.9^back over the orders that hold j (back 0 is the newest),   r_j: what others do with j these days
//
// So what is bought every time is in front, if it still sells: goods come and go with the season. The heaviest gains the full share of the
// list's best score, and a small part of that while the visitor is choosing: what goes with the basket then says more.

import { type Candidate, NO_PARTS, namePart } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import type { CandidateSource, ListQuery } from './pipeline.ts';

/** What each older order counts less. */
const ORDER_BASE = 0.9;
/** Interactions that are added to what others do: an item that nobody else buys is bought again all the same. */
const LEAST_RECENT = 1;
/** Part of the share that is left while the visitor is choosing. */
const CHOOSING_SHARE = 0.08;

/** Brings bought items, and adds to their scores. To be asked after the sources whose best score is the measure. */
export class BoughtAgain implements CandidateSource {
  readonly #index: ItemIndex;
  readonly #tuningOf: TuningOf;

  constructor(index: ItemIndex, tuningOf: TuningOf) {
    this.#index = index;
    this.#tuningOf = tuningOf;
  }

  add(candidates: Candidate[], query: ListQuery): void {
    const { boughtAgainWeight } = this.#tuningOf(query.definition);
    if (boughtAgainWeight === 0) return;
    const weights = this.#weights(query);
    let heaviest = 0;
    for (const weight of weights.values()) heaviest = Math.max(heaviest, weight);
    let best = 0;
    for (const { score } of candidates) best = Math.max(best, score);
    const share = isChoosing(query) ? CHOOSING_SHARE * boughtAgainWeight : boughtAgainWeight;
    const scale = (share * (best || 1)) / heaviest;
    const known = new Map(candidates.map((candidate) => [candidate.denseId, candidate]));
    for (const [denseId, weight] of weights) {
      if (!this.#index.isAvailable(denseId, query.times.shownAtMs)) continue;
      let candidate = known.get(denseId);
      if (candidate === undefined) {
        candidate = { denseId, id: this.#index.textOf(denseId)!, score: 0, relatedWeight: 0, extra: NO_PARTS };
        candidates.push(candidate);
      }
      const part = scale * weight;
      candidate.score += part;
      namePart(candidate, { kind: 'repeat', part });
    }
  }

  /** By dense id. */
  #weights({ profile, blocked, times }: ListQuery): Map<number, number> {
    const weights = new Map<number, number>();
    const { receipts } = profile;
    for (let back = 0; back < receipts.length; back++) {
      for (const { item, quantityLeft } of receipts[receipts.length - 1 - back]!.lines) {
        if (quantityLeft === 0 || blocked.has(item)) continue;
        const denseId = this.#index.internText(item);
        if (denseId !== undefined) weights.set(denseId, (weights.get(denseId) ?? 0) + ORDER_BASE ** back);
      }
    }
    const { recent } = this.#index;
    const factor = this.#index.recentFactorAt(times.atMs);
    for (const [denseId, weight] of weights)
      weights.set(denseId, weight * Math.sqrt(recent[denseId]! * factor + LEAST_RECENT));
    return weights;
  }
}

/** Whether something in the visitor's session has not been bought. */
function isChoosing({ evidence }: ListQuery): boolean {
  return evidence.some(({ kind, times }) => times > 0 && kind !== 'bought');
}
