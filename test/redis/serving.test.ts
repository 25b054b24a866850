// `freshet serve --redis` while Redis is killed, silent, slow, emptied, or not there at the start: every shopper is answered, and nothing is
// shown that may not be. The load runs in this process, the endpoint in one of its own.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../deploy/local-stack/ports.ts';
import type { SinkEntry } from '../../engine/api/index.ts';
import {
  cardKey,
  itemBlockKey,
  itemBlockSerde,
  itemCardSerde,
  listKey,
  topListSerde,
  visitorBlockKey,
  visitorBlockSerde,
} from '../../lists/index.ts';
import { childProcessesOf } from '../support/child-processes.ts';
import { listItem } from '../support/memory-lists.ts';
import { Serving } from '../support/outage-serving.ts';
import { HOST, openLists } from '../support/redis-lists.ts';
import { needsRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { asking, poll } from '../support/redis-topologies.ts';
import { createTcpProxy } from '../support/tcp-proxy.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const VISITORS = 50;
const AT_A_TIME = 16;
/** How long a fault lasts. */
const AWAY_MS = Number(process.env.FRESHET_TEST_AWAY_MS ?? 3_000);
/** How long Redis may take here: more than in earnest, since the machine may have much other work. */
const READ_TIMEOUT_MS = 600;
/** Of the endpoint's process, which may have to wait for its turn: late by so much is not late by Redis. */
const SLACK_MS = 1_000;
/** In each direction. */
const SLOW_MS = 400;

const PATHS = Array.from({ length: VISITORS }, (_, i) => `/v1/visitors/v${i}/recommendations`);

function list(key: string, items: readonly string[], version = 1): SinkEntry {
  const [, , definition = '', variant = '', owner = ''] = key.split(':');
  const asOf = { at: 0, topic: 'clicks', partition: 0, offset: 0, eventIds: [] };
  const value = topListSerde.serialize({
    definition,
    owner,
    variant,
    algorithm: 'test-1',
    asOf,
    items: items.map((id, i) => listItem(id, items.length - i)),
  });
  return { key, version, value };
}

const visitorList = (id: string, items: readonly string[]) => list(listKey('visitor', 'for-you', 'default', id), items);
const globalList = (items: readonly string[], version = 1) =>
  list(listKey('segment', 'popular', 'default', 'global'), items, version);
const itemBlock = (id: string, version = 1): SinkEntry => ({
  key: itemBlockKey(id),
  version,
  value: itemBlockSerde.serialize({ reason: 'sold-out' }),
});

/** A Redis with lists of the application `shop`. */
async function shopRedis(t: TestContext, port?: number): Promise<RedisServer> {
  const redis = await startRedis(port === undefined ? {} : { port });
  t.after(() => redis.kill());
  const store = await openLists(t, {
    target: { mode: 'single', address: { host: HOST, port: redis.port } },
    keyPrefix: 'freshet:shop:',
  });
  await store.publish([
    ...Array.from({ length: VISITORS }, (_, i) => visitorList(`v${i}`, ['own', `of-v${i}`, 'sold', 'bought'])),
    ...Array.from({ length: VISITORS }, (_, i) => ({
      key: visitorBlockKey(`v${i}`),
      version: 1,
      value: visitorBlockSerde.serialize({ items: ['bought'] }),
    })),
    globalList(['sold', 'g1', 'g2', 'late']),
    itemBlock('sold'),
    // Not for sale any more, by its own card.
    {
      key: cardKey('late'),
      version: 1,
      value: itemCardSerde.serialize({ id: 'late', title: 'Late', categories: [], validTo: 1 }),
    },
  ]);
  return redis;
}

const serve = (t: TestContext, port: number, further: { readonly [name: string]: string } = {}) =>
  Serving.start(t, {
    FRESHET_APP_ID: 'shop',
    FRESHET_REDIS_URL: `redis://${HOST}:${port}`,
    FRESHET_SERVE_READ_TIMEOUT_MS: String(READ_TIMEOUT_MS),
    ...further,
  });

const idsOf = async (serving: Serving, path: string) => {
  const { status, degraded, items } = await serving.get(path);
  return { status, degraded, ids: items?.map(({ id }) => id) };
};

async function isBack(serving: Serving): Promise<void> {
  await poll(
    'answers from Redis',
    async () => (await serving.get('/v1/visitors/v0/recommendations')).degraded !== true,
  );
}

describe('the endpoint on Redis', needsRedis(), () => {
  test('killed, silent or slow, it fails no answer and keeps nobody waiting', async (t) => {
    const redis = await shopRedis(t);
    const proxy = await createTcpProxy({ targetPort: redis.port, isKafka: false });
    t.after(() => proxy.close());
    const serving = await serve(t, proxy.port);
    for (const path of PATHS) await poll('a list', async () => (await serving.get(path)).degraded !== true);
    const well = await serving.during(PATHS, delay(1_000), AT_A_TIME);
    t.diagnostic(`well: ${JSON.stringify(well)}`);
    await isBack(serving);
    let restarted = redis;
    const faults: readonly (readonly [name: string, leave: () => void | Promise<void>, comeBack: () => unknown])[] = [
      ['silent', () => redis.pause(), () => redis.resume()],
      ['slow', () => proxy.delay(SLOW_MS), () => proxy.delay(0)],
      [
        'cut off',
        () => {
          proxy.refuse();
          proxy.cut();
        },
        () => proxy.accept(),
      ],
      [
        'killed',
        () => redis.kill(),
        async () => {
          restarted = await shopRedis(t, redis.port);
        },
      ],
    ];
    for (const [name, leave, comeBack] of faults) {
      const linesBefore = serving.logged.length;
      const away = async (): Promise<void> => {
        await leave();
        await delay(AWAY_MS);
      };
      const answers = await serving.during(PATHS, away(), AT_A_TIME);
      const unknown = await idsOf(serving, '/v1/visitors/nobody/recommendations');
      t.diagnostic(`${name}: ${JSON.stringify(answers)}`);
      assert.deepEqual(Object.keys(answers.byStatus), ['200'], name);
      assert.equal(answers.filled, answers.byStatus[200], name);
      assert.ok(answers.degraded > answers.filled / 2, `${name}: ${answers.degraded} of ${answers.filled} degraded`);
      // Most did not wait at all, since nothing is asked of a store that is away; the first ones no longer than they should.
      assert.ok(answers.medianReadMs < 20, `${name}: ${answers.medianReadMs} ms`);
      assert.ok(answers.longestReadMs < READ_TIMEOUT_MS + SLACK_MS, `${name}: ${answers.longestReadMs} ms`);
      assert.deepEqual(unknown, { status: 200, degraded: true, ids: ['g1', 'g2'] }, name);
      assert.deepEqual(await idsOf(serving, PATHS[7]!), {
        status: 200,
        degraded: true,
        ids: ['own', 'of-v7', 'g1', 'g2'],
      });
      await comeBack();
      await isBack(serving);
      const lines = serving.logged.slice(linesBefore).map(({ event }) => event);
      t.diagnostic(`${name}: logged ${lines.join(', ')}`);
      // Not one for each request; a machine that stands still looks like another outage.
      assert.ok(lines.includes('lists-away'), name);
      assert.ok(lines.length <= 12, `${name}: ${lines.join(', ')}`);
    }
    await restarted.kill();
  });

  test('started while it is away, the endpoint answers from its file, without what was blocked, and follows when it is back', async (t) => {
    const redis = await shopRedis(t);
    const folder = { FRESHET_DATA_DIR: temporaryDirectory() };
    const before = await serve(t, redis.port, folder);
    assert.deepEqual((await idsOf(before, '/v1/popular')).ids, ['g1', 'g2']);
    assert.equal(await before.stop(), 0);
    await redis.kill();

    const after = await serve(t, redis.port, folder);
    assert.deepEqual(await idsOf(after, '/v1/popular'), { status: 200, degraded: true, ids: ['g1', 'g2'] });
    assert.equal((await idsOf(after, '/v1/visitors/v3/recommendations')).status, 200);
    assert.equal((await fetch(`${after.url}/health/ready`)).status, 200);

    const again = await shopRedis(t, redis.port);
    await isBack(after);
    assert.deepEqual((await idsOf(after, PATHS[3]!)).ids, ['own', 'of-v3', 'g1', 'g2']);
    const store = await openLists(t, {
      target: { mode: 'single', address: { host: HOST, port: again.port } },
      keyPrefix: 'freshet:shop:',
    });
    await store.publish([itemBlock('own', 2)]);
    await poll('the new block', async () => (await idsOf(after, PATHS[3]!)).ids?.includes('own') === false);
  });

  test('started while it is away and without a file, the endpoint answers with nothing, is not ready, and gets well', async (t) => {
    const redis = await startRedis();
    await redis.kill();
    const serving = await serve(t, redis.port);
    assert.deepEqual(await idsOf(serving, '/v1/popular'), { status: 200, degraded: true, ids: [] });
    assert.equal((await fetch(`${serving.url}/health/ready`)).status, 503);
    assert.equal((await fetch(`${serving.url}/health/live`)).status, 200);
    await shopRedis(t, redis.port);
    await poll('readiness', async () => (await fetch(`${serving.url}/health/ready`)).status === 200);
    assert.deepEqual((await idsOf(serving, '/v1/popular')).ids, ['g1', 'g2']);
  });

  test('a file that was cut short is not believed, and does not keep the endpoint from starting', async (t) => {
    const redis = await shopRedis(t);
    const directory = temporaryDirectory();
    const folder = { FRESHET_DATA_DIR: directory };
    const before = await serve(t, redis.port, folder);
    await idsOf(before, '/v1/popular');
    await before.stop();
    await redis.kill();
    const path = join(directory, 'serving', 'shop.lists');
    const text = await readFile(path, 'utf8');
    assert.doesNotMatch(text, /"v\d+|visitor/, 'it names no visitor');
    await writeFile(path, text.slice(0, text.length / 2));
    const after = await serve(t, redis.port, folder);
    assert.deepEqual(await idsOf(after, '/v1/popular'), { status: 200, degraded: true, ids: [] });
  });

  test('killed before anybody has asked, it leaves everybody’s list', async (t) => {
    const redis = await shopRedis(t);
    const serving = await serve(t, redis.port);
    await redis.kill();
    assert.deepEqual(await idsOf(serving, PATHS[0]!), { status: 200, degraded: true, ids: ['g1', 'g2'] });
  });

  test('emptied, it costs visitors their lists until engines fill it again, and nobody sees an empty page', async (t) => {
    const redis = await shopRedis(t);
    const serving = await serve(t, redis.port);
    assert.deepEqual((await idsOf(serving, PATHS[1]!)).ids, ['own', 'of-v1', 'g1', 'g2']);
    await asking(redis.port, (client) => client.flushall());
    await poll('everybody’s list', async () => {
      const { degraded, ids } = await idsOf(serving, PATHS[1]!);
      return degraded === true && ids?.join() === 'g1,g2';
    });
  });

  test('no id reaches the lists of another tenant', async (t) => {
    const redis = await shopRedis(t);
    const serving = await serve(t, redis.port, { FRESHET_APP_ID: 'sho' });
    const prefixes = ['p:', ':', '../shop:', 'x\\', '*', '{', '#index:', 'freshet:shop:list:visitor:for-you:default:'];
    for (const prefix of prefixes) {
      const path = `/v1/visitors/${encodeURIComponent(`${prefix}v1`)}/recommendations`;
      assert.deepEqual((await idsOf(serving, path)).ids, [], prefix);
    }
  });

  test('several processes answer on one port, one that is killed is replaced, and all end in order', async (t) => {
    const redis = await shopRedis(t);
    const serving = await serve(t, redis.port, {
      FRESHET_SERVE_PROCESSES: '2',
      FRESHET_PORT: String(await freePort()),
    });
    const processes = () => childProcessesOf(serving.pid);
    await poll('both processes', async () => (await processes()).length === 2);
    const [killed] = await processes();
    process.kill(killed!, 'SIGKILL');
    await poll('another process', async () => {
      const now = await processes();
      return now.length === 2 && !now.includes(killed!);
    });
    await poll('answers', async () => {
      const { ids } = await idsOf(serving, PATHS[2]!).catch(() => ({ ids: undefined }));
      return ids?.join() === 'own,of-v2,g1,g2';
    });
    assert.deepEqual(
      serving.logged.map(({ event }) => event),
      ['process-ended'],
    );
    assert.equal(await serving.stop(), 0);
  });
});
