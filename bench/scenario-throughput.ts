// Events per second through the whole topology: what was sent before the instances start is worked off as fast as they can. Timed
// from when every task runs until everything is published; what was counted before that moment does not count.

import { checkCounts, checkLists } from './answers.ts';
import { Run } from './application.ts';
import { type Figures, quantile } from './figures.ts';
import { poll } from './poll.ts';
import { processCost } from './process-cost.ts';
import { Shop, type ShopRunOptions } from './shop.ts';

const LONGEST_START_MS = 120_000;
const LONGEST_HALF_MS = 300_000;

/** What working a backlog off has taken. */
export interface WorkedOff {
  readonly counted: number;
  readonly eventsPerS: number;
  readonly cpuS: { readonly engine: number; readonly kafka: number; readonly redis: number };
  /** Of each instance. */
  readonly peakBytes: readonly number[];
  readonly secondHalfEventsPerS: number;
  readonly commitMs: readonly number[];
}

/** Starts instances and has them work off what was sent. @throws {Error} when an answer is wrong. */
export async function workOff(run: Run, instances: number): Promise<WorkedOff> {
  for (let i = 1; i <= instances; i++) run.start(`engine-${i}`);
  await poll('all tasks to run, on all instances', () => run.isRunning() && run.isSpread(), LONGEST_START_MS);
  const startedMs = performance.now();
  const before = run.counted();
  const cpuBefore = cpuSeconds(run);
  const samplesBefore = Promise.all(run.instances.map((instance) => instance.samples()));
  const half = (before + run.sender.total) / 2;
  const halfMs = poll('half of it', () => run.counted() >= half, LONGEST_HALF_MS).then(() => performance.now());
  await run.drained();
  const endMs = performance.now();
  const cpu = cpuSeconds(run);
  const counted = run.sender.total - before;
  await samplesBefore;
  const samples = await Promise.all(run.instances.map((instance) => instance.samples()));
  checkCounts(run);
  await checkLists(run);
  return {
    counted,
    eventsPerS: (counted * 1_000) / (endMs - startedMs),
    cpuS: {
      engine: cpu.engine - cpuBefore.engine,
      kafka: cpu.kafka - cpuBefore.kafka,
      redis: cpu.redis - cpuBefore.redis,
    },
    peakBytes: run.instances.map(({ cost }) => cost.peakBytes),
    secondHalfEventsPerS: ((run.sender.total - half) * 1_000) / (endMs - (await halfMs)),
    commitMs: samples.flatMap(({ commitMs }) => commitMs),
  };
}

/** Notes a round's figures; returns events per second. */
export async function throughputRound(
  options: ShopRunOptions,
  instances: number,
  events: number,
  figures: Figures,
): Promise<number> {
  const run = await Run.open(options);
  try {
    const shop = await Shop.open(run.sender, options.seed);
    await shop.sendAtOnce(events);
    const { counted, eventsPerS, cpuS, peakBytes, secondHalfEventsPerS, commitMs } = await workOff(run, instances);
    const note = (name: string, value: number) =>
      figures.note(`throughput, ${instances} instance${instances > 1 ? 's' : ''}, ${name}`, value);
    note('events/s', eventsPerS);
    note('second half, events/s', secondHalfEventsPerS);
    note('engine CPU s per million events', (cpuS.engine * 1e6) / counted);
    note('broker CPU s per million events', (cpuS.kafka * 1e6) / counted);
    note('Redis CPU s per million events', (cpuS.redis * 1e6) / counted);
    note('events per commit', counted / commitMs.length);
    note('commit p50, ms', quantile(commitMs, 0.5));
    note('commit p99, ms', quantile(commitMs, 0.99));
    note('peak memory of an instance, MB', Math.max(...peakBytes) / 1e6);
    return eventsPerS;
  } finally {
    await run.close();
  }
}

function cpuSeconds({ instances, stack }: Run): { engine: number; kafka: number; redis: number } {
  let engine = 0;
  for (const { cost } of instances) engine += cost.cpuSeconds;
  return {
    engine,
    kafka: processCost(stack.kafka.pid).cpuSeconds,
    redis: processCost(stack.redis.pid).cpuSeconds,
  };
}
