// Takes everything out of Redis that a list store has put there: the lists of a version that is retired. In steps, so that other commands of
// the servers wait for one step at most, and memory is freed in the background (UNLINK).
import { RedisConnection } from './redis-connection.ts';
import { RedisLayout } from './redis-layout.ts';
import type { RedisListStoreOptions } from './redis-options.ts';
import { scannedPages } from './redis-read.ts';

/**
 * Drops what is stored under the prefix; what others keep there stays. Whatever is published meanwhile may stay too. Repeatable.
 * @returns how many keys there were.
 * @throws {RedisUnavailableError} with some of them dropped: call it again.
 */
export async function dropRedisLists(options: RedisListStoreOptions, signal: AbortSignal): Promise<number> {
  const layout = new RedisLayout(options.keyPrefix);
  const connection = await RedisConnection.open(options);
  let dropped = 0;
  try {
    for await (const { master, redisKeys } of scannedPages(connection, [options.keyPrefix])) {
      signal.throwIfAborted();
      const own = redisKeys.filter((redisKey) => layout.isOwn(redisKey));
      // One command for each: keys of a cluster's node are of many slots. ioredis sends them together.
      const answers = await connection.call('UNLINK', () =>
        Promise.all(own.map((redisKey) => master.unlink(redisKey))),
      );
      dropped += answers.reduce((sum, count) => sum + count, 0);
    }
    return dropped;
  } finally {
    connection.close();
  }
}
