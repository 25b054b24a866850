// One visit to the shop: a small random walk. Each step is one event; where the walk goes next depends on the shopper's taste,
// on the product in view (its related products and complements) and on the cart. A visit that ends with a full cart mostly buys.
import type { Click, ClickKind, Impression } from '../../schemas/records.ts';
import type { Catalog, Product } from './catalog.ts';
import type { Random } from './random.ts';
import type { Shopper } from './shopper.ts';
import type { SimulatedEvent } from './simulated-event.ts';

/** A product in the cart. */
export interface CartLine {
  readonly product: Product;
  quantity: number;
}

/** What a step did: an event, or the end of the visit with what is to be bought (nothing when `lines` is empty). */
export type SessionStep =
  | { readonly kind: 'event'; readonly event: SimulatedEvent }
  | { readonly kind: 'end'; readonly lines: readonly CartLine[] };

const MAX_STEPS = 28;
const MAX_CART = 6;
const REFERRERS = ['search-engine', 'direct', 'newsletter', 'social', 'price-comparison'];
/** Products that a recommendation list on a page shows. */
const SHOWN = 6;

/** A visit under way. */
export class Session {
  readonly shopper: Shopper;
  readonly sessionId: string;
  readonly #random: Random;
  readonly #catalog: Catalog;
  readonly #referrer: string;
  readonly #cart: CartLine[] = [];
  #stepsLeft: number;
  #inView: Product | undefined;
  /** The list on the page, until something of it is clicked or another page is opened. */
  #list: { readonly listId: string; readonly placement: string; readonly products: readonly Product[] } | undefined;
  /** The next step looks at a complement of the product in view. */
  #wantsComplement = false;

  constructor(random: Random, catalog: Catalog, shopper: Shopper) {
    this.#random = random;
    this.#catalog = catalog;
    this.shopper = shopper;
    this.sessionId = random.uuid();
    this.#referrer = random.pick(REFERRERS);
    // Most visits are short; the mean is near eleven steps.
    this.#stepsLeft = 2 + random.skewedIndex(MAX_STEPS - 2);
  }

  /** The next step at `at`, epoch ms. Not to be called after the end. */
  step(at: number): SessionStep {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) return { kind: 'end', lines: this.#random.chance(0.65) ? this.#cart : [] };
    return { kind: 'event', event: this.#act(at) };
  }

  #act(at: number): SimulatedEvent {
    const random = this.#random;
    const product = this.#inView;
    if (product === undefined) {
      const favourite = this.#browse();
      if (random.chance(0.2)) return this.#search(at, favourite);
      return this.#view(at, favourite);
    }
    if (this.#wantsComplement) {
      this.#wantsComplement = false;
      return this.#view(at, this.#listed(product.complements) ?? this.#browse());
    }
    const list = this.#list;
    if (list !== undefined && random.chance(0.4)) {
      this.#list = undefined;
      const position = random.skewedIndex(list.products.length);
      this.#inView = list.products[position]!;
      return this.#click(at, 'listClick', this.#inView, { listId: list.listId, placement: list.placement });
    }
    const dice = random.next();
    if (dice < 0.2 && this.#cart.length < MAX_CART && this.#wouldBuy(product)) return this.#addToCart(at, product);
    if (dice < 0.24) return this.#click(at, 'wishlist', product);
    if (dice < 0.28) return this.#click(at, 'dwell', product, { dwellMs: random.between(2_000, 90_000) });
    if (dice < 0.3) return this.#click(at, 'like', product);
    if (dice < 0.31) return this.#click(at, 'dislike', product);
    if (dice < 0.325) return this.#click(at, 'rate', product, { rating: Math.max(1, 5 - random.skewedIndex(5)) });
    if (dice < 0.34 && this.#cart.length > 0) return this.#removeFromCart(at);
    if (dice < 0.4 && this.#list === undefined) return this.#seeList(at, product);
    if (dice < 0.44) return this.#search(at, this.#browse());
    if (dice < 0.56) return this.#view(at, this.#listed(product.complements) ?? this.#browse());
    if (dice < 0.86) return this.#view(at, this.#listed(product.related) ?? this.#browse());
    return this.#view(at, this.#browse());
  }

  /** A product of a shelf that the shopper likes, rather of their price level and brands. */
  #browse(): Product {
    const random = this.#random;
    const shelf = this.#catalog.shelves[this.shopper.shelves[random.skewedIndex(this.shopper.shelves.length)]!]!;
    let best: Product | undefined;
    let bestScore = -Infinity;
    for (let i = 0; i < 3; i += 1) {
      const product = this.#catalog.products[shelf[random.skewedIndex(shelf.length)]!]!;
      if (!product.isListed) continue;
      const brand = this.shopper.brands.includes(product.brand) ? 0.3 : 0;
      const score = brand - Math.abs(product.level - this.shopper.level) + 0.4 * random.next();
      if (score > bestScore) {
        best = product;
        bestScore = score;
      }
    }
    return best ?? this.#anyListed();
  }

  /** The shop never withdraws so much that no product is left. */
  #anyListed(): Product {
    for (;;) {
      const product = this.#random.pick(this.#catalog.products);
      if (product.isListed) return product;
    }
  }

  #listed(indexes: readonly number[]): Product | undefined {
    const product = this.#catalog.products[indexes[this.#random.skewedIndex(indexes.length)]!]!;
    return product.isListed ? product : undefined;
  }

