// The simulated shop. A pool of visits is under way; each event is one step of one of them, or something the shop does itself
// (stock, prices, campaigns), or an order taken back. Invariants: everything is a function of seed, start time, rate and the times asked
// for, drawn from one generator in one order; event time never goes back; memory does not grow with the number of events.

import { badEvent } from './bad-events.ts';
import { buildCatalog, type Catalog, catalogRecord } from './catalog.ts';
import { Orders } from './orders.ts';
import { Random } from './random.ts';
import { Session } from './session.ts';
import { Shopkeeping } from './shopkeeping.ts';
import { SHOPPERS, shopperOf, visitorRecord } from './shopper.ts';
import type { SimulatedEvent } from './simulated-event.ts';

/** How a shop is made. */
export interface ShopOptions {
  /** A safe integer. Catalog and shoppers' tastes depend on it alone. */
  readonly seed: number;
  /**
   * Event time of the opening, epoch ms. What happens and all event ids depend on it too, so that a shop which opens anew
   * with the same seed does not send the ids of its last opening again.
   */
  readonly startAtMs: number;
  /** Mean over the day, above 0. */
  readonly eventsPerSecond: number;
  /** Share of deliberately bad events, 0 to 1. @defaultValue 0 */
  readonly badEventShare?: number;
}

/** A shop that is open. Either `events` is used, or `next`, not both. */
export interface Shop {
  /** The catalog as it is now: one event for each listed product, at the opening time. To be sent before anything else. */
  catalogEvents(): SimulatedEvent[];
  /** All that happens, without end, in event-time order and with a day curve. Lazy. */
  events(): Generator<SimulatedEvent, never, undefined>;
  /** What happens next when it happens at `atMs`, which must not be before the last event's time. */
  next(atMs: number): SimulatedEvent;
  /** Sets the mean rate from now on; with it goes the number of visits that are under way. */
  setRate(eventsPerSecond: number): void;
}

/** A visit's think time is the pool's size over the rate: about this many seconds, within the bounds of the pool. */
const THINK_SECONDS = 8;
const MIN_POOL = 40;
const MAX_POOL = 4_000;
const TAKE_BACK_SHARE = 0.002;
const VISITOR_RECORD_SHARE = 0.05;
/** Rate by hour of day UTC against the day's mean; the mean of the 24 is 1. */
const DAY_CURVE = [
  0.4, 0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.8, 1.0, 1.1, 1.2, 1.3, 1.4, 1.3, 1.2, 1.2, 1.2, 1.3, 1.5, 1.7, 1.8, 1.7, 1.4,
  0.8,
];
const HOUR_MS = 3_600_000;

/**
 * Opens a shop.
 * @throws {RangeError} when an option is out of its range.
 */
export function createShop(options: ShopOptions): Shop {
  checkOptions(options);
  return new SimulatedShop(options);
}

