// Exploration: a bounded share of a list's places is given to items about which little is known, so that a new item gets the chance
// to show what it is worth. Which one is drawn from what is known of each: the probability that a shopper who is shown the item
// does something with it is Beta distributed, with the prior of a usual item as its beginning (Thompson, Biometrika 1933; Chapelle,
// Li, NIPS 2011); an item is drawn by a random quantile of its distribution.
//
// Chance is a hash of visitor, item and hour: the same list comes out again from the same state, and another visitor gets another
// draw.

import { itemHash } from '../../schemas/item-hash.ts';

/** Interactions and impressions that the prior is worth. */
const PRIOR_STRENGTH = 20;
/** What a usual item gets: interactions for an impression. */
const PRIOR_RATE = 0.05;
/** An item with fewer decayed interactions is little known. */
export const LITTLE_KNOWN = 10;
const HOUR_MS = 3_600_000;

/** What is known of an item: decayed sums. */
export interface Experience {
  readonly interactions: number;
  readonly impressions: number;
}

/**
 * A draw from an item's distribution of rates, 0 to 1, by a normal approximation of the Beta distribution (mean and variance are
 * exact). `chance` is 0 to 1, exclusive.
 */
export function drawnRate({ interactions, impressions }: Experience, chance: number): number {
  const a = PRIOR_STRENGTH * PRIOR_RATE + interactions;
  const b = PRIOR_STRENGTH * (1 - PRIOR_RATE) + Math.max(0, impressions - interactions);
  const mean = a / (a + b);
  const deviation = Math.sqrt((mean * (1 - mean)) / (a + b + 1));
  return Math.min(1, Math.max(0, mean + deviation * normalQuantile(chance)));
}

/** Chance for an item in a visitor's list at a time (epoch ms), 0 to 1 exclusive: the same within an hour. */
export function chanceOf(owner: string, itemId: string, atMs: number): number {
  const hash = itemHash(`${Math.floor(atMs / HOUR_MS)}:${owner}:${itemId}`);
  return (hash + 0.5) / 2 ** 53;
}

/** Places of a list of a length that exploration has, from 0: in the middle of stretches of 1 / share. */
export function exploredPlaces(length: number, share: number): number[] {
  const places: number[] = [];
  if (!(share > 0)) return places;
  const stretch = 1 / share;
  for (let place = stretch / 2; place < length; place += stretch) places.push(Math.floor(place));
  return places;
}

/** Standard normal quantile, by the logistic approximation of Bowling et al. 2009 (absolute error below 0.1 in the middle 98 %). */
function normalQuantile(chance: number): number {
  return Math.log(chance / (1 - chance)) / 1.702;
}
