// The endpoint with API keys: who gets what, how often, and what is said to the others.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../../engine/api/index.ts';
import { listKey } from '../../../../lists/index.ts';
import { type ApiKeyRecord, createApiKey, KeyRing } from '../../../../serving/security/api-key.ts';
import { KeyFileError, readKeyFile, WatchedKeys, writeKeyFile } from '../../../../serving/security/key-file.ts';
import { RateLimits, type SharedCounts } from '../../../../serving/security/rate-limits.ts';
import { openEndpoint } from '../../../support/endpoint.ts';
import { serve } from '../../../support/http.ts';
import { createMemoryLists } from '../../../support/memory-lists.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { waitFor } from '../../../support/wait-for.ts';

const key = (about: Partial<ApiKeyRecord> = {}) =>
  createApiKey({ name: 'test', tenant: 'shop', scopes: ['public', 'visitors'], ...about }, Date.now());

interface Setup {
  readonly keys?: () => KeyRing;
  readonly requestsPerSecond?: number;
  readonly origins?: readonly string[];
}

async function start(t: TestContext, { keys, requestsPerSecond = 100, origins }: Setup) {
  const lists = createMemoryLists();
  await lists.list(listKey('segment', 'popular', 'default', 'global'), ['a']);
  const limits = new RateLimits({ requestsPerSecond, logger: silentLogger });
  t.after(() => limits.close());
  const app = await openEndpoint(t, { lists: lists.store, access: keys && { keys, limits }, origins });
  const url = await serve(t, app.handler);
  const ask = (path: string, text?: string, headers: { readonly [name: string]: string } = {}, method = 'GET') =>
    fetch(`${url}${path}`, { method, headers: { ...(text && { authorization: `Bearer ${text}` }), ...headers } });
  return { ask };
}

test('without a key, or with a wrong one, nothing is answered but health', async (t) => {
  const { text, record } = key();
  const { ask } = await start(t, { keys: () => new KeyRing([record], 'shop') });
  for (const wrong of [undefined, key().text, 'x', `${text}x`]) {
    for (const path of ['/v1/popular', '/v1/visitors/v1/recommendations', '/v1/nothing']) {
      const response = await ask(path, wrong);
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
      assert.equal(((await response.json()) as { type: string }).type, '/problems/unauthorized');
    }
  }
  assert.equal((await ask('/v1/popular', text)).status, 200);
  assert.equal((await ask('/health/ready')).status, 200);
});

test('a key for public lists opens nothing of a visitor, however the address is written', async (t) => {
  const { text, record } = key({ scopes: ['public'] });
  const { ask } = await start(t, { keys: () => new KeyRing([record], 'shop') });
  for (const path of ['/v1/popular', '/v1/trending?n=3', '/v1/items/x/similar', '/v1/items/x/bought-together/']) {
    assert.equal((await ask(path, text)).status, 200, path);
  }
  const personal = [
    '/v1/visitors/v1/recommendations',
    '/v1/VISITORS/v1/recommendations',
    '/v1/visitors/v1/recommendations/',
    '/V1/Visitors/v1/recommendations',
    '/v1/popular?visitor=v1',
    '/v1/popular?n=1&%76isitor=v1',
    '/v1/items/x/similar?visitor=v1',
  ];
  for (const path of personal) {
    const response = await ask(path, text);
    assert.equal(response.status, 403, path);
    assert.match(((await response.json()) as { detail: string }).detail, /visitors/);
  }
});