class SimulatedShop implements Shop {
  readonly #seed: number;
  readonly #startAtMs: number;
  readonly #badEventShare: number;
  readonly #random: Random;
  readonly #catalog: Catalog;
  readonly #shopkeeping: Shopkeeping;
  readonly #orders: Orders;
  readonly #sessions: Session[] = [];
  /** Sent before the next step is taken, `#pendingFrom` on. */
  readonly #pending: SimulatedEvent[] = [];
  #pendingFrom = 0;
  #eventsPerSecond: number;
  readonly #send = (event: SimulatedEvent): void => {
    this.#pending.push(event);
  };

  constructor(options: ShopOptions) {
    this.#seed = options.seed;
    this.#startAtMs = options.startAtMs;
    this.#eventsPerSecond = options.eventsPerSecond;
    this.#badEventShare = options.badEventShare ?? 0;
    this.#random = new Random(options.seed, 'events', options.startAtMs);
    this.#catalog = buildCatalog(options.seed);
    this.#shopkeeping = new Shopkeeping(this.#random, this.#catalog, options.startAtMs);
    this.#orders = new Orders(this.#random);
  }

  catalogEvents(): SimulatedEvent[] {
    // A generator of its own: reading the catalog does not change what happens later.
    const random = new Random(this.#seed, 'catalog events', this.#startAtMs);
    const at = this.#startAtMs;
    return this.#catalog.products
      .filter((product) => product.isListed)
      .map((product) => ({ topic: 'catalog', key: product.id, at, value: catalogRecord(product, random.uuid(), at) }));
  }

  *events(): Generator<SimulatedEvent, never, undefined> {
    const pace = new Random(this.#seed, 'pace', this.#startAtMs);
    let atMs = this.#startAtMs;
    for (;;) {
      const hour = Math.floor(atMs / HOUR_MS) % 24;
      const meanGapMs = 1_000 / (this.#eventsPerSecond * DAY_CURVE[hour]!);
      atMs += meanGapMs * (0.5 + pace.next());
      yield this.next(Math.floor(atMs));
    }
  }

  setRate(eventsPerSecond: number): void {
    if (!(eventsPerSecond > 0)) throw new RangeError('eventsPerSecond must be above 0');
    this.#eventsPerSecond = eventsPerSecond;
  }

  next(atMs: number): SimulatedEvent {
    for (;;) {
      const waiting = this.#nextPending(atMs);
      if (waiting !== undefined) return waiting;
      this.#shopkeeping.run(atMs, this.#send);
      if (this.#pending.length > 0) continue;
      const random = this.#random;
      if (this.#badEventShare > 0 && random.chance(this.#badEventShare)) {
        return badEvent(random, random.pick(this.#catalog.products).id, atMs);
      }
      if (random.chance(TAKE_BACK_SHARE)) {
        const takenBack = this.#orders.takeBack(atMs);
        if (takenBack !== undefined) return takenBack;
      }
      const event = this.#stepVisit(atMs);
      if (event !== undefined) return event;
    }
  }

  /** Pending events were made for an earlier or the same time; they are sent at `atMs`, one for each place in the schedule. */
  #nextPending(atMs: number): SimulatedEvent | undefined {
    const event = this.#pending[this.#pendingFrom];
    if (event === undefined) return undefined;
    this.#pendingFrom += 1;
    if (this.#pendingFrom === this.#pending.length) {
      this.#pending.length = 0;
      this.#pendingFrom = 0;
    }
    if (event.at === atMs) return event;
    const value = event.value === null ? null : { ...event.value, at: atMs };
    return { topic: event.topic, key: event.key, at: atMs, value };
  }

  /** One step of one visit; `undefined` when the visit just ended without an order. */
  #stepVisit(atMs: number): SimulatedEvent | undefined {
    const index = this.#random.between(0, this.#poolSize() - 1);
    const session = this.#sessions[index];
    if (session === undefined) {
      this.#arrive(this.#sessions.length, atMs);
      return undefined;
    }
    const step = session.step(atMs);
    if (step.kind === 'event') return step.event;
    const order = step.lines.length === 0 ? undefined : this.#orders.place(session, step.lines, atMs);
    if (order !== undefined) {
      this.#send(order);
      for (const { product } of step.lines) {
        if (product.stock === 0 && product.isListed) this.#shopkeeping.soldOut(product, atMs, this.#send);
      }
    }
    this.#arrive(index, atMs);
    return undefined;
  }

  /** A new visit takes place `index` of the pool, which may be the one after the last. */
  #arrive(index: number, atMs: number): void {
    const shopper = shopperOf(this.#seed, this.#random.skewedIndex(SHOPPERS), this.#catalog);
    this.#sessions[index] = new Session(this.#random, this.#catalog, shopper);
    if (this.#random.chance(VISITOR_RECORD_SHARE)) {
      const value = visitorRecord(shopper, this.#random.uuid(), atMs);
      this.#send({ topic: 'visitors', key: shopper.visitorId, at: atMs, value });
    }
  }

  /** Visits that take turns. After the rate was lowered those beyond simply wait. */
  #poolSize(): number {
    return Math.min(MAX_POOL, Math.max(MIN_POOL, Math.round(this.#eventsPerSecond * THINK_SECONDS)));
  }
}

function checkOptions(options: ShopOptions): void {
  if (!Number.isSafeInteger(options.seed)) throw new RangeError('seed must be a whole number');
  if (!Number.isSafeInteger(options.startAtMs))
    throw new RangeError('startAtMs must be a whole number of milliseconds');
  if (!(options.eventsPerSecond > 0)) throw new RangeError('eventsPerSecond must be above 0');
  const share = options.badEventShare ?? 0;
  if (!(share >= 0 && share <= 1)) throw new RangeError('badEventShare must be from 0 to 1');
}
