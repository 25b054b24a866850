// Holds what a profile keeps of several topics' events against those topics, whose events come between each other by chance: of each
// topic a ledger has the last events, in their order, and all of them before it is full.

import type { Profile } from '../../processors/profile/profile.ts';
import type { ExpectedImpression, ExpectedVisitor } from './production-oracle.ts';

/** Event ids that a profile keeps. */
const KEPT_IDS = 64;
/** Items shown in vain that a profile keeps. */
const KEPT_SHOWN = 24;
const SHOWN_HALF_LIFE_MS = 3 * 86_400_000;
/** Counts are kept in binary32. */
const TOLERANCE = 1e-5;

/** What is wrong with the ids of the last events. */
export function ledgerFaults({ eventIds }: Pick<Profile, 'eventIds'>, expected: ExpectedVisitor): string[] {
  const faults: string[] = [];
  let known = 0;
  for (const [topic, ids] of expected.eventIds) {
    const own = new Set(ids);
    const kept = eventIds.filter((id) => own.has(id));
    known += kept.length;
    // What was shown to somebody of whom nothing was known yet is not kept.
    const most = kept.length > 0 ? ids.slice(-kept.length) : [];
    const mayLack = topic === 'impressions' || eventIds.length === KEPT_IDS;
    if (String(kept) !== String(mayLack ? most : ids))
      faults.push(`event ids of ${topic}: ${kept.length} of ${ids.length}, not the last ones or too few`);
  }
  if (known !== eventIds.length) faults.push(`${eventIds.length - known} event ids twice or from nowhere`);
  if (eventIds.length > KEPT_IDS) faults.push(`${eventIds.length} event ids`);
  return faults;
}

/** What is wrong with what was shown in vain. */
export function shownFaults(
  { eventIds, shown }: Pick<Profile, 'eventIds' | 'shown'>,
  { impressions, dealtWith }: ExpectedVisitor,
): string[] {
  const faults: string[] = [];
  if (shown.length > KEPT_SHOWN) faults.push(`${shown.length} items shown in vain`);
  const times = timesByItem(impressions);
  for (const { item, count, at } of shown) {
    const own = times.get(item) ?? [];
    if (at !== own.at(-1)) faults.push(`${item} was not shown at ${at} for the last time`);
    else if (!possibleCounts(own).some((possible) => Math.abs(possible - count) <= TOLERANCE * possible))
      faults.push(`${item} was shown ${own.length} times, which cannot count ${count}`);
  }
  if (times.size > KEPT_SHOWN) return faults;
  const remembered = new Set(shown.map(({ item }) => item));
  for (const { eventId, items } of impressions) {
    if (!eventIds.includes(eventId)) continue;
    for (const item of items)
      if (!dealtWith.has(item) && !remembered.has(item)) faults.push(`${item} was shown in vain, which is forgotten`);
  }
  return faults;
}

function timesByItem(impressions: readonly ExpectedImpression[]): Map<string, number[]> {
  const times = new Map<string, number[]>();
  for (const { at, items } of impressions)
    for (const item of items) {
      const own = times.get(item) ?? [];
      times.set(item, own);
      own.push(at);
    }
  return times;
}

/** The counts of the last impression, of the last two, and so on: it is chance when a click of the visitor has wiped out the others. */
function possibleCounts(times: readonly number[]): number[] {
  const newest = times.at(-1)!;
  let sum = 0;
  return times.toReversed().map((at) => {
    sum += 2 ** ((at - newest) / SHOWN_HALF_LIFE_MS);
    return sum;
  });
}
