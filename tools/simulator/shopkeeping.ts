// What the shop itself does: refills stock, changes prices, launches and withdraws products, starts and ends campaigns. Everything
// happens at times drawn beforehand, in event time; what is due is handed over as events, in the order of a fixed list of duties.
import type { Campaign, CampaignKind } from '../../schemas/records.ts';
import { type Catalog, catalogRecord, type Product } from './catalog.ts';
import type { Random } from './random.ts';
import type { SimulatedEvent } from './simulated-event.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
/** Mean times between two of a kind: short, so that somebody who watches for five minutes sees each of them. */
const PRICE_CHANGE_EVERY_MS = 20 * SECOND_MS;
const LAUNCH_EVERY_MS = 3 * MINUTE_MS;
const WITHDRAWAL_EVERY_MS = 4 * MINUTE_MS;
const CAMPAIGN_EVERY_MS = 90 * SECOND_MS;
const MAX_CAMPAIGNS = 4;
/** With fewer listed products than this nothing is withdrawn. */
const MIN_LISTED = 560;

interface RunningCampaign {
  readonly campaignId: string;
  readonly endsAt: number;
}

/** The shop's own duties. */
export class Shopkeeping {
  readonly #random: Random;
  readonly #catalog: Catalog;
  readonly #refills: { readonly product: Product; readonly dueMs: number }[] = [];
  readonly #campaigns: RunningCampaign[] = [];
  #priceChangeMs: number;
  #launchMs: number;
  #withdrawalMs: number;
  #campaignMs: number;
  /** The earliest of all due times: the one comparison that most events cost. */
  #nextDueMs: number;

  constructor(random: Random, catalog: Catalog, startAtMs: number) {
    this.#random = random;
    this.#catalog = catalog;
    this.#priceChangeMs = startAtMs + this.#gap(PRICE_CHANGE_EVERY_MS);
    this.#launchMs = startAtMs + this.#gap(LAUNCH_EVERY_MS);
    this.#withdrawalMs = startAtMs + this.#gap(WITHDRAWAL_EVERY_MS);
    this.#campaignMs = startAtMs + this.#gap(CAMPAIGN_EVERY_MS) / 4;
    this.#nextDueMs = startAtMs;
  }

