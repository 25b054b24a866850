// The stream of a visitor's recommendations over a real Redis: changes reach it through client tracking, over a lost connection too.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ListStore, listKey, topListSerde } from '../../lists/index.ts';
import { createServingClient } from '../../serving/index.ts';
import { openEndpoint } from '../support/endpoint.ts';
import { serve } from '../support/http.ts';
import { listItem } from '../support/memory-lists.ts';
import { HOST, openLists } from '../support/redis-lists.ts';
import { needsRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { asking, poll } from '../support/redis-topologies.ts';

describe('a stream over Redis', needsRedis(), () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startRedis();
  });
  after(() => redis[Symbol.asyncDispose]());

  const publish = (store: ListStore, visitor: string, item: string, version: number) =>
    store.publish([
      {
        key: listKey('visitor', 'for-you', 'default', visitor),
        version,
        value: topListSerde.serialize({
          definition: 'for-you',
          owner: visitor,
          variant: 'default',
          algorithm: 'test-1',
          asOf: { at: version, topic: 'clicks', partition: 0, offset: version, eventIds: [] },
          items: [listItem(item, 1)],
        }),
      },
    ]);

  test('sends what an engine publishes, and after a lost connection what was published meanwhile', async (t) => {
    const target = { mode: 'single', address: { host: HOST, port: redis.port } } as const;
    const lists = await openLists(t, { target, keyPrefix: 'stream:' });
    const engine = await openLists(t, { target, keyPrefix: 'stream:' });
    await publish(engine, 'v1', 'first', 1);
    const app = await openEndpoint(t, { lists });
    t.after(() => app.drain());
    /** Connections that are told of writes. */
    const listening = () =>
      asking(redis.port, async (other) => {
        const clients = String(await other.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
        return clients.split('\n').filter((line) => line !== '').length;
      });
    const atStart = await listening();
    const client = createServingClient(await serve(t, app.handler));
    const ending = new AbortController();
    t.after(() => ending.abort());
    const answers = client.watchRecommendations('v1', {}, ending.signal)[Symbol.asyncIterator]();
    const next = async () => (await answers.next()).value?.items[0].id;
    assert.equal(await next(), 'first');
    await publish(engine, 'v1', 'second', 2);
    assert.equal(await next(), 'second');
    // The connection that listens is cut, and the list is written while nobody listens.
    assert.equal(await listening(), atStart + 1);
    await asking(redis.port, (other) => other.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    await publish(engine, 'v1', 'third', 3);
    assert.equal(await next(), 'third');
    ending.abort();
    await poll('nobody listens for visitors any more', async () => (await listening()) === atStart);
  });
});
