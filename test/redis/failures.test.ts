// What the list store does when Redis is away, slow, full or emptied.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { silentLogger } from '../../engine/api/index.ts';
import { createRedisListStore, RedisUnavailableError } from '../../lists/index.ts';
import { eventually, HOST, hearing, openLists, publish, read, TIMEOUT_MS } from '../support/redis-lists.ts';
import { freeRedisPort, needsRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { asking } from '../support/redis-topologies.ts';
import { waitFor } from '../support/wait-for.ts';

async function redisOf(t: TestContext, args: readonly string[] = []): Promise<RedisServer> {
  const redis = await startRedis({ args });
  t.after(() => redis.kill());
  return redis;
}

const target = (port: number) => ({ mode: 'single', address: { host: HOST, port } }) as const;

/** Rejects in time, with the address. */
async function assertUnavailable(port: number, call: Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  await assert.rejects(
    call,
    (error) => error instanceof RedisUnavailableError && error.message.includes(`${HOST}:${port}`),
  );
  assert(performance.now() - startMs < 2 * TIMEOUT_MS);
}

describe('the list store on Redis', needsRedis(), () => {
  it('refuses to open when nothing answers, and says where', async () => {
    const port = await freeRedisPort();
    await assertUnavailable(port, createRedisListStore({ target: target(port), keyPrefix: 'p:' }));
  });

  it('fails at once while Redis is gone, and works again when it is back, with its script loaded anew', async (t) => {
    const redis = await redisOf(t);
    const store = await openLists(t, { target: target(redis.port) });
    await publish(store, 'k', 1, 'before');
    await redis.kill();
    await assertUnavailable(redis.port, publish(store, 'k', 2, 'lost'));
    await assertUnavailable(redis.port, store.getMany(['k']));
    await assertUnavailable(redis.port, store.ping());
    const again = await startRedis({ port: redis.port });
    t.after(() => again.kill());
    await eventually('the connection', () => publish(store, 'k', 3, 'after'));
    assert.deepEqual(await read(store, 'k'), ['after@3']);
  });

  it('fails within the timeout while Redis is silent, gives the connection up, and works again when it speaks', async (t) => {
    const redis = await redisOf(t);
    const lines: string[] = [];
    const logger = { ...silentLogger, warn: (event: string) => lines.push(event) };
    const store = await openLists(t, { target: target(redis.port), logger });
    redis.pause();
    await Promise.all([
      assertUnavailable(redis.port, publish(store, 'k', 1, 'a')),
      assertUnavailable(redis.port, store.getMany(['k'])),
      assertUnavailable(redis.port, store.ping()),
    ]);
    await waitFor('the end of the connection', () => lines.includes('redis-disconnected'));
    redis.resume();
    await eventually('an answer', () => publish(store, 'k', 2, 'b'));
    assert.deepEqual(await read(store, 'k'), ['b@2']);
  });

  it('does not keep what could not be sent: it is the caller who tries again', async (t) => {
    const redis = await redisOf(t);
    const store = await openLists(t, { target: target(redis.port) });
    await redis.kill();
    await assertUnavailable(redis.port, publish(store, 'lost', 1, 'a'));
    const again = await startRedis({ port: redis.port });
    t.after(() => again.kill());
    await eventually('the connection', () => publish(store, 'kept', 1, 'a'));
    assert.deepEqual(await read(store, 'lost', 'kept'), [undefined, 'a@1']);
  });

  it('refuses when Redis is full, and says so without a word of what was published', async (t) => {
    const redis = await redisOf(t, ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction']);
    const store = await openLists(t, { target: target(redis.port) });
    const value = Buffer.alloc(200_000, 1);
    const entries = Array.from({ length: 30 }, (_, i) => ({ key: `visitor-${i}`, value, version: 1 }));
    await assert.rejects(store.publish(entries), (error) => {
      assert(error instanceof RedisUnavailableError);
      assert.match(error.message, /OOM/);
      assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /visitor-/);
      return true;
    });
    await store.ping();
  });

  it('keeps the generation while the lists are there, and changes it when they were emptied or the server is another', async (t) => {
    const redis = await redisOf(t);
    const keyPrefix = `${randomUUID()}:`;
    const options = { target: target(redis.port), keyPrefix };
    const store = await openLists(t, options);
    const first = await store.generation();
    assert.equal(await (await openLists(t, options)).generation(), first);
    await asking(redis.port, (client) => client.flushall());
    const second = await store.generation();
    assert.notEqual(second, first);
    assert.equal(await store.generation(), second);
    await redis.kill();
    await assertUnavailable(redis.port, store.generation());
    const again = await startRedis({ port: redis.port });
    t.after(() => again.kill());
    await eventually('the connection', () => store.ping());
    // A server that lost its last writes only would still hold the id.
    await asking(redis.port, (client) => client.set(`${keyPrefix}#generation:{0}`, second.split(' ')[0]!));
    assert.notEqual(await store.generation(), second);
  });

  it('says in the log, once each, that the connection is lost and back', async (t) => {
    const redis = await redisOf(t);
    const lines: string[] = [];
    const note = (event: string): void => {
      lines.push(event);
    };
    const store = await openLists(t, { target: target(redis.port), logger: { info: note, warn: note, error: note } });
    await redis.kill();
    await waitFor('the loss', () => lines.length === 2);
    const again = await startRedis({ port: redis.port });
    t.after(() => again.kill());
    await eventually('the connection', () => store.ping());
    assert.deepEqual(lines, ['redis-connected', 'redis-disconnected', 'redis-connected']);
  });
});

describe('a watch on Redis', needsRedis(), () => {
  const KEEP = 'card:keep';
  const GONE = 'card:gone';
  const NEW = 'card:new';

  it('hears what it missed while its connection was lost, removals too', async (t) => {
    const redis = await redisOf(t);
    const options = { target: target(redis.port), keyPrefix: `${randomUUID()}:` };
    const watching = await openLists(t, options);
    const publishing = await openLists(t, options);
    for (const key of [KEEP, GONE]) await publish(publishing, key, 1, 'a');
    const { heard, listener } = hearing();
    await watching.watch('card:', listener);
    // It comes back after 40 ms at the earliest.
    await asking(redis.port, (client) => client.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    await publish(publishing, GONE, 2, undefined);
    await publish(publishing, NEW, 3, 'c');
    await waitFor('what was missed', () => heard.get(GONE) === '-@2' && heard.get(NEW) === 'c@3');
    await publish(publishing, NEW, 4, 'd');
    await waitFor('what came after', () => heard.get(NEW) === 'd@4');
  });

  it('goes on after a restart, and hears what was published again', async (t) => {
    const redis = await redisOf(t);
    const store = await openLists(t, { target: target(redis.port) });
    const { heard, listener } = hearing();
    await store.watch('card:', listener);
    await redis.kill();
    const again = await startRedis({ port: redis.port });
    t.after(() => again.kill());
    await eventually('the connection', () => publish(store, NEW, 1, 'a'));
    await waitFor('the card', () => heard.get(NEW) === 'a@1');
  });

  it('goes on after a silence', async (t) => {
    const redis = await redisOf(t);
    const store = await openLists(t, { target: target(redis.port) });
    const { heard, listener } = hearing();
    await store.watch('card:', listener);
    redis.pause();
    await assertUnavailable(redis.port, store.ping());
    redis.resume();
    await eventually('the connection', () => publish(store, NEW, 1, 'a'));
    await waitFor('the card', () => heard.get(NEW) === 'a@1');
  });

  it('is refused while Redis is gone, and leaves no connection behind', async (t) => {
    const redis = await redisOf(t);
    const store = await openLists(t, { target: target(redis.port) });
    await redis.kill();
    await assertUnavailable(
      redis.port,
      store.watch('card:', () => {}),
    );
    const again = await startRedis({ port: redis.port });
    t.after(() => again.kill());
    await eventually('the connection', () => store.ping());
    const clients = await asking(redis.port, (client) => client.client('LIST') as Promise<string>);
    assert.equal(clients.match(/name=freshet/g)?.length, 1);
  });

  it('ends its connections with the store, and with the last word to it', async (t) => {
    const redis = await redisOf(t);
    const store = await openLists(t, { target: target(redis.port) });
    const unwatch = await store.watch('card:', () => {});
    await store.watch('campaign:', () => {});
    const connections = (): Promise<number> =>
      asking(
        redis.port,
        async (client) => ((await client.client('LIST')) as string).match(/name=freshet/g)?.length ?? 0,
      );
    assert.equal(await connections(), 3);
    unwatch();
    await eventually('two connections', async () => {
      if ((await connections()) !== 2) throw new RedisUnavailableError('not yet');
    });
    await store.close();
    await eventually('none', async () => {
      if ((await connections()) !== 0) throw new RedisUnavailableError('not yet');
    });
  });
});

describe('errors of the list store on Redis', needsRedis(), () => {
  it('hold no password, in whatever way they are printed', async (t) => {
    const redis = await redisOf(t, ['--requirepass', 'right-secret']);
    for (const password of ['wrong-secret', undefined]) {
      const options = { target: target(redis.port), keyPrefix: 'p:', ...(password !== undefined && { password }) };
      await assert.rejects(createRedisListStore(options), (error) => {
        assert(error instanceof RedisUnavailableError);
        assert.match(error.message, /WRONGPASS|NOAUTH/);
        assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error), /secret/);
        return true;
      });
    }
  });
});
