// What a visitor was shown and did not take: an item that was shown often enough in vain makes room for another. Impressions count
// with their age halved away, and a click, or anything else that the visitor does with the item, wipes them out.

import type { Profile } from './profile.ts';

/** Items shown in vain that are remembered; the one with the lowest count goes first. A page shows about 20. */
export const SHOWN_ITEMS = 24;
/** Half-life of an impression, ms: what was passed over last week may be new again. */
export const UNCLICKED_HALF_LIFE_MS = 3 * 86_400_000;
/** Three impressions within an hour are three: what is lacking to the full number by their ages does not count. */
const TOLERANCE = 0.1;

/** An item that was shown and not taken since. */
export interface ShownItem {
  readonly item: string;
  /** Impressions, decayed to `at`, as binary32. */
  count: number;
  /** Event time of the newest impression, epoch ms. */
  at: number;
}

/** Notes an impression. Returns whether the item was shown in vain `most` times now, and had not been before. */
export function noteShown(shown: ShownItem[], item: string, at: number, most: number): boolean {
  let entry = shown.find((known) => known.item === item);
  if (entry === undefined) {
    if (shown.length === SHOWN_ITEMS) removeLowest(shown, at);
    entry = { item, count: 0, at };
    shown.push(entry);
  }
  const wasTired = isTired(entry, at, most);
  const newest = Math.max(at, entry.at);
  entry.count = Math.fround(decayed(entry, newest) + 2 ** ((at - newest) / UNCLICKED_HALF_LIFE_MS));
  entry.at = newest;
  return !wasTired && isTired(entry, at, most);
}

/** The visitor did something with the item. */
export function forgetShown(shown: ShownItem[], item: string): void {
  const place = shown.findIndex((known) => known.item === item);
  if (place >= 0) shown.splice(place, 1);
}

/** Items that were shown in vain `most` times, as of a time. */
export function tiredOf(profile: Pick<Profile, 'shown'>, atMs: number, most: number): string[] {
  return profile.shown.filter((entry) => isTired(entry, atMs, most)).map(({ item }) => item);
}

function isTired(entry: ShownItem, atMs: number, most: number): boolean {
  return decayed(entry, Math.max(atMs, entry.at)) >= most - TOLERANCE;
}

function decayed({ count, at }: ShownItem, atMs: number): number {
  return count * 2 ** ((at - atMs) / UNCLICKED_HALF_LIFE_MS);
}

function removeLowest(shown: ShownItem[], at: number): void {
  let lowest = 0;
  const countOf = (entry: ShownItem) => decayed(entry, Math.max(at, entry.at));
  for (let place = 1; place < shown.length; place++)
    if (countOf(shown[place]!) < countOf(shown[lowest]!)) lowest = place;
  shown.splice(lowest, 1);
}
