// An item's row: the items that occurred with it and how heavily, heaviest first, at most 200; when there is no room the lowest weight
// goes, of equals the one that was touched longest ago. A weight only grows, so an entry only moves up, and the best neighbours are
// always the first.

import { ROW_LIMIT } from './limits.ts';

const FIRST_CAPACITY = 8;

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

  /** `weight` is above 0. */
  add(item: number, weight: number): void {
    this.total += weight;
    const { items, count } = this;
    let at = 0;
    while (at < count && items[at] !== item) at += 1;
    if (at < count) {
      this.#place(at, item, this.weights[at]! + weight);
      return;
    }
    if (count === ROW_LIMIT) {
      at -= 1;
      if (weight < this.weights[at]!) return;
    } else {
      if (count === items.length) this.reserve(Math.min(2 * count, ROW_LIMIT));
      this.count += 1;
    }
    this.#place(at, item, weight);
  }

  /** Puts an entry in front of those that are not heavier; its place so far is `from`, or what is there goes. */
  #place(from: number, item: number, weight: number): void {
    const { items, weights } = this;
    let at = from;
    for (; at > 0 && weights[at - 1]! <= weight; at--) {
      items[at] = items[at - 1]!;
      weights[at] = weights[at - 1]!;
    }
    items[at] = item;
    weights[at] = weight;
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
