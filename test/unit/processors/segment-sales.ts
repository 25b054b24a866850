// Sales of one segment as deltas, the way USERS sends them: sums against the landmark of the batch.

import { landmarkAt, weightAt } from '../../../processors/decay.ts';
import type { SegmentDeltas } from '../../../processors/profile/segment-deltas.ts';
import { DAY } from './records.ts';

export const HALF_LIVES = { popularMs: 20 * DAY, trendingMs: 2 * DAY };

export interface Sale {
  readonly item: string;
  readonly atMs: number;
  /** Less than 0 where it is taken back. */
  readonly weight: number;
}

/** One batch of sales in the segment `global`. */
export function deltasOf(sales: readonly Sale[]): SegmentDeltas {
  const newestMs = Math.max(...sales.map(({ atMs }) => atMs));
  const popularLandmarkMs = landmarkAt(newestMs, HALF_LIVES.popularMs);
  const trendingLandmarkMs = landmarkAt(newestMs, HALF_LIVES.trendingMs);
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
    segments: [
      {
        segment: 'global',
        newest: { at: newestMs, topic: 'clicks', partition: 0, offset: 0, eventId: 'e' },
        items,
        popular: sums(popularLandmarkMs, HALF_LIVES.popularMs),
        trending: sums(trendingLandmarkMs, HALF_LIVES.trendingMs),
      },
    ],
  };
}
