// Events per second through the whole topology: what was sent before the instances start is worked off as fast as they can. Timed
// from when every task runs until everything is published; what was counted before that moment does not count.

import { checkCounts, checkLists } from './answers.ts';
import { Run, type RunOptions } from './application.ts';
import { type Figures, quantile } from './figures.ts';
import { poll } from './poll.ts';
import { processCost } from './process-cost.ts';

const LONGEST_START_MS = 120_000;

/** Notes a round's figures; returns events per second. */
export async function throughputRound(
  options: RunOptions,
  instances: number,
  events: number,
  figures: Figures,
): Promise<number> {
  const run = await Run.open(options);
  try {
    await run.shop.sendAtOnce(events);
    for (let i = 1; i <= instances; i++) run.start(`engine-${i}`);
    await poll('all tasks to run', () => run.isRunning(), LONGEST_START_MS);
    const startedMs = performance.now();
    const before = run.counted();
    const cpuBefore = cpuSeconds(run);
    const samplesBefore = Promise.all(run.instances.map((instance) => instance.samples()));
    const half = (before + run.shop.total) / 2;
    const halfMs = poll('half of it', () => run.counted() >= half, LONGEST_START_MS).then(() => performance.now());
    await run.drained();
    const endMs = performance.now();
    const cpu = cpuSeconds(run);
    const counted = run.shop.total - before;
    const perSecond = (counted * 1_000) / (endMs - startedMs);
    await samplesBefore;
    const commits = (await Promise.all(run.instances.map((instance) => instance.samples()))).flatMap(
      ({ commitMs }) => commitMs,
    );
    const secondHalf = ((run.shop.total - half) * 1_000) / (endMs - (await halfMs));
    checkCounts(run);
    await checkLists(run);
    const of = `${instances} instance${instances > 1 ? 's' : ''}`;
    figures.note(`throughput, ${of}, events/s`, perSecond);
    figures.note(`throughput, ${of}, second half, events/s`, secondHalf);
    figures.note(
      `throughput, ${of}, engine CPU s per million events`,
      ((cpu.engine - cpuBefore.engine) * 1e6) / counted,
    );
    figures.note(`throughput, ${of}, broker CPU s per million events`, ((cpu.kafka - cpuBefore.kafka) * 1e6) / counted);
    figures.note(`throughput, ${of}, Redis CPU s per million events`, ((cpu.redis - cpuBefore.redis) * 1e6) / counted);
    figures.note(`throughput, ${of}, events per commit`, counted / commits.length);
    figures.note(`throughput, ${of}, commit p50, ms`, quantile(commits, 0.5));
    figures.note(`throughput, ${of}, commit p99, ms`, quantile(commits, 0.99));
    figures.note(
      `throughput, ${of}, peak memory of an instance, MB`,
      Math.max(...run.instances.map(({ cost }) => cost.peakBytes)) / 1e6,
    );
    return perSecond;
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
