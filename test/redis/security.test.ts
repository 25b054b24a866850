// TLS, passwords, and users that may do no more than they have to.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { cardKey, createRedisListStore, RedisUnavailableError, redisOptionsFromUrl } from '../../lists/index.ts';
import { type Certificates, makeCertificates, needsOpenssl } from '../support/certificates.ts';
import { HOST, hearing, openLists, publish, read } from '../support/redis-lists.ts';
import { needsRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { asking, startRedisCluster } from '../support/redis-topologies.ts';
import { waitFor } from '../support/wait-for.ts';

const OF_CLUSTER = '+cluster|slots +cluster|info +readonly';

async function redisOf(t: TestContext, args: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis({ args });
  t.after(() => redis.kill());
  return redis;
}

const target = (port: number) => ({ mode: 'single', address: { host: HOST, port } }) as const;

/** As documented in docs/adr/0006-redis-lists.md. */
const READER =
  '+mget +scan +sscan +info +ping +subscribe +client|id +client|tracking +client|setname &__redis__:invalidate';
const PUBLISHER =
  '+mget +info +ping +client|setname +eval +evalsha +set +get +getrange +sadd +srem +srandmember +exists';

describe('the list store on a Redis with users', needsRedis(), () => {
  it('publishes and reads as users with the documented rights alone', async (t) => {
    const redis = await redisOf(t, []);
    const users = {
      engine: `on >engine-password ~shop:* ${PUBLISHER}`,
      serving: `on >serving-password %R~shop:* ${READER}`,
      default: 'off',
    };
    await asking(redis.port, async (client) => {
      for (const [name, rules] of Object.entries(users)) await client.acl('SETUSER', name, ...rules.split(' '));
    });
    const keyPrefix = 'shop:';
    const engine = await openLists(t, {
      ...redisOptionsFromUrl(`redis://engine:engine-password@${HOST}:${redis.port}`),
      keyPrefix,
    });
    const serving = await openLists(t, {
      target: target(redis.port),
      username: 'serving',
      password: 'serving-password',
      keyPrefix,
    });
    const { heard, listener } = hearing();
    await serving.watch('card:', listener);
    await engine.generation();
    await publish(engine, cardKey('i1'), 1, 'a');
    await publish(engine, cardKey('i2'), 1, undefined);
    await waitFor('the cards', () => heard.get(cardKey('i1')) === 'a@1' && heard.get(cardKey('i2')) === '-@1');
    assert.deepEqual(await read(serving, cardKey('i1')), ['a@1']);
    for (const prefix of ['card:', '']) {
      const keys: string[] = [];
      for await (const { key } of serving.entries(prefix)) keys.push(key);
      assert.deepEqual(keys, [cardKey('i1')]);
    }
    await serving.ping();
    await assert.rejects(publish(serving, cardKey('i1'), 2, 'b'), RedisUnavailableError);
  });

  it('does so on a cluster too, with the few rights more that are documented', async (t) => {
    const { servers, ...rest } = await startRedisCluster({ replicas: 1 });
    t.after(() => rest[Symbol.asyncDispose]());
    for (const { port } of servers) {
      await asking(port, async (client) => {
        await client.acl('SETUSER', 'engine', ...`on >secret ~shop:* ${PUBLISHER} ${OF_CLUSTER}`.split(' '));
        await client.acl('SETUSER', 'serving', ...`on >secret %R~shop:* ${READER} ${OF_CLUSTER}`.split(' '));
      });
    }
    const nodes = servers.map(({ port }) => ({ host: HOST, port }));
    const options = { target: { mode: 'cluster', nodes }, password: 'secret', keyPrefix: 'shop:' } as const;
    const engine = await openLists(t, { ...options, username: 'engine' });
    const serving = await openLists(t, { ...options, username: 'serving' });
    const { heard, listener } = hearing();
    await serving.watch('card:', listener);
    await engine.generation();
    const cards = Array.from({ length: 30 }, (_, i) => cardKey(`i${i}`));
    await engine.publish(cards.map((key) => ({ key, version: 1, value: Buffer.from('a') })));
    await waitFor('the cards', () => cards.every((key) => heard.get(key) === 'a@1'));
    const keys: string[] = [];
    for await (const { key } of serving.entries('')) keys.push(key);
    assert.deepEqual(keys.sort(), cards.toSorted());
    await serving.ping();
  });

  it('takes a password alone', async (t) => {
    const redis = await redisOf(t, ['--requirepass', 'secret']);
    const store = await openLists(t, { target: target(redis.port), password: 'secret' });
    await publish(store, 'k', 1, 'a');
    assert.deepEqual(await read(store, 'k'), ['a@1']);
  });
});

/** Its port speaks TLS alone. */
async function startTls(t: TestContext, certificates: Certificates, asksForOne: 'yes' | 'no'): Promise<RedisServer> {
  const { certificateFile, keyFile, caFile } = certificates;
  const files = ['--tls-cert-file', certificateFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile];
  const redis = await startRedis({
    args: (port) => ['--port', '0', '--tls-port', String(port), ...files, '--tls-auth-clients', asksForOne],
  });
  t.after(() => redis.kill());
  return redis;
}

describe('the list store on a Redis with TLS', { ...needsRedis(), ...needsOpenssl() }, () => {
  it('trusts the authority that it is given, and watches over TLS too', async (t) => {
    const certificates = makeCertificates(`IP:${HOST}`);
    const redis = await startTls(t, certificates, 'no');
    const store = await openLists(t, { target: target(redis.port), tls: { ca: certificates.ca } });
    const { heard, listener } = hearing();
    await store.watch('card:', listener);
    await publish(store, 'card:i1', 1, 'a');
    await waitFor('the card', () => heard.get('card:i1') === 'a@1');
  });

  it('checks the name that is expected', async (t) => {
    const certificates = makeCertificates('DNS:redis.test');
    const redis = await startTls(t, certificates, 'no');
    const options = { target: target(redis.port), keyPrefix: 'p:' };
    await openLists(t, { ...options, tls: { ca: certificates.ca, serverName: 'redis.test' } });
    const strangers = makeCertificates('DNS:redis.test');
    for (const tls of [{ ca: certificates.ca }, { ca: strangers.ca, serverName: 'redis.test' }, {}]) {
      await assert.rejects(createRedisListStore({ ...options, tls }), /certificate|altnames|signed/i);
    }
  });

  it('shows a certificate of its own where the server asks for one', async (t) => {
    const certificates = makeCertificates(`IP:${HOST}`);
    const redis = await startTls(t, certificates, 'yes');
    const options = { target: target(redis.port), keyPrefix: 'p:' };
    await assert.rejects(createRedisListStore({ ...options, tls: { ca: certificates.ca } }), RedisUnavailableError);
    const own = {
      ca: certificates.ca,
      certificate: readFileSync(certificates.certificateFile, 'utf8'),
      key: readFileSync(certificates.keyFile, 'utf8'),
    };
    const store = await openLists(t, { ...options, tls: own });
    await publish(store, 'k', 1, 'a');
  });
});