  /** To be told after an order: sends word of what has sold out, and plans its refill. */
  soldOut(product: Product, at: number, send: (event: SimulatedEvent) => void): void {
    send(this.#changed(product, at));
    const dueMs = at + this.#random.between(20, 120) * SECOND_MS;
    this.#refills.push({ product, dueMs });
    this.#nextDueMs = Math.min(this.#nextDueMs, dueMs);
  }

  /** Sends everything that is due at `at`. */
  run(at: number, send: (event: SimulatedEvent) => void): void {
    if (at < this.#nextDueMs) return;
    this.#refill(at, send);
    this.#endCampaigns(at, send);
    if (at >= this.#priceChangeMs) {
      this.#priceChangeMs = at + this.#gap(PRICE_CHANGE_EVERY_MS);
      this.#changePrice(at, send);
    }
    if (at >= this.#launchMs) {
      this.#launchMs = at + this.#gap(LAUNCH_EVERY_MS);
      this.#launch(at, send);
    }
    if (at >= this.#withdrawalMs) {
      this.#withdrawalMs = at + this.#gap(WITHDRAWAL_EVERY_MS);
      this.#withdraw(at, send);
    }
    if (at >= this.#campaignMs) {
      this.#campaignMs = at + this.#gap(CAMPAIGN_EVERY_MS);
      if (this.#campaigns.length < MAX_CAMPAIGNS) this.#startCampaign(at, send);
    }
    this.#nextDueMs = Math.min(this.#priceChangeMs, this.#launchMs, this.#withdrawalMs, this.#campaignMs);
    for (const refill of this.#refills) this.#nextDueMs = Math.min(this.#nextDueMs, refill.dueMs);
    for (const campaign of this.#campaigns) this.#nextDueMs = Math.min(this.#nextDueMs, campaign.endsAt);
  }

  #gap(meanMs: number): number {
    return Math.round(meanMs * (0.5 + this.#random.next()));
  }

  #changed(product: Product, at: number): SimulatedEvent<'catalog'> {
    return { topic: 'catalog', key: product.id, at, value: catalogRecord(product, this.#random.uuid(), at) };
  }

  #refill(at: number, send: (event: SimulatedEvent) => void): void {
    for (let i = this.#refills.length - 1; i >= 0; i -= 1) {
      const { product, dueMs } = this.#refills[i]!;
      if (dueMs > at) continue;
      this.#refills.splice(i, 1);
      product.stock = this.#random.between(60, 400);
      if (product.isListed) send(this.#changed(product, at));
    }
  }

  #changePrice(at: number, send: (event: SimulatedEvent) => void): void {
    const product = this.#anyOne(true);
    if (product === undefined) return;
    // Around the list price, so that prices do not wander off however long the shop runs.
    const factor = this.#random.pick([0.8, 0.85, 0.9, 0.95, 1, 1, 1.05]);
    product.price = Math.max(0.5, Math.round(product.listPrice * factor * 100) / 100);
    send(this.#changed(product, at));
  }

  #launch(at: number, send: (event: SimulatedEvent) => void): void {
    const product = this.#anyOne(false);
    if (product === undefined) return;
    product.isListed = true;
    product.stock = Math.max(product.stock, 50);
    send(this.#changed(product, at));
  }

  #withdraw(at: number, send: (event: SimulatedEvent) => void): void {
    let listed = 0;
    for (const product of this.#catalog.products) if (product.isListed) listed += 1;
    const product = this.#anyOne(true);
    if (listed <= MIN_LISTED || product === undefined) return;
    product.isListed = false;
    send({ topic: 'catalog', key: product.id, at, value: null });
  }

  /** A product that is (or is not) listed; `undefined` when a few dozen draws found none. */
  #anyOne(isListed: boolean): Product | undefined {
    for (let i = 0; i < 60; i += 1) {
      const product = this.#random.pick(this.#catalog.products);
      if (product.isListed === isListed) return product;
    }
    return undefined;
  }

  #startCampaign(at: number, send: (event: SimulatedEvent) => void): void {
    const random = this.#random;
    const kind: CampaignKind = random.pick(['boost', 'boost', 'pin', 'exclude', 'bury']);
    const product = this.#catalog.products[random.between(0, this.#catalog.products.length - 1)]!;
    const isByShelf = kind === 'boost' || kind === 'bury';
    const campaignId = `${kind}-${isByShelf ? product.shelf : product.id}-${random.uint32().toString(36)}`
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-');
    const endsAt = at + random.between(60, 300) * SECOND_MS;
    const value: Campaign = {
      eventId: random.uuid(),
      campaignId,
      at,
      kind,
      items: isByShelf ? [] : [product.id],
      categories: isByShelf ? [product.shelf] : [],
      brands: [],
      attributes: {},
      audience: { segments: [], regions: random.chance(0.25) ? ['GB'] : [], devices: [] },
      placements: [],
      validFrom: at,
      validTo: endsAt,
      weight: isByShelf ? random.between(1, 3) : 1,
      budget: null,
    };
    this.#campaigns.push({ campaignId, endsAt });
    send({ topic: 'campaigns', key: campaignId, at, value });
  }

  #endCampaigns(at: number, send: (event: SimulatedEvent) => void): void {
    for (let i = this.#campaigns.length - 1; i >= 0; i -= 1) {
      const { campaignId, endsAt } = this.#campaigns[i]!;
      if (endsAt > at) continue;
      this.#campaigns.splice(i, 1);
      send({ topic: 'campaigns', key: campaignId, at, value: null });
    }
  }
}
