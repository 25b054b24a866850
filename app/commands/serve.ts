// `freshet serve`: the endpoint alone, over the lists that an engine has left in the data folder or keeps fresh in Redis.

import { join } from 'node:path';
import { type Logger, systemClock } from '../../engine/api/index.ts';
import { MetricRegistry } from '../../engine/telemetry/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY, type ListStore } from '../../lists/index.ts';
import { createServingApp, startHttpServer } from '../../serving/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import type { Config } from '../config.ts';
import { databasePath } from '../embedded.ts';
import { createLogger } from '../logging.ts';
import { servedHosts } from '../loopback.ts';
import { openRedisLists } from '../redis.ts';

/** Engines publish a segment's list once a second at most. */
const SHARED_MAX_AGE_MS = 1_000;

interface ServedLists {
  readonly lists: ListStore;
  readonly where: string;
  close(): Promise<void>;
}

async function listsOfDataFolder(config: Config, logger: Logger): Promise<ServedLists> {
  const database = await openRocksDatabase(databasePath(config.dataDir), {
    columnFamilies: [LISTS_COLUMN_FAMILY],
    readOnly: true,
  });
  const lists = createEmbeddedListStore({ database, clock: systemClock, logger });
  const close = async () => {
    await lists.close();
    await database.close();
  };
  return { lists, where: config.dataDir, close };
}

async function listsOfRedis(config: Config, logger: Logger): Promise<ServedLists> {
  const lists = await openRedisLists(config, logger, { mayBeAway: true });
  return { lists, where: `Redis, which "${config.appId}" keeps fresh`, close: () => lists.close() };
}

export async function serve(
  config: Config,
  { redis }: { readonly redis: boolean },
  signal: AbortSignal,
): Promise<void> {
  const logger = createLogger(config.logLevel);
  const { lists, where, close } = await (redis ? listsOfRedis : listsOfDataFolder)(config, logger);
  const serving = createServingApp({
    hosts: servedHosts(config.host),
    lists,
    clock: systemClock,
    logger,
    metrics: new MetricRegistry(systemClock),
    readiness: () => ({ isReady: true }),
    ...(redis && {
      readTimeoutMs: config.serveReadTimeoutMs,
      sharedMaxAgeMs: SHARED_MAX_AGE_MS,
      rememberedFile: { path: join(config.dataDir, 'serving', `${config.appId}.lists`), isWritten: true },
    }),
    cacheBytes: config.serveCacheMb * 1024 * 1024,
  });
  try {
    await serving.open();
    const server = await startHttpServer({ handler: serving.handler, host: config.host, port: config.port });
    process.stdout.write(
      `Freshet serves the lists in ${where}.\n\n  ${server.url}/v1/popular\n  ${server.url}/v1/items/{id}/similar\n\nCtrl-C ends it.\n`,
    );
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await server.stop();
  } finally {
    await serving.close();
    await close();
  }
}
