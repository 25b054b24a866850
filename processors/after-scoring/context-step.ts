// Where, on what device, at what time of day and in which season the visitor is, and from where he came: what is popular there beyond what is popular
// everywhere counts a little for related items. A segment counts once it has enough events behind it; one that has not is ignored.
//
//   gain(j) = contextWeight · best · Σ_s max(0, p_s(j) − p(j)) / number of segments with data
//
// p_s is an item's popularity in segment s as a share of the segment's most popular item, p that in all segments together.

import { byRank, type Candidate, namePart } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import { hasEnough, type PublishedSegment } from '../popularity-published.ts';
import { contextSegments } from '../profile/segments.ts';
import type { AfterScoring, ListQuery } from '../top-n/pipeline.ts';

/** Less than this share of the most that the step can give is left out, with its reason: it would change no order that matters. */
const LEAST = 0.05;

/** Raises what is popular in the visitor's surroundings. */
export class ContextStep implements AfterScoring {
  readonly name = 'popular';
  readonly #index: ItemIndex;
  readonly #tuningOf: TuningOf;
  /** Place of a candidate by dense id, from 1; 0 for all others. */
  #places = new Int32Array(0);

  constructor(index: ItemIndex, tuningOf: TuningOf) {
    this.#index = index;
    this.#tuningOf = tuningOf;
  }

  apply(candidates: Candidate[], query: ListQuery): Candidate[] {
    const scale = this.#tuningOf(query.definition).contextWeight * (candidates[0]?.score ?? 0);
    if (!(scale > 0)) return candidates;
    const { profile, times, sources } = query;
    const names = contextSegments(times.atMs, profile.device, profile.region, profile.session?.referrer);
    const segments: PublishedSegment[] = [];
    for (const name of names) {
      const segment = sources.segmentOf(name);
      if (segment !== undefined && hasEnough(segment)) segments.push(segment);
    }
    const everywhere = sources.segmentOf('global');
    if (segments.length === 0 || everywhere === undefined) return candidates;
    this.#mark(candidates);
    const sharesEverywhere = new Float64Array(candidates.length);
    this.#eachShare(everywhere, (place, share) => {
      sharesEverywhere[place] = share;
    });
    for (const segment of segments) {
      this.#eachShare(segment, (place, share) => {
        const part = (scale * (share - sharesEverywhere[place]!)) / segments.length;
        if (part < LEAST * scale) return;
        const candidate = candidates[place]!;
        candidate.score += part;
        namePart(candidate, { kind: 'popular', segment: segment.segment, part });
      });
    }
    for (const { denseId } of candidates) this.#places[denseId] = 0;
    return candidates.sort(byRank);
  }

  #mark(candidates: readonly Candidate[]): void {
    if (this.#places.length < this.#index.size) this.#places = new Int32Array(2 * this.#index.size);
    for (let place = 0; place < candidates.length; place++) this.#places[candidates[place]!.denseId] = place + 1;
  }

  /** Shows the candidates that a segment has, and what they are to its most popular item. */
  #eachShare(segment: PublishedSegment, visit: (place: number, share: number) => void): void {
    const denseIds = this.#index.itemsOf(segment);
    const highest = segment.popular[0] ?? 0;
    if (!(highest > 0)) return;
    for (let i = 0; i < denseIds.length; i++) {
      const place = this.#places[denseIds[i]!]!;
      if (place > 0) visit(place - 1, segment.popular[i]! / highest);
    }
  }
}
