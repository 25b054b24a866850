// Segments in which an event counts for popularity.

import { DAY_MS } from '../decay.ts';

const HOUR_BAND_MS = 4 * 3_600_000;
/** Categories of an item that are counted: the first ones. Bounds the work and the receipts. */
export const CATEGORIES = 3;

/** Longest name of a referrer that is counted: longer ones are addresses of their own. */
const REFERRER_LENGTH = 64;

/** Quarters of a year. Each is empty but for its own months, so last year's winter is what a winter begins with. */
const SEASON_SEGMENTS = ['season=1', 'season=2', 'season=3', 'season=4'];
const HOUR_SEGMENTS = ['hour=0', 'hour=1', 'hour=2', 'hour=3', 'hour=4', 'hour=5'];

/** Calls `visit` with each segment of an event. */
export function eachSegment(
  at: number,
  device: string | undefined,
  region: string | undefined,
  categories: readonly string[],
  visit: (segment: string) => void,
): void {
  visit('global');
  eachContext(at, device, region, visit);
  for (let i = 0; i < categories.length && i < CATEGORIES; i++) visit(segmentName('category', categories[i]!));
}

/** Segments of where, on what and when a visitor is: the time of day (UTC) and the season first. */
export function contextSegments(
  at: number,
  device: string | undefined,
  region: string | undefined,
  referrer: string | undefined,
): string[] {
  const segments: string[] = [];
  eachContext(at, device, region, (segment) => segments.push(segment));
  if (referrer !== undefined) segments.push(referrerSegment(referrer));
  return segments;
}

function eachContext(
  at: number,
  device: string | undefined,
  region: string | undefined,
  visit: (segment: string) => void,
): void {
  visit(HOUR_SEGMENTS[Math.floor((at % DAY_MS) / HOUR_BAND_MS)] ?? 'hour=0');
  visit(seasonAt(at));
  if (device !== undefined) visit(segmentName('device', device));
  if (region !== undefined) visit(segmentName('region', region));
}

/** Segment of where visitors come from. */
export function referrerSegment(referrer: string): string {
  return `referrer=${referrer}`;
}

/**
 * Names are kept, since those of a shop are few and come with every event: one that is put together anew has to be hashed anew by every
 * map that it is looked up in. Not those of referrers, which are what visitors bring: nothing of a visitor stays here.
 */
const names = { category: new Map(), device: new Map(), region: new Map() } satisfies {
  [kind: string]: Map<string, string>;
};
/** Of a kind; beyond it all are forgotten. */
const MOST_NAMES = 10_000;

/** Name of the segment of a value. */
export function segmentName(kind: keyof typeof names, value: string): string {
  const ofKind: Map<string, string> = names[kind];
  let name = ofKind.get(value);
  if (name === undefined) {
    name = `${kind}=${value}`;
    if (ofKind.size === MOST_NAMES) ofKind.clear();
    ofKind.set(value, name);
  }
  return name;
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

/** The day that was asked for last, counted from the epoch, and its season. */
let lastDay = Number.NaN;
let lastSeason = '';

function seasonAt(at: number): string {
  const day = Math.floor(at / DAY_MS);
  if (day !== lastDay) {
    lastSeason = SEASON_SEGMENTS[Math.floor(new Date(at).getUTCMonth() / 3)]!;
    lastDay = day;
  }
  return lastSeason;
}