test('a key has its requests in each window, sees how many are left, and is told when there are more', async (t) => {
  const { text, record } = key({ requestsPerSecond: 1 });
  const other = key();
  const { ask } = await start(t, { keys: () => new KeyRing([record, other.record], 'shop') });
  const left: (string | null)[] = [];
  for (let i = 0; i < 10; i++) {
    const response = await ask('/v1/popular', text);
    assert.equal(response.status, 200);
    left.push(response.headers.get('ratelimit-remaining'));
  }
  assert.deepEqual(left, ['9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
  const refused = await ask('/v1/popular', text);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('ratelimit-limit'), '10');
  const retryAfter = Number(refused.headers.get('retry-after'));
  assert.ok(retryAfter >= 1 && retryAfter <= 10, `${retryAfter}`);
  assert.equal((await ask('/v1/popular', other.text)).headers.get('ratelimit-limit'), '1000');
});

test('what processes have counted comes together, and a store that fails leaves each its own count', async (t) => {
  const { record } = key({ requestsPerSecond: 1 });
  let total = 0;
  let isAway = false;
  const shared: SharedCounts = {
    async add(_keyId, requests) {
      if (isAway) throw new Error('away');
      total += requests;
      return { requests: total, endsInMs: 10_000 };
    },
  };
  const logged: string[] = [];
  const logger = { ...silentLogger, warn: (event: string) => logged.push(event) };
  const [one, two] = Array.from({ length: 2 }, () => new RateLimits({ requestsPerSecond: 100, shared, logger }));
  t.after(() => {
    one!.close();
    two!.close();
  });
  for (let i = 0; i < 7; i++) assert.ok((await one!.consume(record)).isAllowed);
  await waitFor('the first count', () => total === 7);
  assert.equal((await two!.consume(record)).remaining, 9);
  await waitFor('the second count', () => total === 8);
  assert.equal((await two!.consume(record)).remaining, 1);
  isAway = true;
  await waitFor('the failure', () => logged.length > 0);
  assert.equal((await two!.consume(record)).remaining, 0);
  assert.equal((await two!.consume(record)).isAllowed, false);
  assert.ok((await one!.consume(record)).isAllowed);
});

test('a shared count whose window ends at that moment leaves a key its own count', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout', 'Date'] });
  const { record } = key({ requestsPerSecond: 1 });
  let calls = 0;
  const shared: SharedCounts = {
    async add() {
      if (++calls > 1) throw new Error('away');
      return { requests: 15, endsInMs: 0 };
    },
  };
  const limits = new RateLimits({ requestsPerSecond: 100, shared, logger: silentLogger });
  t.after(() => limits.close());
  assert.equal((await limits.consume(record)).remaining, 9);
  t.mock.timers.tick(1_000);
  assert.equal(calls, 1);
  await new Promise((resolve) => setImmediate(resolve));
  const { isAllowed, remaining, resetSeconds } = await limits.consume(record);
  assert.deepEqual({ isAllowed, remaining, resetSeconds }, { isAllowed: true, remaining: 8, resetSeconds: 9 });
  t.mock.timers.tick(10_000);
  assert.equal((await limits.consume(record)).remaining, 9);
});

test('a key is made, rotated and revoked without a restart, and a broken file leaves the keys as they are', async (t) => {
  const path = join(temporaryDirectory(), 'keys.json');
  const [old, next] = [key(), key()];
  await writeKeyFile(path, [old.record]);
  const logged: string[] = [];
  const log = (event: string): void => void logged.push(event);
  const watched = await WatchedKeys.open(path, 'shop', { info: log, warn: log, error: log });
  t.after(() => watched.close());
  const { ask } = await start(t, { keys: () => watched.ring });
  const statuses = async () => [
    (await ask('/v1/popular', old.text)).status,
    (await ask('/v1/popular', next.text)).status,
  ];
  assert.deepEqual(await statuses(), [200, 401]);
  await writeKeyFile(path, [old.record, next.record]);
  await waitFor('both keys', () => watched.ring.size === 2);
  assert.deepEqual(await statuses(), [200, 200]);
  await writeFile(path, '{"keys": [');
  await waitFor('the broken file', () => logged.includes('api-keys-not-read'));
  assert.deepEqual(await statuses(), [200, 200]);
  await writeKeyFile(path, [next.record]);
  await waitFor('the new key alone', () => watched.ring.size === 1);
  assert.deepEqual(await statuses(), [401, 200]);
});

test('keys that could not be read again are not written, and the file stays as it was', async () => {
  const path = join(temporaryDirectory(), 'keys.json');
  const { record } = key();
  await writeKeyFile(path, [record]);
  const before = await readFile(path, 'utf8');
  for (const name of ['', 'x'.repeat(101)])
    await assert.rejects(writeKeyFile(path, [record, key({ name }).record]), (error: unknown) => {
      assert.ok(error instanceof KeyFileError);
      assert.match(error.message, /keys\.1\.name/);
      return true;
    });
  assert.equal(await readFile(path, 'utf8'), before);
  assert.deepEqual(await readKeyFile(path), [record]);
});

test('pages of allowed origins may read answers, others may not, and a preflight needs no key', async (t) => {
  const { text, record } = key();
  const { ask } = await start(t, {
    keys: () => new KeyRing([record], 'shop'),
    origins: ['https://shop.example'],
  });
  const allowed = await ask('/v1/popular', text, { origin: 'https://shop.example' });
  assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://shop.example');
  assert.match(allowed.headers.get('access-control-expose-headers') ?? '', /ratelimit-remaining/);
  const other = await ask('/v1/popular', text, { origin: 'https://shop.example.evil.example' });
  assert.equal(other.headers.get('access-control-allow-origin'), null);
  const preflight = await ask(
    '/v1/popular',
    undefined,
    { origin: 'https://shop.example', 'access-control-request-method': 'GET' },
    'OPTIONS',
  );
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/);
});

test('without keys and origins the endpoint is as open as its address, and sends no such headers', async (t) => {
  const { ask } = await start(t, {});
  const response = await ask('/v1/popular', undefined, { origin: 'https://shop.example' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('access-control-allow-origin'), null);
  assert.equal(response.headers.get('ratelimit-limit'), null);
});
