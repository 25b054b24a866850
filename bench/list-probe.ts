// Freshness as a reader sees it: of some events, the time from before the producer had them until a read of Redis finds a list that
// knows them. Includes the producer's request and, on average, half of the time between two reads.

import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisListStore, topListSerde } from '../lists/index.ts';
import { visitorListKey } from './answers.ts';
import type { SentEvent } from './shop.ts';

const READ_EVERY_MS = 3;
/** One event in so many ms is looked for, however long the others take: more would measure the reads. */
const EXPECT_EVERY_MS = 50;
const LONGEST_WAIT_MS = 5_000;
const MOST_MISSED = 0.02;

export interface SeenEvent extends SentEvent {
  /** When a read has found it, epoch ms with a fraction. */
  readonly seenMs: number;
}

interface Awaited {
  readonly event: SentEvent;
  version: number;
}

export class ListProbe {
  readonly seen: SeenEvent[] = [];
  readonly #lists: RedisListStore;
  readonly #awaited: Awaited[] = [];
  readonly #closing = new AbortController();
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #running: Promise<void>;

  constructor(lists: RedisListStore) {
    this.#lists = lists;
    this.#running = this.#run();
  }

  /** Looks for the event, unless it came too soon after the last one. */
  expect(event: SentEvent): void {
    if (event.atMs - this.#lastMs < EXPECT_EVERY_MS) return;
    this.#lastMs = event.atMs;
    this.#awaited.push({ event, version: -1 });
  }

  /**
   * Waits for the events that no list knows yet. A few are never seen: the visitor disliked, in the next moment, all that the list
   * was made from. @throws Error when they are more than a few.
   */
  async settled(): Promise<void> {
    const deadline = performance.now() + LONGEST_WAIT_MS;
    while (this.#awaited.length > 0 && performance.now() < deadline) await sleep(READ_EVERY_MS);
    const missed = this.#awaited.length;
    if (missed > MOST_MISSED * (this.seen.length + missed))
      throw new Error(`${missed} of ${this.seen.length + missed} events were never seen in a list`);
  }

  async #run(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await sleep(READ_EVERY_MS);
      const awaited = this.#awaited.slice();
      if (awaited.length === 0) continue;
      const found = await this.#lists.getMany(awaited.map(({ event }) => visitorListKey(event.visitorId)));
      const seenMs = performance.timeOrigin + performance.now();
      for (const [index, one] of awaited.entries()) {
        const entry = found[index];
        if (entry === undefined || entry.version === one.version) continue;
        one.version = entry.version;
        const { asOf } = topListSerde.deserialize(entry.value);
        // It names the last five events: where it is newer, it has been seen too late to say when, but not before now.
        if (!asOf.eventIds.includes(one.event.eventId) && asOf.at <= one.event.eventTimeMs) continue;
        this.#awaited.splice(this.#awaited.indexOf(one), 1);
        this.seen.push({ ...one.event, seenMs });
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }
}
