// The most popular items, whoever asks.

import { addTo, type Baseline, type BaselineSession, bestOf, type Scored } from './baseline.ts';

/** Counts how often an item was dealt with. */
export class Popularity implements Baseline {
  readonly name = 'popularity';
  readonly #counts = new Map<number, number>();
  #best: { readonly count: number; readonly items: Scored[] } | undefined;

  learn(_session: BaselineSession, item: number): void {
    addTo(this.#counts, item, 1);
    this.#best = undefined;
  }

  best(_query: readonly number[], count: number): Scored[] {
    if (this.#best?.count !== count) this.#best = { count, items: bestOf(this.#counts, count) };
    return this.#best.items;
  }
}
