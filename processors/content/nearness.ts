// What a cosine of two content vectors says.

import { CONTENT_DIMENSIONS } from './content-vector.ts';

/**
 * What the highest cosine by chance among so many items hardly exceeds: √(2 ln n) standard errors of the projection are to be expected
 * of the highest of n, and one more is on the safe side.
 */
export function chanceCosine(items: number): number {
  return (1 + Math.sqrt(2 * Math.log(Math.max(2, items)))) / Math.sqrt(CONTENT_DIMENSIONS);
}

/** How near two contents are, 0 to 1, by their cosine; one up to `floor` says nothing. */
export function nearness(cosine: number, floor: number): number {
  return cosine > floor ? (cosine - floor) / (1 - floor) : 0;
}
