// `freshet serve`: the endpoint alone, over the lists that an engine has left in the data folder or keeps fresh in Redis.

import { join } from 'node:path';
import { type Logger, systemClock } from '../../engine/api/index.ts';
import { MetricRegistry } from '../../engine/telemetry/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY, type ListStore } from '../../lists/index.ts';
import { createServingApp, startHttpServer } from '../../serving/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import { openAccess } from '../access.ts';
import { type Config, ConfigError } from '../config.ts';
import { databasePath } from '../embedded.ts';
import { createLogger } from '../logging.ts';
import { servedHosts } from '../loopback.ts';
import { openRedisLists } from '../redis.ts';
import { isServingProcess, processCount, superviseProcesses } from '../serving-processes.ts';
import { startTracing } from '../tracing.ts';

/** Engines publish a segment's list once a second at most. */
const SHARED_MAX_AGE_MS = 1_000;

interface ServedLists {
  readonly lists: ListStore;
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
  return { lists, close };
}

async function listsOfRedis(config: Config, logger: Logger): Promise<ServedLists> {
  const lists = await openRedisLists(config, logger, { mayBeAway: true });
  return { lists, close: () => lists.close() };
}

function greet(config: Config, redis: boolean, url: string): void {
  const where = redis ? `Redis, which "${config.appId}" keeps fresh` : config.dataDir;
  const who =
    config.apiKeysFile === undefined
      ? 'There are no API keys: whoever is on this machine may ask.'
      : `Callers need an API key of ${config.apiKeysFile}.`;
  process.stdout.write(
    `Freshet serves the lists in ${where}.\n\n  ${url}/v1/popular\n  ${url}/v1/items/{id}/similar\n\n${who}\nCtrl-C ends it.\n`,
  );
}

/** @throws {ConfigError} when the endpoint would be open to more than this machine. */
function checkReach({ host, apiKeysFile }: Config): void {
  if (apiKeysFile !== undefined || servedHosts(host) !== undefined) return;
  throw new ConfigError(
    `FRESHET_HOST=${host} opens the endpoint to other machines, and there are no API keys. Make one (freshet keys create) and set FRESHET_API_KEYS_FILE, or leave FRESHET_HOST out.`,
  );
}

export async function serve(
  config: Config,
  { redis }: { readonly redis: boolean },
  signal: AbortSignal,
): Promise<void> {
  checkReach(config);
  const logger = createLogger(config.logLevel);
  const count = processCount(config.serveProcesses);
  if (redis && count > 1 && !isServingProcess())
    await superviseProcesses(count, logger, signal, (url) => greet(config, redis, url));
  else await answer(config, redis, logger, signal);
}

async function answer(config: Config, redis: boolean, logger: Logger, signal: AbortSignal): Promise<void> {
  const access = await openAccess(config, { isShared: redis, logger });
  const { lists, close } = await (redis ? listsOfRedis : listsOfDataFolder)(config, logger);
  const tracing = await startTracing({
    isOn: config.tracing === 'on',
    serviceName: 'freshet-serving',
    messagingSystem: redis ? 'kafka' : 'freshet',
    logger,
  });
  const serving = createServingApp({
    hosts: servedHosts(config.host),
    origins: config.corsOrigins?.split(','),
    access,
    lists,
    clock: systemClock,
    logger,
    metrics: new MetricRegistry(systemClock),
    tracer: tracing.tracer,
    // Whoever balances load is told before the port closes.
    readiness: () => (signal.aborted ? { isReady: false, reason: 'stopping' } : { isReady: true }),
    ...(redis && {
      readTimeoutMs: config.serveReadTimeoutMs,
      sharedMaxAgeMs: SHARED_MAX_AGE_MS,
      rememberedFile: join(config.dataDir, 'serving', `${config.appId}.lists`),
    }),
    cacheBytes: config.serveCacheMb * 1024 * 1024,
  });
  try {
    await serving.open();
    const server = await startHttpServer({ handler: serving.handler, host: config.host, port: config.port });
    if (!isServingProcess()) greet(config, redis, server.url);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    serving.drain();
    await server.stop();
  } finally {
    await serving.close();
    access?.close();
    await close();
    await tracing.stop();
  }
}
