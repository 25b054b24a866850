// The simulated shop as a producer.

import { setTimeout as sleep } from 'node:timers/promises';
import { createShop, type SimulatedEvent, type Shop as Simulation } from '../tools/simulator/index.ts';
import type { RunOptions } from './application.ts';
import type { EventSender } from './event-sender.ts';

/** Decides how many visits go on side by side: 4,000, all that the simulator has shoppers for. */
const EVENTS_PER_SECOND = 500;
/** So long ago the shop opens, event time. */
const HEAD_START_MS = 600_000;
/** Event time between two events that are sent in bulk. */
const STEP_MS = 2;
const BULK = 2_000;
const TICK_MS = 10;

export interface ShopRunOptions extends RunOptions {
  /** Of the shop. */
  readonly seed: number;
}

/** An event of a visitor as it was sent. */
export interface SentEvent {
  readonly visitorId: string;
  readonly eventId: string;
  readonly eventTimeMs: number;
  /** Before it was handed to the producer, epoch ms with a fraction. */
  readonly atMs: number;
}

export class Shop {
  readonly #sender: EventSender;
  readonly #simulation: Simulation;
  #atMs = Date.now() - HEAD_START_MS;

  private constructor(sender: EventSender, seed: number) {
    this.#sender = sender;
    this.#simulation = createShop({ seed, startAtMs: this.#atMs, eventsPerSecond: EVENTS_PER_SECOND });
  }

  static async open(sender: EventSender, seed: number): Promise<Shop> {
    const shop = new Shop(sender, seed);
    await sender.send(shop.#simulation.catalogEvents());
    return shop;
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
      await this.#sender.send(batch);
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
      await this.#sender.send(batch);
      const last = batch.findLast((event) => this.#sender.isTold(event));
      if (last !== undefined) sent({ visitorId: last.key, eventId: last.value!.eventId, eventTimeMs: last.at, atMs });
    }
  }
}
