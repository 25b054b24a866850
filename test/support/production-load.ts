// A simulated shop as a producer of a production test. It notes nothing of what it sends: the oracle reads the topics.
//
// What comes of the events must not depend on when tasks and tables see them, since crashes change that. So
// - each visitor's events lie in one topic: shoppers click, and each group of up to four orders has a visitor of its own;
// - the catalog is sent before any engine starts, items and categories of it stay; others come and go without being looked at;
// - event time never goes back within a topic.
// Event time runs faster than the clock, so that orders are old enough to be sent back. Every hundredth event is sent twice.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../app/config.ts';
import { kafkaClientOptions, sourceTopicName } from '../../app/kafka.ts';
import { producerRecord } from '../../app/producer-record.ts';
import { openRegistry } from '../../app/registry.ts';
import { type ProducerRecord, silentLogger, systemClock } from '../../engine/api/index.ts';
import { KafkaAppender } from '../../engine/kafka/index.ts';
import {
  type CatalogItem,
  createSerdes,
  type Purchase,
  type RegistrySchemaSource,
  type SourceSerdes,
} from '../../schemas/index.ts';
import { createShop, type Shop, type SimulatedEvent } from '../../tools/simulator/index.ts';

/** Event time between two events, ms. */
const STEP_MS = 50;
/** So long ago the shop opens, event time, ms: enough for 400,000 events. */
const HEAD_START_MS = 21_600_000;
const TICK_MS = 25;
const MOST_AT_ONCE = 500;
/** Clicks that may wait to be processed: with more a slow machine would spend the test on a backlog. */
const MOST_AHEAD = 1_500;
/** Ticks between two looks at how many do. */
const TICKS_PER_LOOK = 20;
const ORDERS_PER_BUYER = 4;
/** An item comes and goes in so many events. */
const PASSING_EVERY = 400;

export class ProductionLoad {
  readonly #appender: KafkaAppender;
  readonly #schemas: RegistrySchemaSource;
  readonly #serdes: SourceSerdes;
  readonly #shop: Shop;
  readonly #catalog = new Map<string, CatalogItem>();
  readonly #buyers = new Map<string, string>();
  readonly #seed: number;
  #atMs: number;
  #made = 0;
  #clicks = 0;
  readonly #processed: () => Promise<number>;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #eventsPerSecond = 0;

  private constructor(config: Config, schemas: RegistrySchemaSource, seed: number, processed: () => Promise<number>) {
    this.#processed = processed;
    this.#schemas = schemas;
    this.#serdes = createSerdes(schemas);
    this.#seed = seed;
    this.#atMs = Date.now() - HEAD_START_MS;
    this.#shop = createShop({ seed, startAtMs: this.#atMs, eventsPerSecond: 1_000 / STEP_MS });
    this.#appender = new KafkaAppender({
      client: kafkaClientOptions(config, silentLogger),
      topicName: (topic) => sourceTopicName(config, topic),
    });
  }

  /** Connects, and sends the catalog. `processed` tells how many clicks have been. */
  static async open(config: Config, seed: number, processed: () => Promise<number>): Promise<ProductionLoad> {
    const schemas = await openRegistry(config, systemClock, silentLogger, AbortSignal.timeout(60_000));
    const load = new ProductionLoad(config, schemas, seed, processed);
    const events = load.#shop.catalogEvents();
    for (const { key, value } of events) load.#catalog.set(key, value as CatalogItem);
    await load.#send(events);
    return load;
  }

  /** Sends from now on, until `pause`. */
  start(eventsPerSecond: number): void {
    this.#eventsPerSecond = eventsPerSecond;
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
    this.#running.catch(() => undefined);
  }

  /** An item has no stock left; resolves when the log knows. */
  async sellOut(itemId: string): Promise<void> {
    this.#atMs += STEP_MS;
    const item = { ...this.#catalog.get(itemId)!, eventId: `sold-out-${itemId}`, at: this.#atMs, stock: 0 };
    this.#catalog.set(itemId, item);
    await this.#send([{ topic: 'catalog', key: itemId, at: item.at, value: item }]);
  }

  /** Resolves when nothing is being sent. @throws what sending has failed with. */
  async pause(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running.catch(() => undefined);
    await this.#appender.close();
    this.#schemas.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    let isHeld = false;
    for (let made = 0, tick = 0; !signal.aborted; tick++) {
      await sleep(TICK_MS, undefined, { signal }).catch(() => undefined);
      if (tick % TICKS_PER_LOOK === 0) isHeld = await this.#isAhead();
      const due = Math.floor(((performance.now() - startMs) * this.#eventsPerSecond) / 1000);
      const count = isHeld ? 0 : Math.min(due - made, MOST_AT_ONCE);
      // What a slow machine cannot send is left out, not made up for in a burst.
      made = due;
      const events: SimulatedEvent[] = [];
      for (let i = 0; i < count; i++) this.#make(events);
      if (events.length > 0) await this.#send(events);
    }
  }

  /** Whether enough waits already; nothing is sent either while nobody can tell. */
  async #isAhead(): Promise<boolean> {
    const processed = await this.#processed().catch(() => undefined);
    return processed === undefined || this.#clicks - processed > MOST_AHEAD;
  }

  #make(events: SimulatedEvent[]): void {
    this.#atMs += STEP_MS;
    this.#made += 1;
    const event = this.#adapted(this.#shop.next(this.#atMs));
    if (event !== undefined) {
      events.push(event);
      if (this.#made % 100 === 0) events.push(event);
    }
    if (this.#made % PASSING_EVERY === 0) this.#pass(events);
  }

  /** The event as it may be sent; `undefined` where it may not. */
  #adapted(event: SimulatedEvent): SimulatedEvent | undefined {
    if (event.topic === 'catalog') return event.value !== null && this.#catalog.has(event.key) ? event : undefined;
    if (event.topic !== 'purchases') return event;
    const order = event.value as Purchase;
    let visitorId = this.#buyers.get(order.orderId);
    if (visitorId === undefined) {
      visitorId = `buyer-${Math.floor(this.#buyers.size / ORDERS_PER_BUYER)}`;
      this.#buyers.set(order.orderId, visitorId);
    }
    const sessionId = order.sessionId === null ? null : `${order.sessionId}-order`;
    return { ...event, key: visitorId, value: { ...order, visitorId, userId: null, sessionId } };
  }

  /** An item comes, and the one that came before it goes; a late word about a known one. */
  #pass(events: SimulatedEvent[]): void {
    const number = this.#made / PASSING_EVERY;
    const [first] = this.#catalog.values();
    const at = this.#atMs;
    const itemOf = (itemId: string, fields: Partial<CatalogItem>): SimulatedEvent => {
      const eventId = `${this.#seed}-${number}-${itemId}`;
      return { topic: 'catalog', key: itemId, at, value: { ...first!, eventId, itemId, at, ...fields } };
    };
    events.push(itemOf(`passing-${number}`, { stock: number % 2 }));
    if (number % 3 === 0) events.push({ topic: 'catalog', key: `passing-${number - 1}`, at, value: null });
    events.push(itemOf(first!.itemId, { at: first!.at - 1_000, title: 'an older title' }));
  }

  async #send(events: readonly SimulatedEvent[]): Promise<void> {
    const records: ProducerRecord[] = events.map(({ topic, key, value }) =>
      producerRecord(this.#serdes, topic, key, value, Date.now()),
    );
    for (let from = 0; from < records.length; from += MOST_AT_ONCE)
      await this.#appender.append(records.slice(from, from + MOST_AT_ONCE));
    for (const { topic } of records) if (topic === 'clicks') this.#clicks += 1;
  }
}
