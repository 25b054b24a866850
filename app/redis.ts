// The list store in Redis, by the settings.

import { type Logger, type Metrics, silentMetrics } from '../engine/api/index.ts';
import {
  createRedisListStore,
  type RedisAddress,
  type RedisListStore,
  type RedisListStoreOptions,
  type RedisTarget,
  redisOptionsFromUrl,
} from '../lists/index.ts';
import { type Config, ConfigError } from './config.ts';
import { readPem } from './kafka.ts';
import { ownName } from './version.ts';

/**
 * @param mayBeAway whether the store opens without Redis too.
 * @throws {ConfigError} for settings that do not go together.
 */
export function openRedisLists(
  config: Config,
  logger: Logger,
  { mayBeAway = false, metrics = silentMetrics }: { readonly mayBeAway?: boolean; readonly metrics?: Metrics } = {},
): Promise<RedisListStore> {
  return createRedisListStore({ ...redisOptions(config), mayBeAway, logger, metrics });
}

/**
 * How Redis is reached, and what begins the keys in it.
 * @param name of whom the keys are: the version, or the application.
 * @throws {ConfigError} for settings that do not go together.
 */
export function redisOptions(config: Config, name = ownName(config)): RedisListStoreOptions {
  const { target, username, password, tls } = urlOptions(config.redisUrl);
  if (config.redisTlsCa !== undefined && tls === undefined)
    throw new ConfigError('FRESHET_REDIS_TLS_CA needs a FRESHET_REDIS_URL that begins with rediss://');
  return {
    target: targetOf(config, target),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && {
      tls: config.redisTlsCa === undefined ? tls : { ...tls, ca: readPem('FRESHET_REDIS_TLS_CA', config.redisTlsCa) },
    }),
    keyPrefix: `freshet:${name}:`,
  };
}

function urlOptions(url: string): ReturnType<typeof redisOptionsFromUrl> {
  try {
    return redisOptionsFromUrl(url);
  } catch (error) {
    throw new ConfigError(`FRESHET_REDIS_URL: ${(error as Error).message}`);
  }
}

function targetOf(config: Config, single: RedisTarget): RedisTarget {
  if (single.mode !== 'single') return single;
  const further = config.redisNodes?.split(',').map(addressOf) ?? [];
  switch (config.redisMode) {
    case 'single':
      return single;
    case 'cluster':
      return { mode: 'cluster', nodes: [single.address, ...further] };
    case 'sentinel':
      return {
        mode: 'sentinel',
        sentinels: [single.address, ...further],
        name: config.redisMaster,
        ...(single.database !== undefined && { database: single.database }),
      };
  }
}

function addressOf(text: string): RedisAddress {
  const [, host, port] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text.trim()) ?? [];
  if (host === undefined)
    throw new ConfigError(`FRESHET_REDIS_NODES must be host:port, several with commas, not "${text}"`);
  return { host, port: Number(port) };
}
