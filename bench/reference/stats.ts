// What the application has done, for the measuring script. Batches that are run again count again.

export interface StatsTotals {
  readonly clicks: number;
  readonly pairs: number;
  readonly userLists: number;
  readonly itemLists: number;
  /** What the stores keep decoded in memory. */
  readonly cacheBytes: number;
}

export class Stats {
  clicks = 0;
  pairs = 0;
  userLists = 0;
  itemLists = 0;
  readonly #first: (nowMs: number) => void;

  /** `first` hears of the first click, once, with its time. */
  constructor(first: (nowMs: number) => void) {
    this.#first = first;
  }

  click(pairs: number): void {
    if (this.clicks === 0) this.#first(Date.now());
    this.clicks += 1;
    this.pairs += pairs;
  }

  totals(cacheBytes: number): StatsTotals {
    const { clicks, pairs, userLists, itemLists } = this;
    return { clicks, pairs, userLists, itemLists, cacheBytes };
  }
}
