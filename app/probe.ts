// A synthetic shopper that measures the promise end to end, all the time: it looks at an item, and asks the endpoint until the answer has it.
//
// Its visitors are of the reserved prefix (docs/contracts.md): they have lists as everybody has, and change nobody else's. One of them belongs to each
// task, in turns, so that a task that stands still is noticed.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, type Metrics, partitionOf } from '../engine/api/index.ts';
import { PROBE_VISITOR_PREFIX } from '../schemas/index.ts';
import type { ServingClient } from '../serving/index.ts';

/** What the probe does as a shopper. */
export interface ProbeView {
  readonly visitorId: string;
  readonly sessionId: string;
  readonly itemId: string;
}

/** Sends the view, and resolves with its event id when it has been taken. */
export type SendView = (view: ProbeView) => Promise<string>;

export type ProbeResult = 'good' | 'late' | 'missing' | 'not-sent' | 'no-answer';

export interface ProbeOptions {
  readonly client: Pick<ServingClient, 'popular' | 'recommendations'>;
  readonly send: SendView;
  /** Number of tasks: each has a visitor. */
  readonly partitions: number;
  /** Up to here an answer is good, ms. */
  readonly objectiveMs: number;
  /** From one check to the next, ms. */
  readonly intervalMs: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** After so many times the objective an event is missing. */
const PATIENCE = 5;
/** From one question to the next, ms: the error of what is measured. */
const ASK_AGAIN_MS = 20;
/** Items to look at are asked for again after so long. */
const ITEMS_MAX_AGE_MS = 60_000;
const ITEMS = 20;

/** One visitor for each of `partitions` tasks, the same ones for every probe. */
export function probeVisitors(partitions: number): string[] {
  const visitors: string[] = [];
  for (let number = 0, found = 0; found < partitions; number++) {
    const visitorId = `${PROBE_VISITOR_PREFIX}${number}`;
    const task = partitionOf(visitorId, partitions);
    if (visitors[task] !== undefined) continue;
    visitors[task] = visitorId;
    found += 1;
  }
  return visitors;
}

export class FreshnessProbe {
  readonly #options: ProbeOptions;
  readonly #visitors: readonly string[];
  readonly #duration;
  #checks = 0;
  #items: readonly string[] = [];
  #itemsMs = Number.NEGATIVE_INFINITY;
  #isWell = true;

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#visitors = probeVisitors(options.partitions);
    this.#duration = options.metrics.histogram('freshet.probe.duration');
  }

  /** Checks until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedMs = performance.now();
      const result = await this.check(signal);
      if (result !== undefined && !signal.aborted) this.#count(result);
      const leftMs = this.#options.intervalMs - (performance.now() - startedMs);
      if (leftMs > 0) await delay(leftMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One check; `undefined` while the shop has nothing to look at. */
  async check(signal: AbortSignal): Promise<ProbeResult | undefined> {
    const { client, send, objectiveMs } = this.#options;
    const number = this.#checks++;
    const itemId = await this.#item(number).catch(() => null);
    if (itemId === null) return 'no-answer';
    if (itemId === undefined) return undefined;
    const visitorId = this.#visitors[number % this.#visitors.length]!;
    const startedMs = performance.now();
    let eventId: string;
    try {
      eventId = await send({ visitorId, sessionId: randomUUID(), itemId });
    } catch {
      return 'not-sent';
    }
    let hasAnswered = false;
    while (!signal.aborted) {
      try {
        const { includesEvent } = await client.recommendations(visitorId, { after: eventId, n: 1 });
        hasAnswered = true;
        const tookMs = performance.now() - startedMs;
        if (includesEvent === true) {
          this.#duration.record(tookMs / 1000);
          return tookMs <= objectiveMs ? 'good' : 'late';
        }
      } catch {
        hasAnswered = false;
      }
      if (performance.now() - startedMs > PATIENCE * objectiveMs) break;
      await delay(ASK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
    return hasAnswered ? 'missing' : 'no-answer';
  }

  /** What sells: such an item has neighbours, so that a list can be made of a look at it. */
  async #item(number: number): Promise<string | undefined> {
    if (performance.now() - this.#itemsMs >= ITEMS_MAX_AGE_MS || this.#items.length === 0) {
      const { items } = await this.#options.client.popular({ n: ITEMS });
      this.#items = items.map(({ id }) => id);
      this.#itemsMs = performance.now();
    }
    return this.#items[number % this.#items.length];
  }

  #count(result: ProbeResult): void {
    const { metrics, logger } = this.#options;
    metrics.counter('freshet.probe.checks', { 'freshet.probe.result': result }).add(1);
    const isWell = result === 'good';
    if (isWell === this.#isWell) return;
    this.#isWell = isWell;
    if (isWell) logger.info('freshness-kept-again');
    else logger.warn('freshness-missed', { result });
  }
}
