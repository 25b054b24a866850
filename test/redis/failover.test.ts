// Other servers take over: behind a sentinel, and in a cluster.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cardKey, listKey, RedisUnavailableError } from '../../lists/index.ts';
import { RedisConnection } from '../../lists/redis-connection.ts';
import { slotOf } from '../../lists/redis-slot.ts';
import { eventually, HOST, hearing, openLists, publish, read } from '../support/redis-lists.ts';
import { needsRedis } from '../support/redis-server.ts';
import { asking, poll, startRedisCluster, startSentinels } from '../support/redis-topologies.ts';
import { waitFor } from '../support/wait-for.ts';

const keyPrefix = 'shop:';
const list = (visitor: number): string => listKey('visitor', 'for-you', 'default', `v${visitor}`);

describe('the list store behind a sentinel', needsRedis(), () => {
  it('follows to the new master, keeps versions, and tells watchers what they missed', async (t) => {
    const { servers, sentinelPort, masterName, ...rest } = await startSentinels();
    t.after(() => rest[Symbol.asyncDispose]());
    const target = { mode: 'sentinel', sentinels: [{ host: HOST, port: sentinelPort }], name: masterName } as const;
    const store = await openLists(t, { target, keyPrefix });
    const { heard, listener } = hearing();
    await store.watch('card:', listener);
    const generation = await store.generation();
    await publish(store, list(1), 5, 'five');
    await asking(servers[0]!.port, (redis) => redis.wait(1, 5_000));
    await servers[0]!.kill();
    await assert.rejects(publish(store, list(1), 6, 'lost'), RedisUnavailableError);
    await eventually('the new master', () => publish(store, list(1), 4, 'old'));
    assert.deepEqual(await read(store, list(1)), ['five@5']);
    assert.notEqual(await store.generation(), generation);
    await publish(store, cardKey('i1'), 1, 'a');
    await waitFor('the card', () => heard.get(cardKey('i1')) === 'a@1', 10_000);
  });
});

describe('a connection to Redis behind a sentinel', needsRedis(), () => {
  it('comes back when an attempt to connect is cut short', async (t) => {
    const { sentinelPort, masterName, ...rest } = await startSentinels();
    t.after(() => rest[Symbol.asyncDispose]());
    const target = { mode: 'sentinel', sentinels: [{ host: HOST, port: sentinelPort }], name: masterName } as const;
    const connection = await RedisConnection.open({ target, keyPrefix });
    t.after(() => connection.close());
    const { client } = connection;
    client.disconnect(true);
    await new Promise((resolve) => client.once('connecting', resolve));
    client.disconnect(true);
    await new Promise((resolve) => client.once('end', resolve));
    await eventually('the connection', () => connection.ping());
  });
});

describe('the list store on a cluster', needsRedis(), () => {
  const lists = Array.from({ length: 60 }, (_, i) => list(i));
  const cards = Array.from({ length: 60 }, (_, i) => cardKey(`i${i}`));
  const all = [...lists, ...cards];

  it('goes on when a replica takes over from its master, and so do its watches', async (t) => {
    const { servers, ...rest } = await startRedisCluster({ replicas: 1 });
    t.after(() => rest[Symbol.asyncDispose]());
    const target = { mode: 'cluster', nodes: servers.slice(0, 3).map(({ port }) => ({ host: HOST, port })) } as const;
    const store = await openLists(t, { target, keyPrefix });
    const { heard, listener } = hearing();
    await store.watch('card:', listener);
    const generation = await store.generation();
    const put = (version: number): Promise<void> =>
      store.publish(all.map((key) => ({ key, version, value: Buffer.from('x') }))) as Promise<void>;
    await put(1);
    await Promise.all(servers.slice(0, 3).map(({ port }) => asking(port, (redis) => redis.wait(1, 5_000))));
    await servers[0]!.kill();
    await eventually('the replica as master', () => put(2));
    assert.deepEqual(
      await read(store, ...all),
      all.map(() => 'x@2'),
    );
    await eventually('another generation', async () => {
      assert.notEqual(await store.generation(), generation);
    });
    await put(3);
    await waitFor('the cards', () => cards.every((key) => heard.get(key) === 'x@3'), 20_000);
  });

  it('finds slots that were moved to another node', async (t) => {
    const { servers, ...rest } = await startRedisCluster();
    t.after(() => rest[Symbol.asyncDispose]());
    const target = { mode: 'cluster', nodes: [{ host: HOST, port: servers[0]!.port }] } as const;
    const store = await openLists(t, { target, keyPrefix });
    const { heard, listener } = hearing();
    await store.watch(list(1), listener);
    await publish(store, list(1), 1, 'a');
    const slot = slotOf(keyPrefix + list(1));
    const from = servers[Math.floor((slot * 3) / 16_384)]!;
    const to = servers.find((server) => server !== from)!;
    const [fromId, toId] = await Promise.all(
      [from, to].map(({ port }) => asking(port, (redis) => redis.call('CLUSTER', 'MYID') as Promise<string>)),
    );
    await asking(to.port, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId!));
    await asking(from.port, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId!));
    // Half-way: the slot is the old node's, and what is not there any more is asked of the new one.
    await asking(from.port, (redis) => redis.call('MIGRATE', HOST, to.port, keyPrefix + list(1), 0, 5_000));
    assert.deepEqual(await read(store, list(1)), ['a@1']);
    await publish(store, list(1), 2, 'b');
    for (const { port } of [to, from]) {
      await asking(port, (redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId!));
    }
    assert.deepEqual(await read(store, list(1)), ['b@2']);
    await publish(store, list(1), 1, 'old');
    await publish(store, list(1), 3, 'c');
    assert.deepEqual(await read(store, list(1)), ['c@3']);
    await poll('the list', async () => heard.get(list(1)) === 'c@3');
  });
});
