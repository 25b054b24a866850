// What is in Redis after publishing: expiry, indexes, and what reading and watching cost the server.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { cardKey, listKey, visitorBlockKey } from '../../lists/index.ts';
import { HOST, openLists, publish, read } from '../support/redis-lists.ts';
import { needsRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { asking, poll } from '../support/redis-topologies.ts';

const DAY_MS = 24 * 3_600_000;
const keyPrefix = 'shop:';

async function open(t: TestContext, inactiveExpiryMs?: number) {
  const redis: RedisServer = await startRedis();
  t.after(() => redis.kill());
  const target = { mode: 'single', address: { host: HOST, port: redis.port } } as const;
  const store = await openLists(t, { target, keyPrefix, ...(inactiveExpiryMs !== undefined && { inactiveExpiryMs }) });
  const redisKeys = (): Promise<string[]> => asking(redis.port, async (client) => (await client.keys('*')).sort());
  return { redis, store, redisKeys };
}

describe('Redis, after publishing', needsRedis(), () => {
  const visitorList = listKey('visitor', 'for-you', 'default', 'v1');
  const itemList = listKey('item', 'similar', 'default', 'i1');

  it('lets what belongs to a visitor expire, from the last publication on, and nothing else that has a value', async (t) => {
    const { redis, store } = await open(t);
    const expiring = [visitorList, listKey('session', 'for-you', 'default', 's1'), visitorBlockKey('v1')];
    for (const key of [...expiring, itemList, cardKey('i1')]) await publish(store, key, 1, 'a');
    await asking(redis.port, async (client) => {
      for (const key of expiring) {
        const leftMs = await client.pttl(keyPrefix + key);
        assert(leftMs > 29.9 * DAY_MS && leftMs <= 30 * DAY_MS, `${key}: ${leftMs}`);
      }
      assert.equal(await client.pttl(keyPrefix + itemList), -1);
      const [redisCardKey] = await client.keys(`${keyPrefix}{card:*`);
      assert.equal(await client.pttl(redisCardKey!), -1);
      await client.pexpire(keyPrefix + visitorList, 60_000);
      await publish(store, visitorList, 1, 'a');
      assert((await client.pttl(keyPrefix + visitorList)) > 29.9 * DAY_MS);
    });
  });

  it('forgets an inactive visitor with the version', async (t) => {
    const { store, redisKeys } = await open(t, 1_000);
    await publish(store, visitorList, 5, 'a');
    await poll('the expiry', async () => (await redisKeys()).length === 0);
    await publish(store, visitorList, 1, 'b');
    assert.deepEqual(await read(store, visitorList), ['b@1']);
  });

  it('remembers the version of what was removed for an hour, of cards for a day', async (t) => {
    const { redis, store } = await open(t);
    await publish(store, visitorList, 1, undefined);
    await publish(store, cardKey('i1'), 1, undefined);
    await asking(redis.port, async (client) => {
      const [redisCardKey] = await client.keys(`${keyPrefix}{card:*`);
      for (const [key, most] of [
        [keyPrefix + visitorList, 3_600_000],
        [redisCardKey!, DAY_MS],
      ] as const) {
        assert.equal((await client.getBuffer(key))!.length, 8);
        const leftMs = await client.pttl(key);
        assert(leftMs > most - 60_000 && leftMs <= most, `${key}: ${leftMs}`);
      }
      await publish(store, cardKey('i1'), 2, 'back');
      assert.equal(await client.pttl(redisCardKey!), -1);
    });
  });

  it('drops from an index, sooner or later, what is gone', async (t) => {
    const { redis, store, redisKeys } = await open(t);
    await publish(store, cardKey('i1'), 1, 'a');
    const index = (await redisKeys()).find((key) => key.includes('#index'))!;
    await asking(redis.port, async (client) => {
      await client.sadd(index, ...Array.from({ length: 20 }, (_, i) => `gone${i}`));
      await poll('a clean index', async () => {
        await publish(store, cardKey('i1'), 1, 'a');
        return (await client.scard(index)) === 1;
      });
      assert.deepEqual(await client.smembers(index), ['i1']);
    });
  });

  it('reads cards through their indexes, without looking at lists', async (t) => {
    const { redis, store } = await open(t);
    await publish(store, visitorList, 1, 'a');
    const cards = Array.from({ length: 2_000 }, (_, i) => cardKey(`i${i}`));
    await store.publish(cards.map((key) => ({ key, value: Buffer.from(key), version: 1 })));
    await publish(store, cards[7]!, 2, undefined);
    const found: string[] = [];
    for await (const { key, value } of store.entries('card:')) {
      assert.equal(Buffer.from(value).toString(), key);
      found.push(key);
    }
    assert.deepEqual(found.sort(), cards.filter((key) => key !== cards[7]).sort());
    const stats = await asking(redis.port, (client) => client.info('commandstats'));
    assert.doesNotMatch(stats, /cmdstat_scan:/);
  });

  it('holds thousands of lists of one call', async (t) => {
    const { store } = await open(t);
    const lists = Array.from({ length: 5_000 }, (_, i) => ({
      key: listKey('visitor', 'for-you', 'default', `v${i}`),
      value: Buffer.alloc(3_000, i),
      version: i,
    }));
    await store.publish(lists);
    const found = await store.getMany(lists.map(({ key }) => key));
    for (const [i, entry] of found.entries()) {
      assert.equal(entry?.version, i);
      assert.equal(Buffer.compare(entry!.value, lists[i]!.value), 0);
    }
  });
});
