// The items of a list while it is made. Reasons lie in flat arrays and name their cause by its place in a table: a list of 60 items
// has 120 to 250 reasons. With an object for each, copied, rounded and sorted, making a visitor's items took 265 µs; with these
// arrays and the shorter loops of scoring/f1.ts it takes 165 µs (2,000 items, queries of 20, one core).
//
// Parts are rounded to eight decimals and a score is the sum of the rounded parts, so that scores which differ by rounding error
// alone are equal and their order is that of the ids.

import type { Cause, ListedItem, ListedItems } from './values.ts';

const DECIMALS = 1e8;

/** {@link ListedItems} being gathered: the reasons of an item first, then the item. Items come out best first. */
export class ListDraft implements ListedItems {
  readonly causes: Cause[];
  readonly items: ListedItem[] = [];
  readonly reasonCauses: number[] = [];
  readonly reasonParts: number[] = [];
  /** Where the reasons of the next item begin. */
  #first = 0;
  /** Their sum, in units of the last decimal: whole, so the sum is exact. */
  #units = 0;

  /** @param causes what reasons can be named by from the beginning; kept, and added to. */
  constructor(causes: Cause[]) {
    this.causes = causes;
  }

  /** Place of a cause in {@link causes}; it is added where there is none like it. */
  placeOf(cause: Cause): number {
    const { causes } = this;
    for (let place = 0; place < causes.length; place++) if (isSame(causes[place]!, cause)) return place;
    return causes.push(cause) - 1;
  }

  /** A reason of the next item. It is left out where nothing of the part is left after rounding. */
  addReason(place: number, part: number): void {
    const units = Math.round(part * DECIMALS);
    if (units === 0) return;
    this.#units += units;
    const rounded = units / DECIMALS;
    const { reasonCauses, reasonParts } = this;
    let at = reasonParts.length;
    // Largest part first. They arrive nearly so.
    for (; at > this.#first && reasonParts[at - 1]! < rounded; at--) {
      reasonParts[at] = reasonParts[at - 1]!;
      reasonCauses[at] = reasonCauses[at - 1]!;
    }
    reasonParts[at] = rounded;
    reasonCauses[at] = place;
  }

  /** The item of the reasons since the last one. It is left out where it has none. */
  addItem(id: string, denseId: number): void {
    const { items } = this;
    const firstReason = this.#first;
    const reasonCount = this.reasonParts.length - firstReason;
    if (reasonCount === 0) return;
    const score = this.#units / DECIMALS;
    let at = items.length;
    // Candidates arrive in order; rounding may have turned neighbours round, or made them equal.
    for (; at > 0 && isBelow(items[at - 1]!, score, id); at--) items[at] = items[at - 1]!;
    items[at] = { id, denseId, score, firstReason, reasonCount };
    this.#first += reasonCount;
    this.#units = 0;
  }
}

function isBelow(item: ListedItem, score: number, id: string): boolean {
  return item.score < score || (item.score === score && item.id > id);
}

function isSame(a: Cause, b: Cause): boolean {
  return (
    a.kind === b.kind &&
    a.itemId === b.itemId &&
    a.campaignId === b.campaignId &&
    a.segment === b.segment &&
    a.title === b.title
  );
}
