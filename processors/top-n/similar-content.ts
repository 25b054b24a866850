// Hybrid: what is near in content to the visitor's items joins what others went on to, in the shares that the list definition sets.
// A related item's score becomes 0.7 of what it was and 0.3 of its content's, both on the scale of the best related item. Where
// the visitor's items have no content, the related ones stand as they are; where they have no neighbours (new items), content
// alone makes the list.

import { type Candidate, NO_PARTS, namePart } from '../campaigns.ts';
import type { ContentIndex } from '../content/content-index.ts';
import { type ContentQuery, type ContentScore, contentScores } from '../content/content-scores.ts';
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
    if (content.size === 0) return;
    const best = candidates[0]?.score ?? 0;
    const share = best > 0 ? contentShare : 1;
    const scale = share * (best > 0 ? best : 1);
    for (const candidate of candidates) {
      candidate.relatedWeight = 1 - share;
      candidate.score *= 1 - share;
      const own = content.get(candidate.denseId);
      if (own === undefined) continue;
      content.delete(candidate.denseId);
      this.#add(candidate, own, scale, query);
    }
    const others = [...content.values()].sort((a, b) => b.score - a.score || this.#order(a.denseId, b.denseId));
    // Related items leave no room for those that are far from the visitor's items, but where they are few there is room.
    const room = Math.max(query.length / 2, query.length - candidates.length);
    for (const own of others.slice(0, room)) {
      const id = this.#index.textOf(own.denseId)!;
      const score = this.#relatedScoreOf(own.denseId) * (1 - share);
      const candidate: Candidate = { denseId: own.denseId, id, score, relatedWeight: 1 - share, extra: NO_PARTS };
      this.#add(candidate, own, scale, query);
      candidates.push(candidate);
    }
  }

  #add(candidate: Candidate, { parts }: ContentScore, scale: number, { evidence }: ListQuery): void {
    for (let i = 0; i < parts.length; i += 2) {
      const part = scale * parts[i + 1]!;
      candidate.score += part;
      // A search, where there is one, comes behind the items.
      const source = evidence[parts[i]!];
      if (source === undefined) namePart(candidate, { kind: 'searched', part });
      else {
        const { itemId, denseId } = source;
        namePart(candidate, { kind: 'content', itemId, title: this.#index.titleOf(denseId), part });
      }
    }
  }

  #order(one: number, other: number): number {
    return this.#index.textOf(one)! < this.#index.textOf(other)! ? -1 : 1;
  }

  /** The visitor's last search: of the weight of the newest item, and less with every interaction since. */
  #searched({ profile }: ListQuery): ContentQuery | undefined {
    const searched = profile.session?.searched;
    const weight = this.#signals.others.searched * RECENCY_BASE ** (searched?.since ?? 0);
    return searched === undefined || weight === 0 ? undefined : { words: searched.words, weight };
  }
}
