// A synthetic shopper that measures the promise end to end, all the time: it looks at an item, and asks the endpoint until the answer has it.
//
// Its visitors are of the reserved prefix (docs/contracts.md): they have lists as everybody has, and change nobody else's. One of them belongs to each
// task, in turns, so that a task that stands still is noticed.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, type Metrics, partitionOf, type Tracer } from '../engine/api/index.ts';
import { PROBE_VISITOR_PREFIX } from '../schemas/index.ts';
import type { ServingClient } from '../serving/index.ts';

/** What the probe does as a shopper. */
export interface ProbeView {
  readonly visitorId: string;
  readonly sessionId: string;
  readonly itemId: string;
}

/** Sends the view, and resolves with its event id when it has been taken. `traceparent` goes along with it. */
export type SendView = (view: ProbeView, traceparent: string | undefined) => Promise<string>;

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
  /** Where it begins traces, so does the probe: of its click through everything to the answer. */
  readonly tracer: Tracer;
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
    const number = this.#checks++;
    const itemId = await this.#item(number).catch(() => null);
    if (itemId === null) return 'no-answer';
    if (itemId === undefined) return undefined;
    const { tracer } = this.#options;
    const span = tracer.startsTraces === true ? tracer.startSpan('probe', { kind: 'producer' }) : undefined;
    const visitorId = this.#visitors[number % this.#visitors.length]!;
    const result = await this.#answered({ visitorId, sessionId: randomUUID(), itemId }, span?.traceparent, signal);
    span?.set({ 'freshet.probe.result': result });
    span?.end();
    return result;
  }

  async #answered(view: ProbeView, traceparent: string | undefined, signal: AbortSignal): Promise<ProbeResult> {
    const { client, send, objectiveMs } = this.#options;
    const startedMs = performance.now();
    let eventId: string;
    try {
      eventId = await send(view, traceparent);
    } catch {
      return 'not-sent';
    }
    let hasAnswered = false;
    while (!signal.aborted) {
      try {
        const { includesEvent } = await client.recommendations(view.visitorId, { after: eventId, n: 1 });
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
