// The candidates that are related to what the visitor dealt with, by one of the scorers.

import { type Candidate, NO_PARTS } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import type { RelatedScorer } from '../scoring/related-scorer.ts';
import { TopK } from '../scoring/top-k.ts';
import type { CandidateSource, ListQuery } from './pipeline.ts';

/** Brings the best related items. */
export class RelatedItems implements CandidateSource {
  readonly #index: ItemIndex;
  readonly #top: TopK;
  #order = new Int32Array(0);
  /** What scores; to be chosen before {@link add}. */
  scorer: RelatedScorer;

  constructor(index: ItemIndex, scorer: RelatedScorer) {
    this.#index = index;
    this.#top = new TopK((denseId) => index.textOf(denseId));
    this.scorer = scorer;
  }

  add(candidates: Candidate[], { evidence, blocked, times, reach, sources }: ListQuery): void {
    const { scorer } = this;
    scorer.score(evidence, times, sources);
    const k = reach + blocked.size;
    if (this.#order.length < k) this.#order = new Int32Array(2 * k);
    this.#top.clear(k);
    const { scores, touched, touchedCount } = scorer;
    let threshold = this.#top.threshold;
    for (let i = 0; i < touchedCount; i++) {
      const denseId = touched[i]!;
      const score = scores[denseId]!;
      if (score < threshold || !this.#index.isAvailable(denseId, times.shownAtMs)) continue;
      this.#top.offer(denseId, score);
      threshold = this.#top.threshold;
    }
    const count = this.#top.drain(this.#order);
    for (let i = 0; i < count && candidates.length < reach; i++) {
      const denseId = this.#order[i]!;
      const id = this.#index.textOf(denseId)!;
      if (!blocked.has(id)) candidates.push({ denseId, id, score: scores[denseId]!, extra: NO_PARTS });
    }
  }

  /** Score of an item for the query that was scored last, 0 where it is not related. */
  scoreOf(denseId: number): number {
    return this.scorer.scores[denseId] ?? 0;
  }
}
