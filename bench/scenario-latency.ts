// Event to list at a steady rate. Inside: from the broker's append time to Redis's acknowledgement, of every event. Outside: of some
// events, from before the producer had them until a reader finds them in Redis.

import { setTimeout as sleep } from 'node:timers/promises';
import { checkCounts, checkLists } from './answers.ts';
import { Run } from './application.ts';
import { type Figures, quantile } from './figures.ts';
import { ListProbe } from './list-probe.ts';
import { Shop, type ShopRunOptions } from './shop.ts';

/** So that the code is compiled and the stores hold something. */
const WARM_UP_MS = 8_000;
/** Below this share of the rate a queue grows, and the latency is that of the queue. */
const KEPT_UP = 0.9;

export interface LatencyOptions {
  /** Events that are worked off first. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly seconds: number;
}

export async function latencyRound(options: ShopRunOptions, load: LatencyOptions, figures: Figures): Promise<void> {
  const run = await Run.open(options);
  const probe = new ListProbe(run.lists);
  const stopping = new AbortController();
  try {
    const shop = await Shop.open(run.sender, options.seed);
    await shop.sendAtOnce(load.events);
    const instance = run.start('engine-1');
    await run.drained();
    const sending = shop.sendSteadily(load.eventsPerSecond, stopping.signal, (event) => probe.expect(event));
    await Promise.race([sleep(WARM_UP_MS), sending]);
    await instance.samples();
    const fromMs = Date.now();
    const before = { counted: run.counted(), cpuSeconds: instance.cost.cpuSeconds, atMs: performance.now() };
    await Promise.race([sleep(load.seconds * 1_000), sending]);
    const counted = run.counted() - before.counted;
    const cpuSeconds = instance.cost.cpuSeconds - before.cpuSeconds;
    const seconds = (performance.now() - before.atMs) / 1_000;
    const { eventToListMs, commitMs } = await instance.samples();
    const toMs = Date.now();
    stopping.abort();
    await sending;
    await run.drained();
    await probe.settled();
    checkCounts(run);
    await checkLists(run);
    if (counted / seconds < KEPT_UP * load.eventsPerSecond)
      throw new Error(
        `${load.eventsPerSecond} events/s are more than the machine bears: ${counted / seconds} were counted`,
      );
    const seen = probe.seen
      .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
      .map(({ atMs, seenMs }) => seenMs - atMs);
    const note = (name: string, value: number) => figures.note(`latency, ${name}`, value);
    note('events/s sent', load.eventsPerSecond);
    note('events/s counted', counted / seconds);
    note('broker to Redis p50, ms', quantile(eventToListMs, 0.5));
    note('broker to Redis p99, ms', quantile(eventToListMs, 0.99));
    note('producer to reader p50, ms', quantile(seen, 0.5));
    note('producer to reader p99, ms', quantile(seen, 0.99));
    note('commit p50, ms', quantile(commitMs, 0.5));
    note('commit p99, ms', quantile(commitMs, 0.99));
    note('events per commit', counted / commitMs.length);
    note('engine CPU s per million events', (cpuSeconds * 1e6) / counted);
    note('peak memory of the instance, MB', instance.cost.peakBytes / 1e6);
  } finally {
    stopping.abort();
    await probe.close();
    await run.close();
  }
}
