// What taste is compared by, per instance: prices of items by dense id, and their contents. A view over the global store `catalog`,
// beside ItemIndex, which has categories, brands and what may be shown.

import type { CatalogEntry } from '../catalog-entry.ts';
import type { ItemIndex } from '../item-index.ts';
import { ContentIndex } from './content-index.ts';
import type { Finding } from './nearest.ts';

const INITIAL_CAPACITY = 1024;

/** Prices and contents of items. */
export class ItemFacts {
  readonly content: ContentIndex;
  readonly #index: ItemIndex;
  /** Natural logarithms of prices by dense id; NaN where there is none above 0. */
  #logPrices = new Float64Array(INITIAL_CAPACITY).fill(Number.NaN);
  readonly #currencies = new Map<number, string>();

  /** @param finding of what is nearest in content. */
  constructor(index: ItemIndex, finding: Finding) {
    this.#index = index;
    this.content = new ContentIndex((denseId) => index.textOf(denseId), finding);
  }

  /** An entry of the global store `catalog` was found at start, changed, or (`undefined`) withdrawn. */
  apply(itemId: string, entry: CatalogEntry | undefined): void {
    const denseId = this.#index.internText(itemId);
    if (denseId === undefined) return;
    this.content.apply(denseId, entry?.content);
    this.#growTo(denseId);
    const price = entry?.price ?? 0;
    this.#logPrices[denseId] = price > 0 ? Math.log(price) : Number.NaN;
    if (entry?.currency === undefined) this.#currencies.delete(denseId);
    else this.#currencies.set(denseId, entry.currency);
  }

  /** Natural logarithm of an item's price; NaN where it has none. */
  logPriceOf(denseId: number): number {
    return this.#logPrices[denseId] ?? Number.NaN;
  }

  /** Currency of the price; `undefined` where the shop names none. */
  currencyOf(denseId: number): string | undefined {
    return this.#currencies.get(denseId);
  }

  #growTo(denseId: number): void {
    if (denseId < this.#logPrices.length) return;
    const larger = new Float64Array(Math.max(denseId + 1, 2 * this.#logPrices.length)).fill(Number.NaN);
    larger.set(this.#logPrices);
    this.#logPrices = larger;
  }
}
