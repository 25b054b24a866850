// Where the endpoint's processes bring together how many requests each API key has made: in the same Redis as the lists, under the
// application's prefix and `#rate`, which no list's key begins with.

import { RateLimiterRedis } from 'rate-limiter-flexible';
import { createRedisClient, keepConnected } from '../lists/index.ts';
import { type SharedCounts, WINDOW_SECONDS } from '../serving/index.ts';
import type { Config } from './config.ts';
import { redisOptions } from './redis.ts';

export interface RedisCounts extends SharedCounts {
  close(): void;
}

/** Counts in Redis; while it is away every call rejects at once. */
export function openRateCounts(config: Config): RedisCounts {
  const options = redisOptions(config, config.appId);
  const client = createRedisClient(options);
  // The list store's connection tells of what ails Redis.
  client.on('error', () => {});
  const disconnect = keepConnected(client);
  client.connect().catch(() => {});
  const limiter = new RateLimiterRedis({
    storeClient: client,
    rejectIfRedisNotReady: true,
    keyPrefix: `${options.keyPrefix}#rate`,
    // What is allowed is decided by each process.
    points: Number.MAX_SAFE_INTEGER,
    duration: WINDOW_SECONDS,
  });
  return {
    async add(keyId, requests) {
      const { consumedPoints, msBeforeNext } = await limiter.penalty(keyId, requests);
      return { requests: consumedPoints, endsInMs: msBeforeNext };
    },
    close: disconnect,
  };
}
