// What is popular where the visitor is, to fill up a list that the visitor's own items do not fill: in the newest item's category, in
// the region, on the device, everywhere.

import type { Candidate } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import { segmentName } from '../profile/segments.ts';
import type { CandidateSource, ListQuery } from './pipeline.ts';

/** Score of the most popular item of a segment; the best related item has 1 or more. */
const POPULAR_WEIGHT = 0.02;

/** Fills up with popular items. */
export class PopularItems implements CandidateSource {
  readonly #index: ItemIndex;

  constructor(index: ItemIndex) {
    this.#index = index;
  }

  add(candidates: Candidate[], query: ListQuery): void {
    if (candidates.length >= query.length) return;
    const index = this.#index;
    const present = new Set<number>();
    for (const { denseId } of candidates) present.add(denseId);
    for (const segment of this.#segmentsOf(query)) {
      const published = query.sources.segmentOf(segment);
      if (published === undefined) continue;
      const denseIds = index.itemsOf(published);
      const highest = published.popular[0] ?? 1;
      for (let i = 0; i < denseIds.length && candidates.length < query.length; i++) {
        const denseId = denseIds[i]!;
        const id = published.items[i]!;
        if (present.has(denseId) || query.blocked.has(id) || !index.isShown(denseId, id, query.times.shownAtMs))
          continue;
        present.add(denseId);
        const part = (POPULAR_WEIGHT * published.popular[i]!) / highest;
        candidates.push({ denseId, id, score: part, extra: [{ kind: 'popular', segment, part }] });
      }
    }
  }

  #segmentsOf({ profile, evidence }: ListQuery): string[] {
    const segments: string[] = [];
    const newest = evidence[0];
    const code = newest === undefined ? 0 : this.#index.categoryCode[newest.denseId]!;
    if (code > 0) segments.push(segmentName('category', this.#index.nameOf(code)!));
    if (profile.region !== undefined) segments.push(segmentName('region', profile.region));
    if (profile.device !== undefined) segments.push(segmentName('device', profile.device));
    segments.push('global');
    return segments;
  }
}
