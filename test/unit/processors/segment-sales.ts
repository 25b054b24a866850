// Sales of one segment as deltas, the way USERS sends them: sums against the landmark of the batch.

import { landmarkAt, weightAt } from '../../../processors/decay.ts';
import { emptySegment, type SegmentState } from '../../../processors/popularity-segment.ts';
import { segmentBaseSerde, segmentHeadSerde } from '../../../processors/popularity-stored.ts';
import type { SegmentDeltas } from '../../../processors/profile/segment-deltas.ts';
import { DAY } from './records.ts';

export const HALF_LIVES = { popularMs: 20 * DAY, trendingMs: 2 * DAY };

export interface Sale {
  readonly item: string;
  readonly atMs: number;
  /** Less than 0 where it is taken back. */
  readonly weight: number;
}

/** One batch of sales in the segment `global`. The batch's landmarks are those of `batchMs`, when something newer elsewhere came with it. */
export function deltasOf(sales: readonly Sale[], batchMs = 0): SegmentDeltas {
  const newestMs = Math.max(...sales.map(({ atMs }) => atMs));
  const landmarksOfMs = Math.max(newestMs, batchMs);
  const popularLandmarkMs = landmarkAt(landmarksOfMs, HALF_LIVES.popularMs);
  const trendingLandmarkMs = landmarkAt(landmarksOfMs, HALF_LIVES.trendingMs);
  const items = [...new Set(sales.map(({ item }) => item))];
  const sums = (landmarkMs: number, halfLifeMs: number) =>
    Float64Array.from(items, (item) =>
      sales
        .filter((sale) => sale.item === item)
        .reduce((sum, { atMs, weight }) => sum + weight * weightAt(atMs, landmarkMs, halfLifeMs), 0),
    );
  return {
    popularLandmarkMs,
    trendingLandmarkMs,
    items,
    segments: [
      {
        segment: 'global',
        newest: { at: newestMs, topic: 'clicks', partition: 0, offset: 0, eventId: 'e' },
        items: Int32Array.from(items.keys()),
        popular: sums(popularLandmarkMs, HALF_LIVES.popularMs),
        trending: sums(trendingLandmarkMs, HALF_LIVES.trendingMs),
      },
    ],
  };
}

/** The stored bytes of a segment: what is left of it between a stop and a start. */
export class StoredSegment {
  head: Uint8Array | undefined;
  base: Uint8Array | undefined;

  /** The whole state; `first` begins one where none is stored. */
  read(first?: SegmentDeltas): SegmentState {
    if (this.head === undefined) return emptySegment(first!, first!.segments[0]!);
    const state = segmentHeadSerde.deserialize(this.head);
    state.complete(this.base === undefined ? undefined : segmentBaseSerde.deserialize(this.base));
    return state;
  }

  write(state: SegmentState): void {
    if (state.needsBase) this.base = segmentBaseSerde.serialize(state.takeBase());
    this.head = segmentHeadSerde.serialize(state);
  }
}
