// A shop that keeps selling to the application of restore-topology.ts while servers fail, past every proxy: what it sends is
// acknowledged by the broker itself, so the application's `expected` is what the topic holds, to the record.

import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Producer } from 'kafkajs';
import { partitionOf } from '../../engine/api/index.ts';
import type { Application } from './restore-application.ts';
import type { Event } from './restore-topology.ts';

const TICK_MS = 20;
const KEYS = 97;
const GROUPS = 7;

export class OutageLoad {
  readonly #application: Application;
  readonly #producer: Producer;
  #sent = 0;
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(application: Application) {
    this.#application = application;
    const client = new kafkajs.Kafka({
      brokers: [application.kafka.directBootstrap],
      logLevel: kafkajs.logLevel.NOTHING,
    });
    this.#producer = client.producer({ allowAutoTopicCreation: false, retry: { retries: 0 } });
  }

  static async open(application: Application): Promise<OutageLoad> {
    const load = new OutageLoad(application);
    await load.#producer.connect();
    application.owner.after(() => load.close());
    return load;
  }

  /** Events sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Sends `count` events in one request. */
  async send(count: number): Promise<void> {
    const events: (readonly [string, Event])[] = Array.from({ length: count }, () => {
      const number = this.#sent++;
      return [`key-${number % KEYS}`, { group: `group-${number % GROUPS}`, amount: 1 }];
    });
    await this.sendEvents(events);
  }

  async sendEvents(events: readonly (readonly [key: string, event: Event])[]): Promise<void> {
    const { tasks, expected } = this.#application;
    await this.#producer.send({
      topic: this.#application.topic('events'),
      messages: events.map(([key, event]) => ({
        key,
        value: JSON.stringify(event),
        partition: partitionOf(key, tasks),
      })),
    });
    for (const [key, event] of events) expected.add(key, event);
  }

  /** Sends from now on, until `pause`. */
  start(eventsPerSecond: number): void {
    this.#stopping = new AbortController();
    this.#running = this.#run(eventsPerSecond, this.#stopping.signal);
    this.#running.catch(() => undefined);
  }

  /** Resolves when nothing is being sent. @throws what sending has failed with. */
  async pause(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running.catch(() => undefined);
    await this.#producer.disconnect();
  }

  async #run(eventsPerSecond: number, signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    for (let made = 0; !signal.aborted; ) {
      await delay(TICK_MS, undefined, { signal }).catch(() => undefined);
      const due = Math.floor(((performance.now() - startMs) * eventsPerSecond) / 1000);
      if (due > made) await this.send(due - made);
      made = due;
    }
  }
}
