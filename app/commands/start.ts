// `freshet start`: the engine with a simulated shop, the endpoint and the page, in one process.

import { join } from 'node:path';
import { systemClock } from '../../engine/api/index.ts';
import { createServingApp, startHttpServer } from '../../serving/index.ts';
import type { Config } from '../config.ts';
import { createConsoleRouter } from '../console/index.ts';
import { DemoShop } from '../demo-shop.ts';
import { openEmbedded } from '../embedded.ts';
import { createEngineView } from '../engine-view.ts';
import { createLogger, loggerOf } from '../logging.ts';
import { servedHosts } from '../loopback.ts';
import { startMetrics } from '../metrics.ts';
import { startTracing } from '../tracing.ts';

/** Short rounds: when the shoppers are too many for the machine, what they did is seen after a short round, not a long one. */
const DEMO_RECORDS_PER_BATCH = 75;
/** The demo's events are worth nothing tomorrow. */
const DEMO_RETENTION_HOURS = 2;

export async function start(config: Config, signal: AbortSignal): Promise<void> {
  const logger = createLogger(config.logLevel, 'freshet');
  const measuring = await startMetrics({ config, serviceName: 'freshet', messagingSystem: 'freshet', logger });
  const { registry: metrics } = measuring;
  const dataDir = join(config.dataDir, 'demo');
  const tracing = await startTracing({
    isOn: config.tracing === 'on',
    serviceName: 'freshet',
    messagingSystem: 'freshet',
    logger,
  });
  const embedded = await openEmbedded({
    config: {
      ...config,
      retentionHours: Math.min(config.retentionHours, DEMO_RETENTION_HOURS),
      recordsPerBatch: Math.min(config.recordsPerBatch, DEMO_RECORDS_PER_BATCH),
    },
    dataDir,
    mode: 'live',
    clock: systemClock,
    logger,
    metrics,
    tracer: tracing.tracer,
  });
  // Whatever ends first, the engine or the shop or Ctrl-C, ends the rest.
  const ending = new AbortController();
  const stopped = AbortSignal.any([signal, ending.signal]);
  const { engine, log, lists, serdes } = embedded;
  const shop = new DemoShop({
    log,
    serdes,
    seed: config.demoSeed,
    eventsPerSecond: config.eventsPerSecond,
    signal: stopped,
  });
  const console_ = createConsoleRouter({
    engine: createEngineView({
      embedded,
      metrics,
      clock: systemClock,
      mode: 'embedded, with the simulated shop',
      partitions: config.partitions,
      eventsPerSecond: () => shop.eventsPerSecond,
    }),
    shop,
    clock: systemClock,
    logger,
  });
  const serving = createServingApp({
    hosts: servedHosts(config.host),
    lists,
    clock: systemClock,
    logger: loggerOf(logger, 'serving'),
    metrics,
    tracer: tracing.tracer,
    readiness: () =>
      engine.status === 'RUNNING' ? { isReady: true } : { isReady: false, reason: `the engine is ${engine.status}` },
    routers: [console_.router],
  });
  try {
    await serving.open();
    const server = await startHttpServer({ handler: serving.handler, host: config.host, port: config.port });
    process.stdout.write(
      `Freshet runs with a simulated shop of ${config.eventsPerSecond} events a second.\n\n  ${server.url}\n\nCtrl-C ends it; the data stays in ${dataDir}.\n`,
    );
    if (measuring.url !== undefined) process.stdout.write(`Metrics: ${measuring.url}\n`);
    try {
      const parts = [engine.run(stopped), shop.run()].map((part) => part.finally(() => ending.abort()));
      // Both end before anything is closed, whichever failed.
      const failed = (await Promise.allSettled(parts)).find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      console_.close();
      serving.drain();
      await server.stop();
    }
  } finally {
    await serving.close();
    await embedded.close();
    await tracing.stop();
    await measuring.stop();
  }
}
