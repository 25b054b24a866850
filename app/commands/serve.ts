// `freshet serve`: the endpoint alone, over the lists that an engine has left in the data folder or keeps fresh in Redis.

import { join } from 'node:path';
import { type Logger, type Metrics, systemClock } from '../../engine/api/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY } from '../../lists/index.ts';
import { createServingApp, type ServingApp, type ServingOptions, startHttpServer } from '../../serving/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import { openAccess } from '../access.ts';
import { type Config, ConfigError } from '../config.ts';
import { databasePath } from '../embedded.ts';
import { createLogger, loggerOf } from '../logging.ts';
import { servedHosts } from '../loopback.ts';
import { startMetrics } from '../metrics.ts';
import { isOneOfSeveral, metricsPortOf, processCount, superviseProcesses, tell } from '../processes.ts';
import { openRedisLists } from '../redis.ts';
import { followServedVersions } from '../served-versions.ts';
import { startTracing } from '../tracing.ts';
import { ownName } from '../version.ts';
import { type ServedVersion, VersionedServing } from '../versioned-serving.ts';

/** As logs, metrics and traces call it. */
const SERVICE = 'freshet-serving';
/** Engines publish a segment's list once a second at most. */
const SHARED_MAX_AGE_MS = 1_000;

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
  const logger = createLogger(config.logLevel, SERVICE);
  const count = processCount(config.serveProcesses);
  if (redis && count > 1 && !isOneOfSeveral()) await superviseAnswers(config, count, logger, signal);
  else await answer(config, redis, logger, signal);
}

/** What a process says when it listens. */
interface Listening {
  readonly url: string;
}

async function superviseAnswers(config: Config, count: number, logger: Logger, signal: AbortSignal): Promise<void> {
  let isGreeted = false;
  await superviseProcesses<Listening>({
    count,
    logger,
    signal,
    given: (place) => ({ environment: metricsPortOf(config.metricsPort, place) }),
    heard(_place, { url }) {
      if (!isGreeted) greet(config, true, url);
      isGreeted = true;
    },
  });
}

async function answer(config: Config, redis: boolean, logger: Logger, signal: AbortSignal): Promise<void> {
  const access = await openAccess(config, { isShared: redis, logger });
  const watched = { serviceName: SERVICE, messagingSystem: redis ? 'kafka' : 'freshet', logger };
  const measuring = await startMetrics({ config, ...watched });
  const { registry: metrics } = measuring;
  const tracing = await startTracing({ isOn: config.tracing === 'on', ...watched });
  const common: Omit<ServingOptions, 'lists' | 'metrics'> = {
    hosts: servedHosts(config.host),
    origins: config.corsOrigins?.split(','),
    access,
    clock: systemClock,
    logger: loggerOf(logger, 'serving'),
    tracer: tracing.tracer,
    // Whoever balances load is told before the port closes.
    readiness: () => (signal.aborted ? { isReady: false, reason: 'stopping' } : { isReady: true }),
    cacheBytes: config.serveCacheMb * 1024 * 1024,
  };
  const serving = await (redis ? servingOfRedis : servingOfDataFolder)(config, common, metrics);
  try {
    const server = await startHttpServer({ handler: serving.handler, host: config.host, port: config.port });
    if (isOneOfSeveral()) tell({ url: server.url } satisfies Listening);
    else greet(config, redis, server.url);
    if (measuring.url !== undefined) process.stdout.write(`Metrics: ${measuring.url}\n`);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    serving.drain();
    await server.stop();
  } finally {
    await serving.close();
    access?.close();
    await tracing.stop();
    await measuring.stop();
  }
}

/** What answers, open. */
type Serving = Pick<ServingApp, 'handler' | 'drain' | 'close'>;

async function servingOfDataFolder(
  config: Config,
  common: Omit<ServingOptions, 'lists' | 'metrics'>,
  metrics: Metrics,
): Promise<Serving> {
  const database = await openRocksDatabase(databasePath(config.dataDir), {
    columnFamilies: [LISTS_COLUMN_FAMILY],
    readOnly: true,
    measured: { metrics, name: 'embedded' },
  });
  const lists = createEmbeddedListStore({ database, clock: systemClock, logger: common.logger });
  const app = createServingApp({ ...common, lists, metrics });
  await app.open();
  return {
    handler: app.handler,
    drain: () => app.drain(),
    async close() {
      await app.close();
      await lists.close();
      await database.close();
    },
  };
}

/** Whichever version operators have said. */
async function servingOfRedis(
  config: Config,
  common: Omit<ServingOptions, 'lists' | 'metrics'>,
  metrics: Metrics,
): Promise<Serving> {
  const { logger } = common;
  const directory = join(config.dataDir, 'serving');
  let serving: VersionedServing | undefined;
  const followed = await followServedVersions({
    config,
    file: join(directory, `${config.appId}.versions`),
    isKeeper: false,
    logger,
    changed: (versions) => serving?.take(versions),
  });
  const create = async (version: string, versionMetrics: Metrics): Promise<ServedVersion> => {
    const versionConfig = { ...config, version };
    const lists = await openRedisLists(versionConfig, loggerOf(logger, 'redis'), {
      mayBeAway: true,
      metrics: versionMetrics,
    });
    const app = createServingApp({
      ...common,
      lists,
      metrics: versionMetrics,
      readTimeoutMs: config.serveReadTimeoutMs,
      sharedMaxAgeMs: SHARED_MAX_AGE_MS,
      rememberedFile: join(directory, `${ownName(versionConfig)}.lists`),
    });
    const close = async () => {
      await app.close();
      await lists.close();
    };
    return { app, close };
  };
  const opened = await VersionedServing.open({ create, metrics, logger }, followed.current);
  serving = opened;
  // What was heard while it opened, and the version that is kept ready.
  opened.take(followed.current);
  return {
    handler: opened.handler,
    drain: () => opened.drain(),
    async close() {
      await followed.close();
      await opened.close();
    },
  };
}
