import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Router } from 'express';
import { type LogFields, silentMetrics } from '../../../engine/api/index.ts';
import { listKey } from '../../../lists/index.ts';
import type { Answer } from '../../../serving/contract.ts';
import { createServingApp, createServingClient } from '../../../serving/index.ts';
import { openEndpoint } from '../../support/endpoint.ts';
import { serve } from '../../support/http.ts';
import { createMemoryLists, listItem, type MemoryLists } from '../../support/memory-lists.ts';

const NOW = Date.UTC(2026, 10, 21, 9);
const VISITOR_LIST = listKey('visitor', 'for-you', 'default', 'v1');
const GLOBAL_LIST = listKey('segment', 'popular', 'default', 'global');

interface Setup {
  readonly lists: MemoryLists;
  readonly url: string;
  readonly clock: { now: number };
  readonly logged: { event: string; fields: LogFields | undefined }[];
}

async function start(t: TestContext, prepare: (lists: MemoryLists) => Promise<void> = async () => {}): Promise<Setup> {
  const lists = createMemoryLists();
  const clock = { now: NOW };
  const logged: Setup['logged'] = [];
  const log = (event: string, fields?: LogFields): void => void logged.push({ event, fields });
  await prepare(lists);
  const app = await openEndpoint(t, {
    lists: lists.store,
    clock: { nowMs: () => clock.now },
    logger: { info: log, warn: log, error: log },
  });
  return { lists, url: await serve(t, app.handler), clock, logged };
}

const idsOf = (answer: Answer): string[] => answer.items.map((item) => item.id);

test('a visitor gets the own list, with reasons in words, its age and the event that it contains', async (t) => {
  const { url } = await start(t, (lists) =>
    lists.list(
      VISITOR_LIST,
      [listItem('a', 0.5, { kind: 'viewed', itemId: 'x', title: 'Trail Lantern' })],
      { at: NOW - 34, eventIds: ['e9'] },
      12,
    ),
  );
  const answer = await createServingClient(url).recommendations('v1');
  assert.equal(answer.rung, 'visitor');
  assert.match(answer.listId ?? '', /-12$/);
  assert.equal(answer.ageMs, 34);
  assert.deepEqual(answer.asOf?.eventIds, ['e9']);
  assert.deepEqual(answer.items, [
    {
      id: 'a',
      score: 0.5,
      reasons: [
        { kind: 'viewed', itemId: 'x', title: 'Trail Lantern', part: 0.5, text: 'Because you viewed Trail Lantern' },
      ],
    },
  ]);
});

test('an unknown visitor gets the session, then a segment, then what is popular with everyone', async (t) => {
  const { url, lists } = await start(t);
  const client = createServingClient(url);
  const rung = async (): Promise<string> =>
    (await client.recommendations('nobody', { session: 's1', device: 'phone' })).rung;
  assert.equal(await rung(), 'none');
  await lists.list(GLOBAL_LIST, ['g']);
  assert.equal(await rung(), 'global');
  await lists.list(listKey('segment', 'popular', 'default', 'device=phone'), ['d']);
  assert.equal(await rung(), 'segment');
  await lists.list(listKey('session', 'for-you', 'default', 's1'), ['s']);
  assert.equal(await rung(), 'session');
});

test('an answer without anything to show is empty and says so', async (t) => {
  const { url } = await start(t);
  assert.deepEqual(await createServingClient(url).trending(), { placement: 'trending-items', rung: 'none', items: [] });
});

test('one round trip reads every list of the ladder and the visitor’s block', async (t) => {
  const { url, lists } = await start(t, (prepared) => prepared.list(GLOBAL_LIST, ['g']));
  await createServingClient(url).recommendations('v1', { session: 's1', device: 'phone', region: 'north' });
  assert.equal(lists.roundTrips.length, 1);
  assert.ok(lists.roundTrips[0]?.includes('block:visitor:v1'));
});

test('what a visitor bought or dislikes never appears, even when the list is older, and is topped up', async (t) => {
  const { url } = await start(t, async (lists) => {
    await lists.list(VISITOR_LIST, ['a', 'b']);
    await lists.list(GLOBAL_LIST, ['b', 'c']);
    await lists.blockForVisitor('v1', ['a']);
  });
  const answer = await createServingClient(url).recommendations('v1');
  assert.deepEqual(
    answer.items.map(({ id, rung }) => [id, rung]),
    [
      ['b', undefined],
      ['c', 'global'],
    ],
  );
});

