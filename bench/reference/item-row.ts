// An item's row: the items that occurred with it and how heavily, heaviest first, at most 200; when there is no room the lowest weight
// goes, of equals the one that was touched longest ago. A weight only grows, so an entry only moves up, and the best neighbours are
// always the first.

import { ROW_LIMIT } from './limits.ts';

const FIRST_CAPACITY = 8;
/** So many deltas are searched for; with more of them a table of the row's places is worth filling and emptying. */
const FEW_DELTAS = 3;

export class ItemRow {
  total = 0;
  count = 0;
  items: Int32Array;
  weights: Float32Array;

  constructor(capacity = FIRST_CAPACITY) {
    this.items = new Int32Array(capacity);
    this.weights = new Float32Array(capacity);
  }

  /** Bytes in memory. */
  get memoryBytes(): number {
    return 8 * this.items.length + 300;
  }

  /**
   * Adds deltas `from` to `to`, in their order; weights are above 0. `places` knows every item, and is all 0: while many are added it tells
   * where the row has an item, + 1, so that none is searched for.
   */
  addAll(neighbours: Int32Array, deltas: Float32Array, from: number, to: number, places: Uint8Array): void {
    let { items, weights, count, total } = this;
    const isMany = to - from > FEW_DELTAS;
    if (isMany) for (let at = 0; at < count; at++) places[items[at]!] = at + 1;
    for (let i = from; i < to; i++) {
      const item = neighbours[i]!;
      let weight = deltas[i]!;
      total += weight;
      let at = isMany ? places[item]! - 1 : placeIn(items, count, item);
      if (at >= 0) weight += weights[at]!;
      else if (count === ROW_LIMIT) {
        at = count - 1;
        if (weight < weights[at]!) continue;
        if (isMany) places[items[at]!] = 0;
      } else {
        if (count === items.length) {
          this.reserve(Math.min(2 * count, ROW_LIMIT));
          ({ items, weights } = this);
        }
        at = count++;
      }
      // In front of those that are not heavier.
      for (; at > 0 && weights[at - 1]! <= weight; at--) {
        const moved = items[at - 1]!;
        items[at] = moved;
        weights[at] = weights[at - 1]!;
        if (isMany) places[moved] = at + 1;
      }
      items[at] = item;
      weights[at] = weight;
      if (isMany) places[item] = at + 1;
    }
    if (isMany) for (let at = 0; at < count; at++) places[items[at]!] = 0;
    this.count = count;
    this.total = total;
  }

  /** Makes room for `capacity` entries in all. */
  reserve(capacity: number): void {
    if (capacity <= this.items.length) return;
    const items = new Int32Array(capacity);
    const weights = new Float32Array(capacity);
    items.set(this.items);
    weights.set(this.weights);
    this.items = items;
    this.weights = weights;
  }
}

/** Where an item is among the first `count`; -1 where it is not. */
function placeIn(items: Int32Array, count: number, item: number): number {
  for (let at = 0; at < count; at++) if (items[at] === item) return at;
  return -1;
}
