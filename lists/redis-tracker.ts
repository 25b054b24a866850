// A connection that is told of writes by one server, through client tracking (see redis-watch.ts). It comes back by itself, and says so.
import type { Redis } from 'ioredis';
import { keepConnected, type RedisConnection } from './redis-connection.ts';

/** The channel on which a connection of the second version of the protocol hears of writes. */
const CHANNEL = '__redis__:invalidate';
/** A watching connection is silent for hours: it is asked this often whether it is still there. */
const HEARTBEAT_MS = 5_000;

export interface TrackerListener {
  /** Names of keys with one of the prefixes; they may have been written, removed or have expired. */
  written(redisKeys: readonly Buffer[]): void;
  /** It listens again. */
  returned(): void;
}

export class RedisTracker {
  /** Resolves when it listens for the first time. Never rejects. */
  readonly listening: Promise<void>;
  readonly #disconnect: () => void;
  readonly #heartbeat: NodeJS.Timeout;

  constructor(connection: RedisConnection, node: Redis, redisPrefixes: readonly string[], listener: TrackerListener) {
    const redis = connection.duplicate(node);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.listening = promise;
    let isFirst = true;
    redis.on('messageBuffer', (_channel: Buffer, redisKeys: unknown) => {
      // Without keys: the whole database was emptied. What readers hold stays until it is published again.
      if (Array.isArray(redisKeys)) listener.written(redisKeys as Buffer[]);
    });
    redis.on('ready', async () => {
      try {
        await listen(redis, redisPrefixes);
      } catch {
        reconnect(redis);
        return;
      }
      if (!isFirst) listener.returned();
      isFirst = false;
      resolve();
    });
    // The connection for commands tells of what ails Redis.
    redis.on('error', () => {});
    this.#disconnect = keepConnected(redis);
    redis.connect().catch(() => {});
    this.#heartbeat = setInterval(() => {
      if (redis.status === 'ready') redis.ping().catch(() => reconnect(redis));
    }, HEARTBEAT_MS);
    this.#heartbeat.unref();
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#disconnect();
  }
}

/** Any other status than this leads to a new connection by itself. */
function reconnect(redis: Redis): void {
  if (redis.status === 'ready') redis.disconnect(true);
}

/** The connection is the target of its own messages. */
async function listen(redis: Redis, redisPrefixes: readonly string[]): Promise<void> {
  const id = await redis.client('ID');
  const prefixes = redisPrefixes.flatMap((prefix) => ['PREFIX', prefix]);
  await redis.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...prefixes);
  await redis.subscribe(CHANNEL);
}
