// Hybrid: what is near in content to the visitor's items joins what others went on to, in the shares that the list definition sets.
// A related item's score becomes 0.7 of what it was and 0.3 of its content's, both on the scale of the best related item. Where
// the visitor's items have no content, the related ones stand as they are; where they have no neighbours (new items), content
// alone makes the list.

import type { Candidate } from '../campaigns.ts';
import type { ContentIndex } from '../content/content-index.ts';
import { type ContentQuery, type ContentScores, contentScores } from '../content/content-scores.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import type { SignalTable } from '../profile/signals.ts';
import { RECENCY_BASE } from '../scoring/f1.ts';
import type { CandidateSource, ListQuery } from './pipeline.ts';

/** Joins content to related items. To be asked after these. */
export class SimilarContent implements CandidateSource {
  readonly #index: ItemIndex;
  readonly #content: ContentIndex;
  readonly #tuningOf: TuningOf;
  readonly #relatedScoreOf: (denseId: number) => number;
  readonly #signals: SignalTable;

  /** @param relatedScoreOf score of a related item beyond the reach, 0 where there is none. */
  constructor(
    index: ItemIndex,
    content: ContentIndex,
    tuningOf: TuningOf,
    signals: SignalTable,
    relatedScoreOf: (denseId: number) => number,
  ) {
    this.#index = index;
    this.#content = content;
    this.#tuningOf = tuningOf;
    this.#signals = signals;
    this.#relatedScoreOf = relatedScoreOf;
  }

  add(candidates: Candidate[], query: ListQuery): void {
    const { contentShare } = this.#tuningOf(query.definition);
    if (contentShare === 0 || this.#content.size === 0) return;
    const { evidence, blocked, times } = query;
    const queries: ContentQuery[] = [...evidence];
    const searched = this.#searched(query);
    if (searched !== undefined) queries.push(searched);
    const content = contentScores(queries, this.#content, (denseId) => {
      const id = this.#index.textOf(denseId);
      return id !== undefined && !blocked.has(id) && this.#index.isShown(denseId, id, times.shownAtMs);
    });
    if (content.scores.size === 0) return;
    const best = candidates[0]?.score ?? 0;
    const share = best > 0 ? contentShare : 1;
    const scale = share * (best > 0 ? best : 1);
    const present = new Set<number>();
    for (const candidate of candidates) {
      present.add(candidate.denseId);
      this.#blend(candidate, 1 - share, scale, content, query);
    }
    for (const denseId of content.scores.keys()) {
      if (present.has(denseId)) continue;
      const id = this.#index.textOf(denseId)!;
      const candidate = { denseId, id, score: this.#relatedScoreOf(denseId), extra: [] };
      this.#blend(candidate, 1 - share, scale, content, query);
      candidates.push(candidate);
    }
  }

  /** The visitor's last search: of the weight of the newest item, and less with every interaction since. */
  #searched({ profile }: ListQuery): ContentQuery | undefined {
    const searched = profile.session?.searched;
    const weight = this.#signals.others.searched * RECENCY_BASE ** (searched?.since ?? 0);
    return searched === undefined || weight === 0 ? undefined : { words: searched.words, weight };
  }

  #blend(
    candidate: Candidate,
    relatedWeight: number,
    scale: number,
    { scores, part }: ContentScores,
    { evidence, sources }: ListQuery,
  ): void {
    candidate.relatedWeight = relatedWeight;
    candidate.score *= relatedWeight;
    if (!scores.has(candidate.denseId)) return;
    // A search, where there is one, comes behind the items.
    for (let place = 0; place <= evidence.length; place++) {
      const share = scale * part(place, candidate.denseId);
      if (share === 0) continue;
      const itemId = evidence[place]?.itemId;
      candidate.score += share;
      if (itemId === undefined) candidate.extra.push({ kind: 'searched', part: share });
      else candidate.extra.push({ kind: 'content', itemId, title: sources.entryOf(itemId)?.title, part: share });
    }
  }
}
