// The demo shop: the simulated shoppers, the catalog that the page browses, and the intake for what the page's visitor does. It is an
// event producer like any other: all it knows of the engine is the log it appends to.

import { randomUUID } from 'node:crypto';
import type { LogAppender, ProducerRecord } from '../engine/api/index.ts';
import type { CatalogItem, Click, Purchase, SourceSerdes } from '../schemas/index.ts';
import { createShop, type LiveShop, runLiveShop, type SimulatedEvent } from '../tools/simulator/index.ts';
import { systemWaitingClock } from '../tools/waiting-clock.ts';
import type { Shop, ShopCatalog, ShopProduct } from './console/ports.ts';
import type { ShopEvent } from './console/shop-event.ts';
import { producerRecord } from './producer-record.ts';

/** Enough that the page has something to show of refusals within a minute. */
const BAD_EVENT_SHARE = 0.001;
const FUTURE_MS = 3_600_000;
const DEMO_REGION = 'DE';

export interface DemoShopOptions {
  readonly log: LogAppender;
  readonly serdes: SourceSerdes;
  readonly seed: number;
  readonly eventsPerSecond: number;
  readonly signal: AbortSignal;
}

export class DemoShop implements Shop {
  readonly catalog: ShopCatalog;
  readonly #options: DemoShopOptions;
  readonly #products = new Map<string, ShopProduct>();
  #live: LiveShop | undefined;
  #eventsPerSecond: number;

  constructor(options: DemoShopOptions) {
    this.#options = options;
    this.#eventsPerSecond = options.eventsPerSecond;
    this.catalog = {
      categories: () => this.#categories(),
      find: (query) => this.#find(query),
      product: (id) => this.#products.get(id),
    };
  }

  get eventsPerSecond(): number {
    return this.#eventsPerSecond;
  }

  setRate(eventsPerSecond: number): void {
    this.#eventsPerSecond = eventsPerSecond;
    this.#live?.setRate(eventsPerSecond);
  }

  /** Opens the shop, and runs it until the signal aborts. */
  async run(): Promise<void> {
    const { seed, signal } = this.#options;
    const shop = createShop({
      seed,
      startAtMs: systemWaitingClock.nowMs(),
      eventsPerSecond: Math.max(1, this.#eventsPerSecond),
      badEventShare: BAD_EVENT_SHARE,
    });
    this.#live = runLiveShop({
      shop,
      eventsPerSecond: this.#eventsPerSecond,
      append: (events) => this.#append(events),
      clock: systemWaitingClock,
      signal,
    });
    await this.#live.done;
  }

  async #append(events: readonly SimulatedEvent[]): Promise<void> {
    for (const { topic, key, value } of events) if (topic === 'catalog') this.#list(key, value as CatalogItem | null);
    await this.#options.log.append(
      events.map(({ topic, key, value, at }) => producerRecord(this.#options.serdes, topic, key, value, at)),
    );
  }

  #list(id: string, item: CatalogItem | null): void {
    if (item === null) {
      this.#products.delete(id);
      return;
    }
    this.#products.set(id, {
      id,
      title: item.title,
      description: item.description ?? undefined,
      categories: item.categories,
      brand: item.brand ?? undefined,
      price: item.price ?? undefined,
      currency: item.currency ?? undefined,
      stock: item.stock ?? undefined,
    });
  }

  #categories(): { name: string; count: number }[] {
    const counts = new Map<string, number>();
    for (const { categories } of this.#products.values()) {
      const [widest] = categories;
      if (widest !== undefined) counts.set(widest, (counts.get(widest) ?? 0) + 1);
    }
    return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  #find({ category, query, skip, limit }: Parameters<ShopCatalog['find']>[0]): ReturnType<ShopCatalog['find']> {
    const wanted = query?.toLowerCase().split(/\s+/).filter(Boolean) ?? [];
    const found = this.#window().filter(
      ({ title, brand, categories }) =>
        (category === undefined || categories.includes(category)) &&
        wanted.every((word) => `${title} ${brand ?? ''} ${categories.join(' ')}`.toLowerCase().includes(word)),
    );
    return { products: found.slice(skip, skip + limit), total: found.length };
  }

  /** One product of each shelf, then the next of each: a shop window shows some of everything. */
  #window(): ShopProduct[] {
    const shelves = new Map<string, number>();
    const placed = Array.from(this.#products.values(), (product) => {
      const shelf = product.categories.at(-1) ?? '';
      const place = shelves.get(shelf) ?? 0;
      shelves.set(shelf, place + 1);
      return { product, place };
    });
    return placed.sort((a, b) => a.place - b.place).map(({ product }) => product);
  }

  async accept(event: ShopEvent): Promise<{ eventId: string }> {
    const eventId = randomUUID();
    await this.#options.log.append([this.#recordOf(event, eventId)]);
    return { eventId };
  }

  #recordOf(event: ShopEvent, eventId: string): ProducerRecord {
    const { serdes } = this.#options;
    const { visitorId, at } = event;
    if (event.kind === 'purchase')
      return producerRecord(serdes, 'purchases', visitorId, this.#order(event, eventId, event.lines), at);
    if (event.kind !== 'bad') {
      const { kind, visitorId: _visitor, sessionId: _session, device: _device, at: _at, ...details } = event;
      return producerRecord(serdes, 'clicks', visitorId, { ...this.#click(event, eventId), kind, ...details }, at);
    }
    const view = this.#click(event, eventId);
    switch (event.fault) {
      case 'missing-item':
        return producerRecord(serdes, 'clicks', visitorId, { ...view, itemId: null }, at);
      case 'unknown-item':
        return producerRecord(serdes, 'clicks', visitorId, { ...view, itemId: `unlisted-${eventId.slice(0, 8)}` }, at);
      case 'future':
        return producerRecord(
          serdes,
          'clicks',
          visitorId,
          { ...view, itemId: this.#anyItem(), at: at + FUTURE_MS },
          at,
        );
      case 'negative-quantity':
        return producerRecord(
          serdes,
          'purchases',
          visitorId,
          this.#order(event, eventId, [{ itemId: this.#anyItem(), quantity: -1 }]),
          at,
        );
      case 'unreadable':
        return { topic: 'clicks', key: visitorId, value: Buffer.from('this is no Avro'), timestampMs: at };
    }
  }

  #anyItem(): string {
    return this.#products.keys().next().value ?? 'none';
  }

  #click(event: ShopEvent, eventId: string): Click {
    return {
      eventId,
      visitorId: event.visitorId,
      userId: null,
      sessionId: event.sessionId,
      at: event.at,
      kind: 'view',
      itemId: null,
      listId: null,
      placement: null,
      query: null,
      rating: null,
      dwellMs: null,
      quantity: null,
      device: event.device ?? null,
      region: DEMO_REGION,
      referrer: null,
    };
  }

  #order(event: ShopEvent, eventId: string, lines: readonly { itemId: string; quantity: number }[]): Purchase {
    return {
      eventId,
      orderId: `order-${eventId}`,
      visitorId: event.visitorId,
      userId: null,
      sessionId: event.sessionId,
      at: event.at,
      status: 'placed',
      lines: lines.map(({ itemId, quantity }) => {
        const product = this.#products.get(itemId);
        return { itemId, quantity, unitPrice: product?.price ?? 0, currency: product?.currency ?? 'EUR' };
      }),
      device: event.device ?? null,
      region: DEMO_REGION,
    };
  }
}
