// What a visitor's list is made from: the distinct items of the profile, newest first, with the words in which each is a reason.

import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import type { Profile } from '../profile/profile.ts';
import { kindBit } from '../profile/signals.ts';
import { QUERY_ITEMS, type QueryItem, queryWeights } from '../scoring/f1.ts';
import type { Reason } from './values.ts';

/** A query item and what it is called in reasons. */
export interface Evidence extends QueryItem {
  readonly itemId: string;
  readonly kind: Reason['kind'];
}

/** Ids of the items that a visitor's list is made from, the session's first, newest first, at most {@link QUERY_ITEMS}. */
export function evidenceIds(profile: Profile): string[] {
  const ids = new Set<string>();
  const disliked = profile.disliked;
  const isDisliked = (item: string) => disliked.some((other) => other.item === item);
  const interactions = profile.session?.interactions ?? [];
  for (let i = interactions.length - 1; i >= 0 && ids.size < QUERY_ITEMS; i--) {
    const { item } = interactions[i]!;
    if (!isDisliked(item)) ids.add(item);
  }
  for (let i = profile.recent.length - 1; i >= 0 && ids.size < QUERY_ITEMS; i--) {
    const { item } = profile.recent[i]!;
    if (!isDisliked(item)) ids.add(item);
  }
  return [...ids];
}

/** The query for a profile. `recordOf` is the global store `neighbours`. */
export function evidenceOf(
  profile: Profile,
  index: ItemIndex,
  recordOf: (itemId: string) => NeighbourRecord | undefined,
): Evidence[] {
  const sessionKinds = new Map<string, number>();
  for (const { item, kinds } of profile.session?.interactions ?? [])
    sessionKinds.set(item, (sessionKinds.get(item) ?? 0) | kinds);
  const evidence: Evidence[] = [];
  for (const itemId of evidenceIds(profile)) {
    const denseId = index.internText(itemId);
    if (denseId === undefined) continue;
    const inSession = sessionKinds.get(itemId);
    const kinds = inSession ?? profile.recent.find(({ item }) => item === itemId)?.kinds ?? 0;
    evidence.push({
      itemId,
      denseId,
      record: recordOf(itemId),
      kind: reasonKind(kinds),
      ...queryWeights(evidence.length, inSession !== undefined),
    });
  }
  return evidence;
}

/** The strongest thing that a visitor did with an item. */
function reasonKind(kinds: number): Reason['kind'] {
  if ((kinds & kindBit.purchase) !== 0) return 'bought';
  if ((kinds & kindBit.addToCart) !== 0) return 'carted';
  if ((kinds & kindBit.wishlist) !== 0) return 'wished';
  if ((kinds & kindBit.like) !== 0) return 'liked';
  return 'viewed';
}
