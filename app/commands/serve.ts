// `freshet serve`: the endpoint alone, over the lists that an engine has left in the data folder.

import { systemClock } from '../../engine/api/index.ts';
import { MetricRegistry } from '../../engine/telemetry/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY } from '../../lists/index.ts';
import { createServingApp, startHttpServer } from '../../serving/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import type { Config } from '../config.ts';
import { databasePath } from '../embedded.ts';
import { createLogger } from '../logging.ts';
import { servedHosts } from '../loopback.ts';

export async function serve(config: Config, signal: AbortSignal): Promise<void> {
  const logger = createLogger(config.logLevel);
  const database = await openRocksDatabase(databasePath(config.dataDir), {
    columnFamilies: [LISTS_COLUMN_FAMILY],
    readOnly: true,
  });
  const lists = createEmbeddedListStore({ database, clock: systemClock, logger });
  const serving = createServingApp({
    hosts: servedHosts(config.host),
    lists,
    clock: systemClock,
    logger,
    metrics: new MetricRegistry(systemClock),
    readiness: () => ({ isReady: true }),
  });
  try {
    await serving.open();
    const server = await startHttpServer({ handler: serving.handler, host: config.host, port: config.port });
    process.stdout.write(
      `Freshet serves the lists in ${config.dataDir}.\n\n  ${server.url}/v1/popular\n  ${server.url}/v1/items/{id}/similar\n\nCtrl-C ends it.\n`,
    );
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await server.stop();
  } finally {
    serving.close();
    await lists.close();
    await database.close();
  }
}
