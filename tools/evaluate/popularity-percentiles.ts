// Where an item stands among all items by how often it was dealt with. Counts change with every step, places with every ten
// thousandth: a place is for a mean over thousands of lists.

const RENEW_EVERY = 10_000;

/** Counts of items and their places. */
export class PopularityPercentiles {
  #counts = new Float64Array(1024);
  #places = new Float64Array(0);
  #size = 0;
  #changes = RENEW_EVERY;

  add(item: number): void {
    if (item >= this.#counts.length) {
      const grown = new Float64Array(Math.max(item + 1, 2 * this.#counts.length));
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[item]! += 1;
    if (item >= this.#size) this.#size = item + 1;
    this.#changes++;
  }

  /** Share of the items with a smaller count, 0 to 1; 0 for an item that was never counted. */
  of(item: number): number {
    if (this.#changes >= RENEW_EVERY) this.#renew();
    return this.#places[item] ?? 0;
  }

  #renew(): void {
    this.#changes = 0;
    const counts = this.#counts.subarray(0, this.#size);
    const sorted = counts.slice().sort();
    const smaller = new Map<number, number>();
    for (let i = 0; i < sorted.length; i++) if (!smaller.has(sorted[i]!)) smaller.set(sorted[i]!, i / sorted.length);
    this.#places = counts.map((count) => smaller.get(count)!);
  }
}
