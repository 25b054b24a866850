// Segments in which an event counts for popularity.

import { DAY_MS } from '../decay.ts';

const HOUR_BAND_MS = 4 * 3_600_000;
/** Categories of an item that are counted: the first ones. Bounds the work and the receipts. */
export const CATEGORIES = 3;

/** Longest name of a referrer that is counted: longer ones are addresses of their own. */
const REFERRER_LENGTH = 64;

/** Calls `visit` with each segment of an event. */
export function eachSegment(
  at: number,
  device: string | undefined,
  region: string | undefined,
  categories: readonly string[],
  visit: (segment: string) => void,
): void {
  visit('global');
  for (const segment of contextSegments(at, device, region, undefined)) visit(segment);
  for (const category of categories) visit(`category=${category}`);
}

/** Segments of where, on what and when a visitor is: the time of day (UTC) and the season first. */
export function contextSegments(
  at: number,
  device: string | undefined,
  region: string | undefined,
  referrer: string | undefined,
): string[] {
  const segments = [
    HOUR_SEGMENTS[Math.floor((at % DAY_MS) / HOUR_BAND_MS)] ?? 'hour=0',
    SEASON_SEGMENTS[Math.floor(new Date(at).getUTCMonth() / 3)]!,
  ];
  if (device !== undefined) segments.push(`device=${device}`);
  if (region !== undefined) segments.push(`region=${region}`);
  if (referrer !== undefined) segments.push(referrerSegment(referrer));
  return segments;
}

/** Segment of where visitors come from. */
export function referrerSegment(referrer: string): string {
  return `referrer=${referrer}`;
}

/**
 * A referrer as it is counted: the host of an address, or the shop's own word for a source or a campaign, in lower case. `undefined` for
 * what is too long to be either.
 */
export function referrerOf(text: string | null): string | undefined {
  if (text === null) return undefined;
  const [host = ''] = text
    .toLowerCase()
    .replace(/^[a-z][a-z+.-]*:\/\//, '')
    .split(/[/?#]/);
  const name = host.trim();
  return name === '' || name.length > REFERRER_LENGTH ? undefined : name;
}

/** Quarters of a year. Each is empty but for its own months, so last year's winter is what a winter begins with. */
const SEASON_SEGMENTS = ['season=1', 'season=2', 'season=3', 'season=4'];
const HOUR_SEGMENTS = ['hour=0', 'hour=1', 'hour=2', 'hour=3', 'hour=4', 'hour=5'];
