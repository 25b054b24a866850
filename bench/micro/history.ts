// What the hot functions have cost, as ratios to a fixed loop: a faster machine does both faster. One line of JSON per record, newest last.

import { median } from '../figures.ts';

export interface Entry {
  readonly date: string;
  readonly revision: string;
  readonly node: string;
  readonly cpu: string;
  /** Time of a case in times of the reference loop. */
  readonly ratios: { readonly [name: string]: number };
}

/** A case is slow when it takes so many times what it took. On a busy machine the same case was seen to take 1.6 times as much. */
export const SLOW_FACTOR = 3;
/** Entries whose median it is held against. */
const COMPARED = 5;

export function parseHistory(text: string): Entry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}

/** The cases that have become slow, in words. A case without a history never is. */
export function slowCases(history: readonly Entry[], ratios: Entry['ratios']): string[] {
  return Object.entries(ratios).flatMap(([name, ratio]) => {
    const known = history.flatMap((entry) => entry.ratios[name] ?? []).slice(-COMPARED);
    if (known.length === 0) return [];
    const usual = median(known);
    return ratio > SLOW_FACTOR * usual ? [`${name}: ${ratio.toFixed(2)}, usually ${usual.toFixed(2)}`] : [];
  });
}