  #wouldBuy(product: Product): boolean {
    return product.stock > 0 && !this.#cart.some((line) => line.product === product);
  }

  #view(at: number, product: Product): SimulatedEvent {
    if (product !== this.#inView) this.#list = undefined;
    this.#inView = product;
    return this.#click(at, 'view', product);
  }

  #search(at: number, product: Product): SimulatedEvent {
    const query = this.#random.chance(0.5) ? product.noun : `${product.brand} ${product.noun}`;
    return this.#click(at, 'search', undefined, { query: query.toLowerCase() });
  }

  #addToCart(at: number, product: Product): SimulatedEvent {
    const quantity = this.#random.chance(0.85) ? 1 : this.#random.between(2, 4);
    this.#cart.push({ product, quantity });
    this.#wantsComplement = this.#random.chance(0.7);
    // Someone who buys does not leave at once.
    this.#stepsLeft = Math.max(this.#stepsLeft, 2);
    return this.#click(at, 'addToCart', product, { quantity });
  }

  #removeFromCart(at: number): SimulatedEvent {
    const [line] = this.#cart.splice(this.#random.between(0, this.#cart.length - 1), 1);
    return this.#click(at, 'removeFromCart', line!.product, { quantity: line!.quantity });
  }

  #seeList(at: number, product: Product): SimulatedEvent<'impressions'> | SimulatedEvent<'clicks'> {
    const placement = this.#random.pick(['product-page', 'cart-page', 'home']);
    const products = this.#shown(product);
    if (products.length === 0) return this.#click(at, 'view', product) as SimulatedEvent<'clicks'>;
    const listId = `shown-${this.#random.uint32().toString(36)}`;
    this.#list = { listId, placement, products };
    const value: Impression = {
      eventId: this.#random.uuid(),
      visitorId: this.shopper.visitorId,
      sessionId: this.sessionId,
      at,
      listId,
      placement,
      variant: null,
      items: products.map((shown, position) => ({ itemId: shown.id, position })),
    };
    return { topic: 'impressions', key: this.shopper.visitorId, at, value };
  }

  #shown(product: Product): Product[] {
    const indexes = [...product.complements, ...product.related].slice(0, SHOWN);
    return indexes.map((index) => this.#catalog.products[index]!).filter((shown) => shown.isListed);
  }

  #click(at: number, kind: ClickKind, product: Product | undefined, details: Partial<Click> = {}): SimulatedEvent {
    const { shopper } = this;
    const value: Click = {
      eventId: this.#random.uuid(),
      visitorId: shopper.visitorId,
      userId: shopper.userId,
      sessionId: this.sessionId,
      at,
      kind,
      itemId: product === undefined ? null : product.id,
      listId: details.listId ?? null,
      placement: details.placement ?? null,
      query: details.query ?? null,
      rating: details.rating ?? null,
      dwellMs: details.dwellMs ?? null,
      quantity: details.quantity ?? null,
      device: shopper.device,
      region: shopper.region,
      referrer: this.#referrer,
    };
    return { topic: 'clicks', key: shopper.visitorId, at, value };
  }
}
