// An item's row: the items that occurred with it and how heavily, oldest first, at most 200; when there is no room the lowest weight
// goes, of equals the oldest. `floor` is a lower bound of the weights, so that most drops need no full scan.

import { ROW_LIMIT } from './limits.ts';

const FIRST_CAPACITY = 8;

export class ItemRow {
  total = 0;
  floor = 0;
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

  add(item: number, weight: number): void {
    this.total += weight;
    const { items, count } = this;
    for (let i = 0; i < count; i++)
      if (items[i] === item) {
        this.weights[i]! += weight;
        return;
      }
    if (count === ROW_LIMIT) {
      if (weight < this.floor) return;
      this.#append(item, weight);
      this.#dropLowest();
      return;
    }
    this.#append(item, weight);
    if (this.count === 1 || weight < this.floor) this.floor = weight;
  }

  #append(item: number, weight: number): void {
    if (this.count === this.items.length) this.reserve(Math.min(2 * this.count, ROW_LIMIT + 1));
    this.items[this.count] = item;
    this.weights[this.count] = weight;
    this.count += 1;
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

  /** Ends at the first weight on the floor. */
  #dropLowest(): void {
    const { weights, items, count } = this;
    let at = 0;
    let lowest = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const weight = weights[i]!;
      if (weight < lowest) {
        next = lowest;
        lowest = weight;
        at = i;
        if (weight <= this.floor) {
          next = this.floor;
          break;
        }
      } else if (weight < next) next = weight;
    }
    this.floor = next;
    items.copyWithin(at, at + 1, count);
    weights.copyWithin(at, at + 1, count);
    this.count -= 1;
  }
}