test('an item that is blocked while the endpoint runs is gone from the next answer, and back when it is freed', async (t) => {
  const { url, lists } = await start(t, (prepared) => prepared.list(GLOBAL_LIST, ['a', 'b']));
  const client = createServingClient(url);
  assert.deepEqual(idsOf(await client.popular()), ['a', 'b']);
  await lists.blockItem('a', 'sold-out');
  assert.deepEqual(idsOf(await client.popular()), ['b']);
  await lists.blockItem('a', undefined);
  assert.deepEqual(idsOf(await client.popular()), ['a', 'b']);
});

test('an item blocked before the start is not shown either', async (t) => {
  const { url } = await start(t, async (lists) => {
    await lists.list(GLOBAL_LIST, ['a', 'b']);
    await lists.blockItem('b', 'withdrawn');
  });
  assert.deepEqual(idsOf(await createServingClient(url).popular()), ['a']);
});

test('an item is shown from the beginning of its validity until just before its end, by the endpoint’s clock', async (t) => {
  const { url, clock, lists } = await start(t, (prepared) => prepared.list(GLOBAL_LIST, ['a', 'b']));
  const client = createServingClient(url);
  await lists.card({ id: 'a', validFrom: NOW + 10, validTo: NOW + 20 });
  const shown: [number, boolean][] = [];
  for (const at of [9, 10, 19, 20]) {
    clock.now = NOW + at;
    shown.push([at, idsOf(await client.popular()).includes('a')]);
  }
  assert.deepEqual(shown, [
    [9, false],
    [10, true],
    [19, true],
    [20, false],
  ]);
  await lists.card({ id: 'a' });
  assert.deepEqual(idsOf(await client.popular()), ['a', 'b']);
});

test('cards come with the items when fields are asked for, and only those fields', async (t) => {
  const { url } = await start(t, async (lists) => {
    await lists.list(GLOBAL_LIST, ['a', 'b']);
    await lists.card({ id: 'a', title: 'Lamp', price: 12.5, currency: 'GBP', stock: 3 });
  });
  const answer = await createServingClient(url).popular({ fields: ['title', 'price', 'brand'] });
  assert.deepEqual(
    answer.items.map(({ item }) => item),
    [{ title: 'Lamp', price: 12.5 }, undefined],
  );
});

test('the lists of an item leave out the item, and fall back to its narrowest category', async (t) => {
  const { url } = await start(t, async (lists) => {
    await lists.card({ id: 'x', categories: ['Home', 'Lamps'] });
    await lists.list(listKey('item', 'similar', 'default', 'x'), ['x', 'y']);
    await lists.list(listKey('segment', 'popular', 'default', 'category=Lamps'), ['x', 'z']);
  });
  const client = createServingClient(url);
  const similar = await client.similar('x');
  assert.deepEqual(
    similar.items.map(({ id, rung }) => [id, rung]),
    [
      ['y', undefined],
      ['z', 'segment'],
    ],
  );
  const together = await client.boughtTogether('x');
  assert.deepEqual([together.rung, ...idsOf(together)], ['segment', 'z']);
});

test('in a category, trending there comes before trending everywhere, which comes before popular', async (t) => {
  const { url } = await start(t, async (lists) => {
    await lists.list(listKey('segment', 'trending', 'default', 'category=Lamps'), ['a']);
    await lists.list(listKey('segment', 'trending', 'default', 'global'), ['x', 'b']);
    await lists.list(GLOBAL_LIST, ['c']);
    for (const id of ['a', 'b', 'c']) await lists.card({ id, categories: ['Home', 'Lamps'] });
  });
  assert.deepEqual(idsOf(await createServingClient(url).trending({ category: ['Lamps'] })), ['a', 'b', 'c']);
});

test('n limits the answer', async (t) => {
  const { url } = await start(t, (lists) => lists.list(GLOBAL_LIST, [...'abcdefghijklm']));
  const client = createServingClient(url);
  assert.equal((await client.popular({ n: 3 })).items.length, 3);
  assert.equal((await client.popular()).items.length, 10);
});

test('a stored list that cannot be read counts as absent', async (t) => {
  const { url, lists, logged } = await start(t, (prepared) => prepared.list(GLOBAL_LIST, ['g']));
  await lists.store.publish([{ key: VISITOR_LIST, value: new Uint8Array([99]), version: 1 }]);
  assert.equal((await createServingClient(url).recommendations('v1')).rung, 'global');
  assert.ok(logged.some(({ event }) => event === 'published-value-unreadable'));
});

