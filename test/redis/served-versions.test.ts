// The word which version is served, and the end of a version's lists, on real servers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readConfig } from '../../app/config.ts';
import { followServedVersions } from '../../app/served-versions.ts';
import { type Logger, silentLogger } from '../../engine/api/index.ts';
import {
  cardKey,
  dropRedisLists,
  itemBlockKey,
  listKey,
  type RedisListStoreOptions,
  RedisVersions,
} from '../../lists/index.ts';
import { HOST, openLists, publish, read } from '../support/redis-lists.ts';
import { needsRedis, startRedis } from '../support/redis-server.ts';
import { asking, poll, startRedisCluster } from '../support/redis-topologies.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const never = new AbortController().signal;
const OLD = 'freshet:shop:';
const NEW = 'freshet:shop-v2:';
const KEYS = [
  listKey('visitor', 'for-you', 'default', 'v1'),
  listKey('item', 'similar', 'default', '{odd} id*?[x]\\'),
  cardKey('i1'),
  itemBlockKey('i2'),
];

/** Two versions' lists and the application's own keys; what is dropped of the old one leaves the rest. */
async function dropped(t: TestContext, target: RedisListStoreOptions['target']): Promise<void> {
  const [old, other] = await Promise.all([
    openLists(t, { target, keyPrefix: OLD }),
    openLists(t, { target, keyPrefix: NEW }),
  ]);
  for (const store of [old, other]) for (const key of KEYS) await publish(store, key, 1, 'x');
  await Promise.all([old.generation(), other.generation()]);
  const versions = await RedisVersions.open({ target, keyPrefix: OLD });
  t.after(() => versions.close());
  await versions.write({ active: '2', previous: '1' });
  assert.ok((await dropRedisLists({ target, keyPrefix: OLD }, never)) > KEYS.length);
  assert.deepEqual(
    await read(old, ...KEYS),
    KEYS.map(() => undefined),
  );
  assert.deepEqual(
    await read(other, ...KEYS),
    KEYS.map(() => 'x@1'),
  );
  assert.deepEqual(await versions.read(), { active: '2', previous: '1' });
  assert.equal(await dropRedisLists({ target, keyPrefix: OLD }, never), 0);
}

describe('versions in Redis', needsRedis(), () => {
  test('the lists of one are dropped, those of another and the word which is served stay', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    await dropped(t, { mode: 'single', address: { host: HOST, port: redis.port } });
    const left = await asking(redis.port, (client) => client.keys(`${OLD}*`));
    assert.deepEqual(left, [`${OLD}#versions`]);
  });

  test('in a cluster, too', async (t) => {
    const cluster = await startRedisCluster();
    t.after(async () => {
      await cluster[Symbol.asyncDispose]();
    });
    await dropped(t, { mode: 'cluster', nodes: cluster.servers.map(({ port }) => ({ host: HOST, port })) });
  });

  test('the word is followed, kept in a file, and put back by a keeper when Redis has lost it', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const config = readConfig({ FRESHET_APP_ID: 'shop', FRESHET_VERSION: '7', FRESHET_REDIS_URL: redis.url });
    const file = join(temporaryDirectory(), 'deep', 'versions');
    const logged: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (event) => void logged.push(event) };
    const follow = async (isKeeper: boolean) => {
      const heard: string[] = [];
      const options = { config, file, isKeeper, logger };
      const followed = await followServedVersions({ ...options, changed: ({ active }) => void heard.push(active) });
      t.after(() => followed.close());
      return { heard, followed };
    };
    const reader = await follow(false);
    assert.deepEqual(
      reader.followed.current,
      { active: '1' },
      'nobody has ever switched, whatever FRESHET_VERSION says',
    );
    const versions = await RedisVersions.open({
      target: { mode: 'single', address: { host: HOST, port: redis.port } },
      keyPrefix: OLD,
    });
    t.after(() => versions.close());
    await versions.write({ active: '7', previous: '1' });
    await poll('the word', async () => reader.heard.includes('7'));
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { active: '7', previous: '1' });

    await asking(redis.port, (client) => client.flushall());
    const second = await follow(false);
    assert.equal(second.followed.current.active, '7', 'what the file says, while Redis says nothing');
    assert.equal(await versions.read(), undefined, 'who only reads puts nothing back');
    const keeper = await follow(true);
    assert.deepEqual(await versions.read(), { active: '7', previous: '1' });
    assert.deepEqual(logged, ['served-version-restored']);
    assert.equal(await versions.restore({ active: '1' }), false, 'and never over another word');
    assert.deepEqual([reader.heard, keeper.heard], [['7'], []]);
  });

  test('a word that is none of ours changes nothing', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.stop());
    const config = readConfig({ FRESHET_APP_ID: 'shop', FRESHET_REDIS_URL: redis.url });
    for (const text of ['2', '{}', '{"active":""}', '{"active":"2","previous":3}', 'x']) {
      await asking(redis.port, (client) => client.set(`${OLD}#versions`, text));
      const file = join(temporaryDirectory(), 'versions');
      const followed = await followServedVersions({ config, file, isKeeper: true, logger: silentLogger });
      assert.deepEqual(followed.current, { active: '1' }, text);
      await followed.close();
      assert.equal(await asking(redis.port, (client) => client.get(`${OLD}#versions`)), text);
    }
  });
});
