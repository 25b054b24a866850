// Scores by item, summed over several lists: one number for each item that this process knows, and a list of those that were touched.

import { LIST_SIZE } from './limits.ts';
import { Top } from './top.ts';

export class Scores {
  #scores = new Float32Array(1024);
  /** The items with a score, in the order in which they were met. */
  #touched = new Int32Array(1024);
  #count = 0;
  readonly #top = new Top(LIST_SIZE);

  /** Forgets everything. Items to come are below `items`. */
  clear(items: number): void {
    for (let i = 0; i < this.#count; i++) this.#scores[this.#touched[i]!] = 0;
    this.#count = 0;
    if (items <= this.#scores.length) return;
    this.#scores = new Float32Array(2 * items);
    this.#touched = new Int32Array(2 * items);
  }

  /** Adds `count` scores above 0 from place `from` on. */
  addAll(items: Int32Array, scores: Float32Array, from: number, count: number, factor: number): void {
    const sums = this.#scores;
    const touched = this.#touched;
    let touchedCount = this.#count;
    for (let i = from; i < from + count; i++) {
      const item = items[i]!;
      const sum = sums[item]!;
      if (sum === 0) touched[touchedCount++] = item;
      sums[item] = sum + scores[i]! * factor;
    }
    this.#count = touchedCount;
  }

  /** The item will not be among the best, whatever is added. */
  exclude(item: number): void {
    if (this.#scores[item] === 0) this.#touched[this.#count++] = item;
    this.#scores[item] = Number.NEGATIVE_INFINITY;
  }

  /** The best; valid until the next call. */
  top(): Top {
    const top = this.#top;
    top.clear();
    for (let i = 0; i < this.#count; i++) top.add(this.#touched[i]!, this.#scores[this.#touched[i]!]!);
    return top;
  }
}
