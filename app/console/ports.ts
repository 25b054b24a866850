// What the console needs from the rest of the process. The wiring gives it; the tests give fakes.
import type { Clock, Logger } from '../../engine/api/index.ts';
import type { EngineView } from './engine-view.ts';
import type { ShopEvent } from './shop-event.ts';

/** A product as the storefront shows it. */
export interface ShopProduct {
  readonly id: string;
  readonly title: string;
  readonly description?: string | undefined;
  /** From wide to narrow; the first is what the storefront browses by. */
  readonly categories: readonly string[];
  readonly brand?: string | undefined;
  readonly price?: number | undefined;
  /** ISO 4217. */
  readonly currency?: string | undefined;
  /** `undefined` when not tracked. */
  readonly stock?: number | undefined;
}

/** The demo shop's catalog, for browsing. Recommendations do not come from here. */
export interface ShopCatalog {
  /** Categories with the number of their products, in the order of the menu. */
  categories(): readonly { readonly name: string; readonly count: number }[];
  /** Products of a category and with all words of `query` in the title, brand or category; absent means any. `total` counts all matches. */
  find(options: {
    readonly category: string | undefined;
    readonly query: string | undefined;
    readonly skip: number;
    readonly limit: number;
  }): { readonly products: readonly ShopProduct[]; readonly total: number };
  product(id: string): ShopProduct | undefined;
}

/** The demo shop behind the page. */
export interface Shop {
  readonly catalog: ShopCatalog;
  /** Appends the event to its stream and resolves when the log has it. The id is the record's `eventId`. */
  accept(event: ShopEvent): Promise<{ readonly eventId: string }>;
  /** Sets how many events a second the simulated shoppers send; absent when none are simulated. */
  setRate?(eventsPerSecond: number): void;
}

export interface ConsolePorts {
  engine(): EngineView;
  readonly shop: Shop;
  readonly clock: Clock;
  readonly logger: Logger;
}
