// Has a shop's own model score the candidates, see reranker.ts. What the model makes of a score is a reason of its own, so an item's
// reasons still sum to its score; what spoke for the item before stays to be seen beside it.

import { byRank, type Candidate, namePart } from '../campaigns.ts';
import type { ItemFacts } from '../content/item-facts.ts';
import { DAY_MS } from '../decay.ts';
import type { ItemIndex } from '../item-index.ts';
import type { AfterScoring, ListQuery } from '../top-n/pipeline.ts';
import { RERANK_FEATURES, type Reranker } from './reranker.ts';

/** Days for an item that nobody has dealt with. */
const NEVER_DAYS = 3650;

/** Applies a reranker. */
export class RerankStep implements AfterScoring {
  readonly name = 'reranked';
  readonly #reranker: Reranker;
  readonly #index: ItemIndex;
  readonly #facts: ItemFacts;

  constructor(reranker: Reranker, index: ItemIndex, facts: ItemFacts) {
    this.#reranker = reranker;
    this.#index = index;
    this.#facts = facts;
  }

  apply(candidates: Candidate[], { times }: ListQuery): Candidate[] {
    if (candidates.length === 0) return candidates;
    const width = RERANK_FEATURES.length;
    const features = new Float32Array(candidates.length * width);
    const factor = this.#index.factorAt(times.atMs);
    for (let place = 0; place < candidates.length; place++)
      features.set(this.#featuresOf(candidates[place]!, place, factor, times.atMs), place * width);
    const scores = this.#reranker.score(features, candidates.length);
    if (scores.length !== candidates.length)
      throw new RangeError(`${this.#reranker.name} gave ${scores.length} scores`);
    for (let place = 0; place < candidates.length; place++) {
      const score = scores[place]!;
      if (!(score >= 0) || score === Number.POSITIVE_INFINITY)
        throw new RangeError(`${this.#reranker.name} gave the score ${score}`);
      const candidate = candidates[place]!;
      namePart(candidate, { kind: 'reranked', part: score - candidate.score });
      candidate.score = score;
    }
    return candidates.sort(byRank);
  }

  #featuresOf({ denseId, score, extra }: Candidate, place: number, factor: number, atMs: number): number[] {
    const sums = { content: 0, preference: 0, popular: 0, others: 0 };
    for (const { kind, part } of extra) {
      if (kind === 'content' || kind === 'searched') sums.content += part;
      else if (kind === 'preference' || kind === 'popular') sums[kind] += part;
      else sums.others += part;
    }
    const related = score - sums.content - sums.preference - sums.popular - sums.others;
    const lastSeenMs = this.#index.lastSeenMs[denseId]!;
    const ageDays = lastSeenMs === 0 ? NEVER_DAYS : Math.max(0, atMs - lastSeenMs) / DAY_MS;
    const logPrice = this.#facts.logPriceOf(denseId) || 0;
    const interactions = this.#index.n[denseId]! * factor;
    return [score, related, sums.content, sums.preference, sums.popular, interactions, ageDays, logPrice, place];
  }
}
