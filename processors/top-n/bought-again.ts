// What a visitor may buy again, where a shop's goods are such: the lines of the orders that the profile still has receipts of. An item's
// weight is the sum of 0.8^back over the orders that hold it (0 is the newest), so what is bought every time is in front; the heaviest
// gains the full share of the list's best score.

import type { Candidate } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import type { CandidateSource, ListQuery } from './pipeline.ts';

const ORDER_BASE = 0.8;

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
    const scale = (boughtAgainWeight * (best || 1)) / heaviest;
    const known = new Map(candidates.map((candidate) => [candidate.denseId, candidate]));
    for (const [itemId, weight] of weights) {
      const denseId = this.#index.internText(itemId);
      if (denseId === undefined || !this.#index.isShown(denseId, itemId, query.times.shownAtMs)) continue;
      let candidate = known.get(denseId);
      if (candidate === undefined) {
        candidate = { denseId, id: itemId, score: 0, relatedWeight: 0, extra: [] };
        candidates.push(candidate);
      }
      const part = scale * weight;
      candidate.score += part;
      candidate.extra.push({ kind: 'repeat', part });
    }
  }

  #weights({ profile, blocked }: ListQuery): Map<string, number> {
    const weights = new Map<string, number>();
    const { receipts } = profile;
    for (let back = 0; back < receipts.length; back++) {
      for (const { item, quantityLeft } of receipts[receipts.length - 1 - back]!.lines) {
        if (quantityLeft > 0 && !blocked.has(item)) weights.set(item, (weights.get(item) ?? 0) + ORDER_BASE ** back);
      }
    }
    return weights;
  }
}
