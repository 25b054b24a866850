// The simulated shop as a producer, with a memory: how much it has sent to each topic that visitors write, and each visitor's last
// event, which every list of the visitor must know in the end.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../app/config.ts';
import { kafkaClientOptions, sourceTopicName } from '../app/kafka.ts';
import { producerRecord } from '../app/producer-record.ts';
import { openRegistry } from '../app/registry.ts';
import { silentLogger, systemClock } from '../engine/api/index.ts';
import { KafkaAppender } from '../engine/kafka/index.ts';
import { type Click, createSerdes, type RegistrySchemaSource, type SourceSerdes } from '../schemas/index.ts';
import { createShop, type SimulatedEvent, type Shop as Simulation } from '../tools/simulator/index.ts';

/** Decides how many visits go on side by side: 4,000, all that the simulator has shoppers for. */
const EVENTS_PER_SECOND = 500;
/** So long ago the shop opens, event time. */
const HEAD_START_MS = 600_000;
/** Event time between two events that are sent in bulk. */
const STEP_MS = 2;
const BULK = 2_000;
const TICK_MS = 10;

/** Topics whose records visitors make. */
const VISITOR_TOPICS: ReadonlySet<string> = new Set(['clicks', 'purchases', 'impressions', 'visitors', 'privacy']);

/** An event of a visitor as it was sent. */
export interface SentEvent {
  readonly visitorId: string;
  readonly eventId: string;
  readonly eventTimeMs: number;
  /** Before it was handed to the producer, epoch ms with a fraction. */
  readonly atMs: number;
}

export class Shop {
  /** Records by topic, of the topics that visitors write. */
  readonly sent = new Map<string, number>([...VISITOR_TOPICS].map((topic) => [topic, 0]));
  /** The last event that a list tells of, of each visitor who has a list for certain. */
  readonly lastEvents = new Map<string, string>();
  /** Visitors who have viewed an item: the others have nothing that a list could be made from. */
  readonly #viewers = new Set<string>();
  /** Visitors who may dislike an item, which may be all that they have looked at. */
  readonly #judges = new Set<string>();
  readonly #appender: KafkaAppender;
  readonly #schemas: RegistrySchemaSource;
  readonly #serdes: SourceSerdes;
  readonly #simulation: Simulation;
  #atMs: number;

  private constructor(config: Config, schemas: RegistrySchemaSource, seed: number) {
    this.#schemas = schemas;
    this.#serdes = createSerdes(schemas);
    this.#atMs = Date.now() - HEAD_START_MS;
    this.#simulation = createShop({ seed, startAtMs: this.#atMs, eventsPerSecond: EVENTS_PER_SECOND });
    this.#appender = new KafkaAppender({
      client: kafkaClientOptions(config, silentLogger),
      topicName: (topic) => sourceTopicName(config, topic),
    });
  }

  static async open(config: Config, seed: number): Promise<Shop> {
    const schemas = await openRegistry(config, systemClock, silentLogger, AbortSignal.timeout(30_000));
    const shop = new Shop(config, schemas, seed);
    await shop.#append(shop.#simulation.catalogEvents());
    return shop;
  }

  /** Events of visitors. */
  get total(): number {
    let total = 0;
    for (const count of this.sent.values()) total += count;
    return total;
  }

  async close(): Promise<void> {
    await this.#appender.close();
    this.#schemas.close();
  }

  /** Sends so many events as fast as the broker takes them. Returns events per second. */
  async sendAtOnce(events: number): Promise<number> {
    const startedMs = performance.now();
    for (let left = events; left > 0; left -= BULK) {
      const batch: SimulatedEvent[] = [];
      for (let i = Math.min(left, BULK); i > 0; i--) {
        this.#atMs += STEP_MS;
        batch.push(this.#simulation.next(this.#atMs));
      }
      await this.#append(batch);
    }
    return (events * 1_000) / (performance.now() - startedMs);
  }

  /**
   * Sends at a rate, by the clock, until the signal. A broker that is slow is sent more at a time afterwards: the rate holds. `sent`
   * hears of every batch, when the broker has acknowledged it, with its last event that changes a visitor's list.
   */
  async sendSteadily(eventsPerSecond: number, signal: AbortSignal, sent: (last: SentEvent) => void): Promise<void> {
    const startedMs = performance.now();
    for (let made = 0; !signal.aborted; ) {
      await sleep(TICK_MS);
      const due = Math.floor(((performance.now() - startedMs) / 1_000) * eventsPerSecond) - made;
      if (due <= 0) continue;
      this.#atMs = Math.max(this.#atMs, Date.now());
      const batch = Array.from({ length: due }, () => this.#simulation.next(this.#atMs));
      made += due;
      const atMs = performance.timeOrigin + performance.now();
      await this.#append(batch);
      const last = batch.findLast((event) => this.#isTold(event));
      if (last !== undefined) sent({ visitorId: last.key, eventId: last.value!.eventId, eventTimeMs: last.at, atMs });
    }
  }

  async #append(batch: readonly SimulatedEvent[]): Promise<void> {
    await this.#appender.append(
      batch.map(({ topic, key, value, at }) => producerRecord(this.#serdes, topic, key, value, at)),
    );
    for (const event of batch) {
      const { topic, key, value } = event;
      if (!VISITOR_TOPICS.has(topic)) continue;
      this.sent.set(topic, this.sent.get(topic)! + 1);
      if (topic === 'clicks') this.#note(value as Click);
      if (this.#isTold(event)) this.lastEvents.set(key, value!.eventId);
    }
  }

  #note({ visitorId, kind }: Click): void {
    if (kind === 'view') this.#viewers.add(visitorId);
    if (kind !== 'dislike' && kind !== 'rate') return;
    this.#judges.add(visitorId);
    this.lastEvents.delete(visitorId);
  }

  /** Whether a list of its visitor tells of it. Impressions change nothing. */
  #isTold({ topic, key, value }: SimulatedEvent): boolean {
    if (!VISITOR_TOPICS.has(topic) || topic === 'impressions' || value === null) return false;
    return this.#viewers.has(key) && !this.#judges.has(key);
  }
}
