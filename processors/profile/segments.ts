// Segments in which an event counts for popularity.

import { DAY_MS } from '../decay.ts';

const HOUR_BAND_MS = 4 * 3_600_000;
/** Categories of an item that are counted: the first ones. Bounds the work and the receipts. */
export const CATEGORIES = 3;

/** Calls `visit` with each segment of an event. */
export function eachSegment(
  at: number,
  device: string | undefined,
  region: string | undefined,
  categories: readonly string[],
  visit: (segment: string) => void,
): void {
  visit('global');
  visit(HOUR_SEGMENTS[Math.floor((at % DAY_MS) / HOUR_BAND_MS)] ?? 'hour=0');
  if (device !== undefined) visit(`device=${device}`);
  if (region !== undefined) visit(`region=${region}`);
  for (const category of categories) visit(`category=${category}`);
}

const HOUR_SEGMENTS = ['hour=0', 'hour=1', 'hour=2', 'hour=3', 'hour=4', 'hour=5'];
