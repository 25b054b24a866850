// Where Redis is, in our words, and the same in the words of ioredis.
import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';
import type { Logger, Metrics } from '../engine/api/index.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export type RedisTarget =
  | { readonly mode: 'single'; readonly address: RedisAddress; readonly database?: number }
  | {
      readonly mode: 'sentinel';
      /** Some or all of the sentinels. */
      readonly sentinels: readonly RedisAddress[];
      /** The master's name in their settings. */
      readonly name: string;
      readonly database?: number;
      /** The sentinels' own user, when they ask for one. */
      readonly sentinelUsername?: string;
      readonly sentinelPassword?: string;
    }
  | {
      readonly mode: 'cluster';
      /** Some or all of the nodes: they name the others. */
      readonly nodes: readonly RedisAddress[];
    };

/** Certificates and keys are PEM texts. Servers are always verified: by `ca`, or else by the authorities that Node trusts. */
export interface RedisTls {
  readonly ca?: string;
  /** Our own, for servers that ask for one. */
  readonly certificate?: string;
  readonly key?: string;
  /** The name in the servers' certificates, when it is not the host that is connected to. */
  readonly serverName?: string;
}

export interface RedisListStoreOptions {
  readonly target: RedisTarget;
  readonly username?: string;
  readonly password?: string;
  /** For sentinels too. */
  readonly tls?: RedisTls;
  /** Begins every key, e.g. `freshet:shop:`. One for each tenant, none the beginning of another. */
  readonly keyPrefix: string;
  /** How long a call may take, and a server may be silent while it owes an answer; 100 or more. @defaultValue 2000 */
  readonly timeoutMs?: number;
  /**
   * Lists and blocks of visitors and sessions go when nothing was published under their key for so long, ms. Their versions go with
   * them: after that any version is taken. @defaultValue 30 days
   */
  readonly inactiveExpiryMs?: number;
  /** Whether the store opens without Redis too; then calls reject until Redis is there. @defaultValue false */
  readonly mayBeAway?: boolean;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export const DEFAULT_TIMEOUT_MS = 2_000;
export const DEFAULT_INACTIVE_EXPIRY_MS = 30 * 24 * 3_600_000;

/** Half-open connections end after so long without a word, where nothing else would notice. */
const KEEP_ALIVE_MS = 10_000;
/** A cluster's nodes are asked for its slots so often; redirections tell sooner. */
const SLOTS_REFRESH_MS = 5_000;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

/** @throws {RangeError} for what cannot be meant. */
export function checkRedisOptions(options: RedisListStoreOptions): void {
  const { keyPrefix, timeoutMs = DEFAULT_TIMEOUT_MS, inactiveExpiryMs = DEFAULT_INACTIVE_EXPIRY_MS } = options;
  if (!/^[^{}\\\0]{1,100}$/.test(keyPrefix)) {
    throw new RangeError('keyPrefix has to be 1 to 100 characters, without braces and backslashes');
  }
  if (!(timeoutMs >= 100)) throw new RangeError('timeoutMs has to be 100 or more');
  if (!(inactiveExpiryMs >= 1_000)) throw new RangeError('inactiveExpiryMs has to be 1000 or more');
  if (addressesOf(options.target).length === 0) throw new RangeError('no address of Redis is given');
}

/**
 * Target and user of `redis://user:password@host:port/database`, or `rediss://` for TLS. Port 6379 and database 0 may be left out.
 * @throws {TypeError} without the url's text, which may hold a password.
 */
export function redisOptionsFromUrl(
  url: string,
): Pick<RedisListStoreOptions, 'target' | 'username' | 'password' | 'tls'> {
  const parsed = URL.parse(url);
  const database = /^\/?(\d*)$/.exec(parsed?.pathname ?? '')?.[1];
  const isRedis = parsed !== null && /^rediss?:$/.test(parsed.protocol) && parsed.hostname !== '';
  if (!isRedis || database === undefined) {
    throw new TypeError('the url of Redis is not of the form redis://user:password@host:port/database');
  }
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: parsed.port === '' ? 6379 : Number(parsed.port) };
  return {
    target: { mode: 'single', address, ...(database !== '' && { database: Number(database) }) },
    ...(parsed.username !== '' && { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password !== '' && { password: decodeURIComponent(parsed.password) }),
    ...(parsed.protocol === 'rediss:' && { tls: {} }),
  };
}

/** `host:port`, several with commas: for texts, so without user and password. */
export function addressText(target: RedisTarget): string {
  return addressesOf(target)
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(',');
}

/** Replies have the same shape in both versions of the protocol. */
type Legacy = { readonly replyMapping: 'legacy' };

/** Options of a connection to one server, which may be a cluster's node. */
export function connectionOptions(options: RedisListStoreOptions): RedisOptions & Legacy {
  const { target, username, password, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const tls = tlsOptions(options.tls);
  const common: RedisOptions & Legacy = {
    replyMapping: 'legacy',
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls }),
    connectionName: 'freshet',
    disableClientInfo: true,
    connectTimeout: timeoutMs,
    // A silent server ends the connection, and what waits for it, instead of waiting with it. Later than the call's own timeout, so that a
    // process that was held up for a moment keeps its connection.
    socketTimeout: 2 * timeoutMs,
    keepAlive: KEEP_ALIVE_MS,
    // Nothing waits for a connection: the caller decides what to do with what could not be stored.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: retryDelayMs,
    // A master that has become a replica: look for the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    lazyConnect: true,
  };
  if (target.mode === 'cluster') return common;
  const db = target.database ?? 0;
  if (target.mode === 'single') return { ...common, ...target.address, db };
  const { sentinels, name, sentinelUsername, sentinelPassword } = target;
  return {
    ...common,
    db,
    sentinels: [...sentinels],
    name,
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls !== undefined && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: timeoutMs,
    sentinelRetryStrategy: retryDelayMs,
    failoverDetector: true,
  };
}

/** Nodes to begin with, and options. */
export function clusterOptions(
  options: RedisListStoreOptions,
): [nodes: ClusterNode[], options: ClusterOptions & { redisOptions: Legacy }] {
  const { retryStrategy: _, enableOfflineQueue: __, ...redisOptions } = connectionOptions(options);
  return [
    [...addressesOf(options.target)],
    {
      redisOptions,
      enableOfflineQueue: false,
      lazyConnect: true,
      clusterRetryStrategy: retryDelayMs,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      slotsRefreshTimeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      // A name stays a name, since the certificate holds names.
      ...(options.tls !== undefined && { dnsLookup: (address, callback) => callback(null, address) }),
    },
  ];
}

/** Doubles from 50 ms to 2 s and goes on for ever; up to a fifth is random, so that instances do not come back at once. */
export function retryDelayMs(attempts: number): number {
  const delayMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts - 1, 10));
  return Math.round(delayMs * (0.8 + 0.2 * Math.random()));
}

function addressesOf(target: RedisTarget): readonly RedisAddress[] {
  if (target.mode === 'single') return [target.address];
  return target.mode === 'sentinel' ? target.sentinels : target.nodes;
}

function tlsOptions(tls: RedisTls | undefined): RedisOptions['tls'] {
  if (tls === undefined) return undefined;
  return {
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.certificate !== undefined && { cert: tls.certificate }),
    ...(tls.key !== undefined && { key: tls.key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  };
}
