// The value of the store `rows` (key: item id): the bounded co-occurrence row of one item and its totals. All masses are
// forward-decayed sums against `landmarkMs`.
//
// Invariants: entries are sorted by hash, so equal sums give equal entries whatever the order of arrival; no entry is negative or
// all zero; `forward`, `backward` and `together` hold the mass of partners that were evicted, too.

import type { AsOf } from '../profile/as-of.ts';

/** Co-occurrence of one item with its heaviest partners. */
export interface ItemRow {
  /** Landmark of all masses, epoch ms, a multiple of the half-life. */
  landmarkMs: number;
  /** Interactions with the item, by pair weight. */
  n: number;
  /** The same mass as {@link n}, decayed `RECENT_SHARE` times as fast against the same landmark. */
  recent: number;
  /** Orders that hold the item. */
  p: number;
  /** Interactions that repeat the item within the session's last ones. */
  repeats: number;
  /** F: sum of all f. */
  forward: number;
  /** B: sum of all b. */
  backward: number;
  /** O: sum of all o. */
  together: number;
  /** Event time of the newest interaction, epoch ms. */
  lastSeenMs: number;
  asOf: AsOf;
  /** What `asOf` was at the last publication: lists of that moment can be made again with it. `undefined` before the first. */
  publishedAsOf: AsOf | undefined;
  /** Stream time of the last publication, epoch ms; `undefined` before the first. */
  publishedAtMs: number | undefined;
  /** Changed since the last publication, and listed in the store of waiting items. */
  isWaiting: boolean;
  /** Was ever in an order with another item: only then can there be a list of what it is bought with, to be changed or taken back. */
  isBoughtWith: boolean;
  /** Entries in use. */
  size: number;
  /**
   * {@link ENTRY_NUMBERS} numbers for each entry, one entry behind the other, room for more behind them: in one array, since each takes
   * 200 bytes beside its numbers, and an insertion moves one block.
   */
  entries: Float64Array;
}

/** Numbers of an entry, at the places below. */
export const ENTRY_NUMBERS = 4;
/** 53-bit hash of the partner. Ascends from entry to entry. */
export const HASH = 0;
/** Mass of "partner came after this item". */
export const F = 1;
/** Mass of "partner came before this item". */
export const B = 2;
/** Mass of "bought in one order". */
export const O = 3;
