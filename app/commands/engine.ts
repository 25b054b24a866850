// `freshet engine`: one instance of the production engine. As many as wanted share the tasks.

import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../engine/api/index.ts';
import type { TaskView } from '../../engine/runtime/index.ts';
import type { Config } from '../config.ts';
import { startEngineHealth, type WatchedEngine } from '../engine-health.ts';
import { createLogger } from '../logging.ts';
import { startMetrics } from '../metrics.ts';
import { openProduction } from '../production.ts';
import { startTracing } from '../tracing.ts';
import { ownName } from '../version.ts';

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

export async function runEngine(config: Config, signal: AbortSignal): Promise<void> {
  const logger = createLogger(config.logLevel, 'freshet-engine');
  const serviceName = 'freshet-engine';
  const measuring = await startMetrics({ config, serviceName, messagingSystem: 'kafka', logger });
  const { registry: metrics } = measuring;
  process.stdout.write(
    `Freshet engine "${ownName(config)}" joins the group at ${config.kafkaBrokers}. Ctrl-C ends it.\n`,
  );
  if (measuring.url !== undefined) process.stdout.write(`Metrics: ${measuring.url}\n`);
  const tracing = await startTracing({
    isOn: config.tracing === 'on',
    serviceName,
    messagingSystem: 'kafka',
    logger,
  });
  const { tracer } = tracing;
  let watched: WatchedEngine | undefined;
  // Before anything is waited for: that the process turns is true from here on.
  await using health = await startEngineHealth(config, () => watched);
  if (health !== undefined) process.stdout.write(`health: ${health.url}/health/ready\n`);
  const production = await openProduction({ config, clock: systemClock, logger, metrics, tracer, signal });
  const { engine } = production;
  watched = engine;
  // A failure ends the reports too.
  const ending = new AbortController();
  const ended = AbortSignal.any([signal, ending.signal]);
  const report = async () => {
    let last = '';
    while (!ended.aborted) {
      const line = describeTasks(engine.tasks());
      if (line !== last) process.stdout.write(`tasks: ${line}\n`);
      last = line;
      await delay(REPORT_MS, undefined, { signal: ended }).catch(() => undefined);
    }
  };
  try {
    await Promise.race([report(), engine.failed]);
  } finally {
    ending.abort();
    await production.close();
    await tracing.stop();
    await measuring.stop();
    process.stdout.write('The engine has ended; its tasks are free for others.\n');
  }
}
