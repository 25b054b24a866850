// `freshet engine`: one instance of the production engine. As many as wanted share the tasks. Of more than one thread each is a process,
// and this one only speaks for them.

import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../engine/api/index.ts';
import type { GroupEngine, TaskView } from '../../engine/runtime/index.ts';
import type { Config } from '../config.ts';
import { engineReadiness, startEngineHealth, type WatchedEngine } from '../engine-health.ts';
import { EngineThreads, type ThreadWord } from '../engine-threads.ts';
import { createLogger } from '../logging.ts';
import { startMetrics } from '../metrics.ts';
import { metricsPortOf, processCount, superviseProcesses, tell } from '../processes.ts';
import { instanceIdOf, openProduction } from '../production.ts';
import { startTracing } from '../tracing.ts';
import { ownName } from '../version.ts';

const SERVICE = 'freshet-engine';
const REPORT_MS = 1_000;

/** What the tasks of the instance are doing, in a line. */
export function describeTasks(tasks: readonly TaskView[]): string {
  if (tasks.length === 0) return 'no task is assigned here';
  return tasks
    .map(({ taskId, role, status, restoreLag, error }) => {
      if (error !== undefined) return `${taskId} failed, it is tried again: ${error.message}`;
      if (role === 'standby')
        return restoreLag > 0 ? `${taskId} standby, ${restoreLag} records to go` : `${taskId} standby`;
      if (status === 'RESTORING') return `${taskId} restoring, ${restoreLag} records to go`;
      return `${taskId} ${status.toLowerCase()}`;
    })
    .join(' | ');
}

/** @param thread which of several this process is; `undefined` for the process that was called. */
export async function runEngine(config: Config, thread: number | undefined, signal: AbortSignal): Promise<void> {
  if (thread !== undefined) {
    await runInstance(config, thread, signal, sayToOthers);
    return;
  }
  const count = processCount(config.threads);
  process.stdout.write(
    `Freshet engine "${ownName(config)}" joins the group at ${config.kafkaBrokers}${count > 1 ? ` with ${count} threads` : ''}. Ctrl-C ends it.\n`,
  );
  if (count === 1) await runAlone(config, signal);
  else await runThreads(config, count, signal);
  process.stdout.write('The engine has ended; its tasks are free for others.\n');
}

async function runAlone(config: Config, signal: AbortSignal): Promise<void> {
  let watched: WatchedEngine | undefined;
  // Before anything is waited for: that the process turns is true from here on.
  await using health = await startEngineHealth(config, () => engineReadiness(watched));
  if (health !== undefined) process.stdout.write(`health: ${health.url}/health/ready\n`);
  await runInstance(config, 0, signal, async (engine, ended) => {
    watched = engine;
    await printTasks(() => engine.tasks(), ended);
  });
}

async function runThreads(config: Config, count: number, signal: AbortSignal): Promise<void> {
  const threads = new EngineThreads(count, () => performance.now());
  await using health = await startEngineHealth(
    config,
    () => threads.readiness(),
    () => threads.isLive(),
  );
  if (health !== undefined) process.stdout.write(`health: ${health.url}/health/ready\n`);
  await instanceIdOf(config);
  const ending = new AbortController();
  const printed = printTasks(() => threads.tasks(), AbortSignal.any([signal, ending.signal]));
  try {
    await superviseProcesses<ThreadWord>({
      count,
      logger: createLogger(config.logLevel, SERVICE),
      signal,
      given: (place) => ({
        environment: metricsPortOf(config.metricsPort, place),
        arguments: ['--thread', String(place)],
      }),
      heard: (place, word) => threads.hear(place, word),
      ended: (place) => threads.forget(place),
    });
  } finally {
    ending.abort();
    await printed;
  }
}

/** Says what changes, until the signal comes. */
async function printTasks(tasks: () => readonly TaskView[], ended: AbortSignal): Promise<void> {
  let last = '';
  await repeat(ended, () => {
    const line = describeTasks(tasks());
    if (line !== last) process.stdout.write(`tasks: ${line}\n`);
    last = line;
  });
}

/** As a thread, to the process that has started it. */
async function sayToOthers(engine: GroupEngine, ended: AbortSignal): Promise<void> {
  await repeat(ended, () => tell({ tasks: engine.tasks(), readiness: engineReadiness(engine) } satisfies ThreadWord));
}

/** At once, and then again and again until the signal comes. */
async function repeat(ended: AbortSignal, report: () => void): Promise<void> {
  while (!ended.aborted) {
    report();
    await delay(REPORT_MS, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** The work itself, in this process. @param report runs beside it until its signal comes */
async function runInstance(
  config: Config,
  thread: number,
  signal: AbortSignal,
  report: (engine: GroupEngine, ended: AbortSignal) => Promise<void>,
): Promise<void> {
  const logger = createLogger(config.logLevel, SERVICE);
  const measuring = await startMetrics({ config, serviceName: SERVICE, messagingSystem: 'kafka', logger });
  if (measuring.url !== undefined) process.stdout.write(`Metrics: ${measuring.url}\n`);
  const isOn = config.tracing === 'on';
  const tracing = await startTracing({ isOn, serviceName: SERVICE, messagingSystem: 'kafka', logger });
  const { registry: metrics } = measuring;
  const { tracer } = tracing;
  const production = await openProduction({ config, thread, clock: systemClock, logger, metrics, tracer, signal });
  const { engine } = production;
  // A failure ends the reports too.
  const ending = new AbortController();
  try {
    await Promise.race([report(engine, AbortSignal.any([signal, ending.signal])), engine.failed]);
  } finally {
    ending.abort();
    await production.close();
    await tracing.stop();
    await measuring.stop();
  }
}
