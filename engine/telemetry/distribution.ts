// A histogram's values twice: counted by declared bounds since the start, which is what exporters send, and of the last half to whole minute,
// so that a figure on a page follows what happens now.

import type { Clock, Histogram, MetricAttributes } from '../api/index.ts';
import { LogHistogram } from './log-histogram.ts';

/** Two halves: the older one is dropped when the younger one is full. */
const HALF_WINDOW_MS = 30_000;

/** Longest time that the recent values look back, ms. */
export const DISTRIBUTION_WINDOW_MS = 2 * HALF_WINDOW_MS;

export class Distribution implements Histogram {
  readonly name: string;
  readonly attributes: MetricAttributes;
  readonly bounds: readonly number[];
  /** Values up to each bound and above the one before it; last, those above all of them. Since the start. */
  readonly counts: number[];
  sum = 0;
  count = 0;
  readonly #clock: Clock;
  #younger = new LogHistogram();
  #older = new LogHistogram();
  #turnMs: number;

  constructor(name: string, attributes: MetricAttributes, bounds: readonly number[], clock: Clock) {
    this.name = name;
    this.attributes = attributes;
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
    this.#clock = clock;
    this.#turnMs = clock.nowMs() + HALF_WINDOW_MS;
  }

  record(value: number, times = 1): void {
    this.#turn();
    this.#younger.record(value, times);
    const bucket = this.#bucketOf(value);
    this.counts[bucket] = this.counts[bucket]! + times;
    this.sum += value * times;
    this.count += times;
  }

  /** Index of the first bound that is not below the value. */
  #bucketOf(value: number): number {
    const { bounds } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bounds[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #turn(): void {
    const now = this.#clock.nowMs();
    if (now < this.#turnMs) return;
    const dropped = this.#older;
    this.#older = this.#younger;
    this.#younger = dropped;
    this.#younger.clear();
    if (now >= this.#turnMs + HALF_WINDOW_MS) this.#older.clear();
    this.#turnMs = now + HALF_WINDOW_MS;
  }

  /** Values of the last half to whole minute. */
  recent(): LogHistogram {
    this.#turn();
    const all = new LogHistogram();
    all.merge(this.#younger);
    all.merge(this.#older);
    return all;
  }
}