test('an unchanged list is answered with 304 to who has it, a changed one with a new entity tag', async (t) => {
  const { url, lists, clock } = await start(t, (prepared) => prepared.list(GLOBAL_LIST, ['a']));
  const first = await fetch(`${url}/v1/popular`);
  const etag = first.headers.get('etag') ?? '';
  assert.match(first.headers.get('cache-control') ?? '', /no-cache/);
  clock.now += 500;
  const ask = (): Promise<Response> =>
    fetch(`${url}/v1/popular`, { headers: { 'if-none-match': etag }, cache: 'no-store' });
  assert.equal((await ask()).status, 304);
  await lists.blockItem('a', 'sold-out');
  assert.equal((await ask()).status, 200);
});

test('what is wrong is answered with a problem document that names the parameter', async (t) => {
  const { url } = await start(t);
  const cases: [string, number, string, string | undefined][] = [
    ['/v1/popular?n=0', 400, 'invalid-parameter', 'n'],
    ['/v1/popular?session=s', 400, 'unknown-parameter', 'session'],
    [`/v1/items/${'x'.repeat(257)}/similar`, 400, 'invalid-parameter', 'id'],
    ['/v1/items/%00/similar', 400, 'invalid-parameter', 'id'],
    ['/v1/items/%E0%A4%A/similar', 400, 'invalid-parameter', undefined],
    ['/v1/nothing', 404, 'not-found', undefined],
    [`/v1/popular?category=${'x'.repeat(9_000)}`, 413, 'too-large', undefined],
  ];
  for (const [path, status, kind, parameter] of cases) {
    const response = await fetch(url + path);
    const document = (await response.json()) as Record<string, unknown>;
    assert.equal(response.status, status, path.slice(0, 40));
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.equal(document.type, `/problems/${kind}`);
    assert.equal(document.parameter, parameter);
    assert.equal(document.status, status);
    assert.equal(document.requestId, response.headers.get('x-request-id'));
  }
});

