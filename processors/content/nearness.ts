// What a cosine of two content vectors says.

import { CONTENT_DIMENSIONS } from './content-vector.ts';

/** The highest cosine that is to be expected by chance among so many items: √(2 ln n) standard errors of the projection. */
export function chanceCosine(items: number): number {
  return Math.sqrt((2 * Math.log(Math.max(2, items))) / CONTENT_DIMENSIONS);
}

/** How near two contents are, 0 to 1, by their cosine; one up to `floor` says nothing. */
export function nearness(cosine: number, floor: number): number {
  return cosine > floor ? (cosine - floor) / (1 - floor) : 0;
}
