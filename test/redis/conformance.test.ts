// The contract of list stores on real servers: one, a cluster, and one behind a sentinel.
import { randomUUID } from 'node:crypto';
import { after, before, describe, type TestContext } from 'node:test';
import { CARD_PREFIX, createRedisListStore, type ListStore, type RedisTarget } from '../../lists/index.ts';
import { listStoreConformance } from '../conformance/list-store.ts';
import { needsRedis, startRedis } from '../support/redis-server.ts';
import { startRedisCluster, startSentinels } from '../support/redis-topologies.ts';

const host = '127.0.0.1';

/** Opens list stores of which those of one test have a prefix in common. */
function opener(target: () => RedisTarget): (t: TestContext) => Promise<ListStore> {
  const prefixes = new WeakMap<TestContext, string>();
  return async (t) => {
    const keyPrefix = prefixes.get(t) ?? `test[*]${randomUUID()}:`;
    prefixes.set(t, keyPrefix);
    const store = await createRedisListStore({ target: target(), keyPrefix });
    t.after(() => store.close());
    return store;
  };
}

function conformance(name: string, start: () => Promise<{ target: RedisTarget } & AsyncDisposable>): void {
  describe(name, needsRedis(), () => {
    let started: ({ target: RedisTarget } & AsyncDisposable) | undefined;
    before(async () => {
      started = await start();
    });
    after(() => started?.[Symbol.asyncDispose]());
    const open = opener(() => started!.target);
    listStoreConformance(name, { open });
    listStoreConformance(`${name}, of a kind with an index`, { open, kind: CARD_PREFIX });
  });
}

conformance('Redis list store on one server', async () => {
  const redis = await startRedis();
  return { ...redis, target: { mode: 'single', address: { host, port: redis.port } } };
});

conformance('Redis list store on a cluster', async () => {
  const cluster = await startRedisCluster();
  return { ...cluster, target: { mode: 'cluster', nodes: [{ host, port: cluster.servers[0]!.port }] } };
});

conformance('Redis list store behind a sentinel', async () => {
  const sentinels = await startSentinels();
  const { sentinelPort: port, masterName: name } = sentinels;
  return { ...sentinels, target: { mode: 'sentinel', sentinels: [{ host, port }], name } };
});