test('another method is refused with those that are allowed', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/v1/popular`, { method: 'DELETE' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, HEAD, OPTIONS');
});

test('a failure behind the endpoint shows neither the visitor nor the cause', async (t) => {
  const logged: unknown[] = [];
  const log = (event: string, fields?: LogFields): void => void logged.push({ event, fields });
  const broken = Router().get('/broken/:id', ({ params }) => {
    throw new Error(`${params.id} is closed`);
  });
  const app = createServingApp({
    lists: createMemoryLists().store,
    clock: { nowMs: () => NOW },
    logger: { info: log, warn: log, error: log },
    metrics: silentMetrics,
    readiness: () => ({ isReady: true }),
    routers: [broken],
  });
  t.after(() => app.close());
  const response = await fetch(`${await serve(t, app.handler)}/broken/anna-secret`);
  assert.equal(response.status, 500);
  assert.doesNotMatch(await response.text(), /anna|closed|at /);
  assert.match(JSON.stringify(logged), /request-failed/);
  assert.doesNotMatch(JSON.stringify(logged), /anna/);
});

test('while the store fails, visitors get their last good list and others what is known of everybody, never a 5xx', async (t) => {
  const { url, lists, logged } = await start(t, async (prepared) => {
    await prepared.list(VISITOR_LIST, ['a', 'b']);
    await prepared.list(GLOBAL_LIST, ['g']);
    await prepared.blockForVisitor('v1', ['b']);
  });
  const client = createServingClient(url);
  assert.deepEqual(idsOf(await client.recommendations('v1')), ['a', 'g']);
  await lists.store.close();
  for (let i = 0; i < 5; i++) {
    const own = await client.recommendations('v1');
    assert.deepEqual([own.degraded, own.rung, ...idsOf(own)], [true, 'visitor', 'a', 'g']);
    const unknown = await client.recommendations('never-asked');
    assert.deepEqual([unknown.degraded, unknown.rung, ...idsOf(unknown)], [true, 'global', 'g']);
  }
  assert.deepEqual(
    logged.filter(({ event }) => event !== 'serving-items-loaded').map(({ event }) => event),
    ['lists-away'],
  );
});

test('every answer carries the request id and the headers that keep browsers from guessing', async (t) => {
  const { url } = await start(t);
  const response = await fetch(`${url}/health/live`, { headers: { 'x-request-id': 'abc-1' } });
  assert.equal(response.headers.get('x-request-id'), 'abc-1');
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.equal(response.headers.get('x-powered-by'), null);
  const forged = await fetch(`${url}/health/live`, { headers: { 'x-request-id': 'a b<script>' } });
  assert.match(forged.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
});

test('until cards and blocks are read the endpoint is alive, not ready, and answers no list', async (t) => {
  const lists = createMemoryLists();
  const app = createServingApp({
    lists: lists.store,
    clock: { nowMs: () => NOW },
    logger: { info() {}, warn() {}, error() {} },
    metrics: silentMetrics,
    readiness: () => ({ isReady: true }),
  });
  const url = await serve(t, app.handler);
  const statuses = async (): Promise<number[]> =>
    Promise.all(['/health/live', '/health/ready', '/v1/popular'].map(async (path) => (await fetch(url + path)).status));
  assert.deepEqual(await statuses(), [200, 503, 503]);
  await app.open();
  assert.deepEqual(await statuses(), [200, 200, 200]);
  await app.close();
});

test('an id may hold any printable character', async (t) => {
  const id = 'Gärten/100 %?#&';
  const { url } = await start(t, (lists) => lists.list(listKey('item', 'similar', 'default', id), ['a']));
  assert.equal((await createServingClient(url).similar(id)).rung, 'item');
});

test('every spelling of an address is answered alike, headers too', async (t) => {
  const { url } = await start(t, (lists) => lists.list(VISITOR_LIST, ['a', 'b', 'ü']));
  const ask = async (path: string) => {
    const response = await fetch(url + path);
    const headers = [...response.headers].map(([name, value]) =>
      ['x-request-id', 'server-timing', 'date'].includes(name) ? name : `${name}: ${value}`,
    );
    return { status: response.status, headers: headers.sort(), body: await response.text() };
  };
  const expected = await ask('/v1/visitors/v1/recommendations');
  assert.equal(expected.status, 200);
  assert.match(expected.body, /"ü"/);
  for (const path of [
    '/v1/visitors/v1/recommendations/',
    '/V1/Visitors/v1/Recommendations',
    '/v1/visitors/%76%31/recommendations?',
  ])
    assert.deepEqual(await ask(path), expected, path);
  const narrowed = await ask('/v1/visitors/v1/recommendations?n=1');
  assert.deepEqual(await ask('/v1/visitors/v1/recommendations/?n=1'), narrowed);
  assert.notEqual(narrowed.body, expected.body);
  for (const path of [
    '/v1/visitors/recommendations',
    '/v1/visitors//recommendations',
    '/v1/visitors/a/b/recommendations',
  ])
    assert.equal((await ask(path)).status, 404, path);
});

test('a HEAD request is answered like GET, without a body', async (t) => {
  const { url } = await start(t);
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  httpRequest(`${url}/v1/popular`, { method: 'HEAD' }, (response) => resolve(response.statusCode))
    .on('error', reject)
    .end();
  assert.equal(await promise, 200);
});

test('what a visitor bought or dislikes is left out of item and segment lists too, when they know who asks', async (t) => {
  const { url } = await start(t, async (lists) => {
    await lists.list(listKey('item', 'similar', 'default', 'x'), [listItem('a', 2), listItem('b', 1)]);
    await lists.list(listKey('segment', 'popular', 'default', 'global'), [listItem('a', 2), listItem('c', 1)]);
    await lists.blockForVisitor('v1', ['a']);
  });
  const ids = async (path: string) => idsOf((await (await fetch(`${url}${path}`)).json()) as Answer);
  assert.deepEqual(await ids('/v1/items/x/similar?n=1'), ['a']);
  assert.deepEqual(await ids('/v1/items/x/similar?n=1&visitor=v1'), ['b']);
  assert.deepEqual(await ids('/v1/popular?n=1'), ['a']);
  assert.deepEqual(await ids('/v1/popular?n=1&visitor=v1'), ['c']);
});

test('a request for a host that is not served gets a problem document and nothing else', async (t) => {
  const lists = createMemoryLists();
  const app = await openEndpoint(t, {
    hosts: ['127.0.0.1', 'localhost'],
    lists: lists.store,
    clock: { nowMs: () => NOW },
  });
  const url = new URL(await serve(t, app.handler));
  const statusFor = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      httpRequest({ hostname: url.hostname, port: url.port, path: '/v1/popular', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  assert.equal(await statusFor(`127.0.0.1:${url.port}`), 200);
  assert.equal(await statusFor('LOCALHOST'), 200);
  assert.equal(await statusFor(`shop.example:${url.port}`), 421);
});
