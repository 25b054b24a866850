// Where the items of a list stood after each step that changed their order: what an analyst asks when an item is not where it was expected.

import type { Candidate } from '../campaigns.ts';

/** The order of one list's candidates after each step. Used from list to list: `begin`, `after`..., `ranksOf`. */
export class RankHistory {
  readonly #steps: string[] = [];
  readonly #orders: (readonly number[])[] = [];

  begin(candidates: readonly Candidate[], name: string): void {
    this.#steps.length = 0;
    this.#orders.length = 0;
    this.#keep(candidates, name);
  }

  /** Notes the order after a step, if the step changed it. */
  after(candidates: readonly Candidate[], name: string): void {
    const last = this.#orders.at(-1)!;
    const isSame = last.length === candidates.length && last.every((denseId, i) => candidates[i]!.denseId === denseId);
    if (!isSame) this.#keep(candidates, name);
  }

  /** Names of the steps; `undefined` where the first order stood. */
  get steps(): readonly string[] | undefined {
    return this.#steps.length < 2 ? undefined : [...this.#steps];
  }

  /** Ranks of items after each step, from 1, a row for each item; 0 where an item was not there. */
  ranksOf(items: readonly { readonly denseId: number }[]): number[] {
    const rows = new Map<number, number>();
    for (let row = 0; row < items.length; row++) rows.set(items[row]!.denseId, row);
    const width = this.#orders.length;
    const ranks = new Array<number>(items.length * width).fill(0);
    for (let step = 0; step < width; step++) {
      const order = this.#orders[step]!;
      for (let place = 0; place < order.length; place++) {
        const row = rows.get(order[place]!);
        if (row !== undefined) ranks[row * width + step] = place + 1;
      }
    }
    return ranks;
  }

  #keep(candidates: readonly Candidate[], name: string): void {
    this.#steps.push(name);
    this.#orders.push(candidates.map(({ denseId }) => denseId));
  }
}
