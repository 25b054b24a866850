// The list of a visitor of whom nothing is known but the surroundings: what is popular there, each segment with the same say. With the
// first item that the visitor deals with, related items and content take over, see related-items.ts and similar-content.ts.
//
//   score(j) = Σ_s p_s(j) / number of segments,   p_s: popularity in s as a share of the segment's most popular item
//
// over hour, season, device, region and referrer, as far as enough has happened in them, and everywhere.

import { type Candidate, NO_PARTS, namePart } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import { hasEnough, type PublishedSegment } from '../popularity-published.ts';
import { contextSegments } from '../profile/segments.ts';
import type { CandidateSource, ListQuery } from './pipeline.ts';

/** Brings what is popular in the surroundings of a visitor who has done nothing yet. */
export class ContextItems implements CandidateSource {
  readonly #index: ItemIndex;

  constructor(index: ItemIndex) {
    this.#index = index;
  }

  add(candidates: Candidate[], query: ListQuery): void {
    if (query.evidence.length > 0 || candidates.length > 0) return;
    const found = new Map<number, Candidate>();
    const segments = segmentsOf(query);
    for (const published of segments) {
      const denseIds = this.#index.itemsOf(published);
      const highest = published.popular[0] ?? 1;
      for (let i = 0; i < denseIds.length; i++) {
        const denseId = denseIds[i]!;
        const id = published.items[i]!;
        if (query.blocked.has(id) || !this.#index.isShown(denseId, id, query.times.shownAtMs)) continue;
        const part = published.popular[i]! / highest / segments.length;
        let candidate = found.get(denseId);
        if (candidate === undefined) {
          candidate = { denseId, id, score: 0, extra: NO_PARTS };
          found.set(denseId, candidate);
          candidates.push(candidate);
        }
        candidate.score += part;
        namePart(candidate, { kind: 'popular', segment: published.segment, part });
      }
    }
  }
}

function segmentsOf({ profile, times, sources }: ListQuery): PublishedSegment[] {
  const { device, region, session } = profile;
  const segments: PublishedSegment[] = [];
  for (const name of contextSegments(times.atMs, device, region, session?.referrer)) {
    const published = sources.segmentOf(name);
    if (published !== undefined && hasEnough(published)) segments.push(published);
  }
  const everywhere = sources.segmentOf('global');
  if (everywhere !== undefined) segments.push(everywhere);
  return segments;
}
