// What a visitor's list is made from: the distinct items of the profile, newest first, with the words in which each is a reason.

import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import type { Profile } from '../profile/profile.ts';
import { kindBit } from '../profile/signals.ts';
import { QUERY_ITEMS, type QueryItem, queryWeights } from '../scoring/f1.ts';
import type { Reason } from './values.ts';

/** An item that a visitor dealt with. */
export interface Dealing {
  readonly itemId: string;
  /** Bits of {@link kindBit} that still hold, at least one: in the session, where the item is in it. */
  kinds: number;
  /** Interactions with it in the session; 0 for an item of an earlier session. */
  times: number;
}

/** A query item and what it is called in reasons. */
export interface Evidence extends QueryItem {
  readonly itemId: string;
  readonly kind: Reason['kind'];
}

/** The items that a visitor's list is made from, the session's first, newest first, at most {@link QUERY_ITEMS}. */
export function dealingsOf(profile: Profile): Dealing[] {
  const { disliked, recent } = profile;
  const dealings = new Map<string, Dealing>();
  const add = (itemId: string, kinds: number, times: number) => {
    if (dealings.size === QUERY_ITEMS || disliked.some(({ item }) => item === itemId)) return;
    dealings.set(itemId, { itemId, kinds, times });
  };
  const interactions = profile.session?.interactions ?? [];
  for (let i = interactions.length - 1; i >= 0; i--) {
    const { item, kinds, revoked } = interactions[i]!;
    const holding = kinds & ~revoked;
    // Put into the cart and taken out again, or bought and sent back, without ever being looked at: it says nothing.
    if (holding === 0) continue;
    const newer = dealings.get(item);
    if (newer === undefined) add(item, holding, 1);
    else {
      newer.kinds |= holding;
      newer.times++;
    }
  }
  for (let i = recent.length - 1; i >= 0 && dealings.size < QUERY_ITEMS; i--) {
    const { item, kinds } = recent[i]!;
    if (!dealings.has(item)) add(item, kinds, 0);
  }
  return [...dealings.values()];
}

/** The query for a visitor's dealings. `recordOf` is the global store `neighbours`. */
export function evidenceOf(
  dealings: readonly Dealing[],
  index: ItemIndex,
  recordOf: (itemId: string) => NeighbourRecord | undefined,
): Evidence[] {
  const evidence: Evidence[] = [];
  for (const { itemId, kinds, times } of dealings) {
    const denseId = index.internText(itemId);
    if (denseId === undefined) continue;
    const weights = queryWeights(evidence.length, times);
    const kind = reasonKind(kinds);
    // Whoever has just bought an item is done with looking at it.
    const repeatBonus = kind === 'bought' ? 0 : weights.repeatBonus;
    evidence.push({ itemId, denseId, record: recordOf(itemId), kind, ...weights, repeatBonus });
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
