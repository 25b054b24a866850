import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import express from 'express';
import type { EngineView } from '../../../../app/console/engine-view.ts';
import { createLiveStream, MAX_WATCHERS } from '../../../../app/console/live-stream.ts';
import type { Shop, ShopProduct } from '../../../../app/console/ports.ts';
import { createConsoleRouter } from '../../../../app/console/router.ts';
import type { ShopEvent } from '../../../../app/console/shop-event.ts';
import { silentLogger } from '../../../../engine/api/index.ts';
import { notFound, problemHandler } from '../../../../serving/problem.ts';
import { serve } from '../../../support/http.ts';

const NOW = 1_700_000_000_000;
const VIEW: EngineView = {
  status: 'RUNNING',
  mode: 'test',
  uptimeMs: 5,
  streams: [],
  latency: { p50Ms: undefined, p99Ms: undefined, count: 0, windowMs: 1_000 },
  quality: [],
  stores: [],
  topology: { nodes: [], edges: [] },
  refused: [],
  counters: {},
  process: { rssBytes: 1, cpuPercent: 2, eventLoopDelayP99Ms: 3 },
  shop: undefined,
};
const LAMP: ShopProduct = { id: 'lamp-1', title: 'Lamp', categories: ['Home'] };

interface Setup {
  readonly url: string;
  readonly events: ShopEvent[];
  readonly asked: unknown[];
  readonly rates: number[];
}

async function start(t: TestContext, options: { readonly isSimulated?: boolean } = {}): Promise<Setup> {
  const events: ShopEvent[] = [];
  const asked: unknown[] = [];
  const rates: number[] = [];
  const shop: Shop = {
    catalog: {
      categories: () => [{ name: 'Home', count: 1 }],
      find(wanted) {
        asked.push(wanted);
        return { products: [LAMP], total: 49 };
      },
      product: (id) => (id === LAMP.id ? LAMP : undefined),
    },
    async accept(event) {
      events.push(event);
      return { eventId: `e${events.length}` };
    },
    ...(options.isSimulated !== false && { setRate: (rate: number) => void rates.push(rate) }),
  };
  const page = createConsoleRouter({ engine: () => VIEW, shop, clock: { nowMs: () => NOW }, logger: silentLogger });
  const app = express();
  app.use(page.router, notFound, problemHandler(silentLogger));
  const url = await serve(t, app);
  t.after(() => page.close());
  return { url, events, asked, rates };
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
const detailOf = async (response: Response): Promise<string> => ((await response.json()) as { detail: string }).detail;

const CLICK = { kind: 'view', visitorId: 'v1', sessionId: 's1', itemId: 'lamp-1' };

test('an event is taken with the shop’s own time and answered with its id', async (t) => {
  const { url, events } = await start(t);
  const response = await post(`${url}/shop/events`, CLICK);
  assert.equal(response.status, 202);
  assert.deepEqual(await response.json(), { eventId: 'e1', at: NOW });
  assert.deepEqual(events, [{ ...CLICK, at: NOW }]);
});

test('every kind of event is taken', async (t) => {
  const { url, events } = await start(t);
  const who = { visitorId: 'v1', sessionId: 's1', device: 'phone' };
  const kinds = [
    ...['view', 'wishlist', 'like', 'dislike'].map((kind) => ({ kind, itemId: 'i' })),
    { kind: 'addToCart', itemId: 'i', quantity: 1 },
    { kind: 'removeFromCart', itemId: 'i', quantity: 1 },
    { kind: 'listClick', itemId: 'i', listId: 'l-1', placement: 'for-you' },
    { kind: 'search', query: 'red lamp' },
    { kind: 'purchase', lines: [{ itemId: 'i', quantity: 2 }] },
    { kind: 'bad', fault: 'future' },
  ];
  for (const event of kinds)
    assert.equal((await post(`${url}/shop/events`, { ...event, ...who })).status, 202, event.kind);
  assert.deepEqual(
    events.map((event) => event.kind),
    kinds.map((event) => event.kind),
  );
});

test('a wrong event is refused with the name of the field, and reaches nobody', async (t) => {
  const { url, events } = await start(t);
  const cases: [unknown, RegExp][] = [
    [{ ...CLICK, itemId: undefined }, /itemId/],
    [{ ...CLICK, itemId: '' }, /itemId.*1 to 256 bytes/],
    [{ ...CLICK, visitorId: 'a\u0001' }, /visitorId.*control/],
    [{ ...CLICK, price: 3 }, /price/],
    [{ ...CLICK, at: 1 }, /at/],
    [{ ...CLICK, kind: 'steal' }, /kind/],
    [{ ...CLICK, kind: 'purchase', itemId: undefined, lines: [] }, /lines/],
    [
      { kind: 'purchase', visitorId: 'v', sessionId: 's', lines: [{ itemId: 'i', quantity: -1 }] },
      /lines\.0\.quantity/,
    ],
    [[], /event/],
  ];
  for (const [body, expected] of cases) {
    const response = await post(`${url}/shop/events`, body);
    assert.equal(response.status, 400);
    assert.match(await detailOf(response), expected);
  }
  assert.equal(events.length, 0);
});

test('a body that is not JSON, or too large, is refused', async (t) => {
  const { url } = await start(t);
  const send = async (body: string, type: string): Promise<number> =>
    (await fetch(`${url}/shop/events`, { method: 'POST', headers: { 'content-type': type }, body })).status;
  assert.equal(await send('{', 'application/json'), 400);
  assert.equal(await send('{}', 'text/plain'), 415);
  assert.equal(await send(JSON.stringify({ ...CLICK, query: 'x'.repeat(40_000) }), 'application/json'), 413);
});

test('a page of another site may not send events', async (t) => {
  const { url, events } = await start(t);
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }]) {
    assert.equal((await post(`${url}/shop/events`, CLICK, headers)).status, 403);
  }
  assert.equal((await post(`${url}/shop/events`, CLICK, { origin: url })).status, 202);
  assert.equal(events.length, 1);
});

test('the rate of simulated events is set within 0 to 2,000', async (t) => {
  const { url, rates } = await start(t);
  for (const eventsPerSecond of [0, 250, 2_000])
    assert.equal((await post(`${url}/shop/rate`, { eventsPerSecond })).status, 200);
  for (const eventsPerSecond of [-1, 2_001, 1.5, '5', null]) {
    assert.equal((await post(`${url}/shop/rate`, { eventsPerSecond })).status, 400);
  }
  assert.deepEqual(rates, [0, 250, 2_000]);
});

test('without a simulated shop there is no rate to set', async (t) => {
  const { url } = await start(t, { isSimulated: false });
  assert.equal((await post(`${url}/shop/rate`, { eventsPerSecond: 5 })).status, 404);
});

test('the catalog is read by category, words and page', async (t) => {
  const { url, asked } = await start(t);
  const response = await fetch(`${url}/console/catalog?category=Home&q=red%20lamp&page=2`);
  assert.deepEqual(asked, [{ category: 'Home', query: 'red lamp', skip: 24, limit: 24 }]);
  assert.deepEqual(await response.json(), {
    categories: [{ name: 'Home', count: 1 }],
    products: [LAMP],
    total: 49,
    page: 2,
    pages: 3,
  });
  for (const page of ['0', 'x', '-1']) assert.equal((await fetch(`${url}/console/catalog?page=${page}`)).status, 400);
});

test('a product is read by its id, an unknown one is not found', async (t) => {
  const { url } = await start(t);
  assert.deepEqual(await (await fetch(`${url}/console/catalog/lamp-1`)).json(), LAMP);
  assert.equal((await fetch(`${url}/console/catalog/lamp-2`)).status, 404);
});

test('the engine’s view is JSON once and a stream of events', async (t) => {
  const { url } = await start(t);
  const expected = JSON.parse(JSON.stringify(VIEW));
  assert.deepEqual(await (await fetch(`${url}/console/engine`)).json(), expected);
  const abort = new AbortController();
  const response = await fetch(`${url}/console/stream`, { signal: abort.signal });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const { value } = await response.body!.getReader().read();
  const text = new TextDecoder().decode(value);
  assert.deepEqual(JSON.parse(/^data: (.*)$/m.exec(text)![1]!), expected);
  abort.abort();
});

test('a watcher that goes makes room for another, and their number is bounded', async (t) => {
  const stream = createLiveStream(() => VIEW);
  const app = express();
  app.get('/', (request, response) => stream.watch(request, response));
  app.use(problemHandler(silentLogger));
  const url = await serve(t, app);
  t.after(() => stream.close());
  const aborts = Array.from({ length: MAX_WATCHERS }, () => new AbortController());
  const watching = await Promise.all(aborts.map((abort) => fetch(url, { signal: abort.signal })));
  assert.ok(watching.every((response) => response.status === 200));
  assert.equal((await fetch(url)).status, 503);
  aborts[0]!.abort();
  while (stream.watchers === MAX_WATCHERS) await new Promise(setImmediate);
  const next = await fetch(url);
  assert.equal(next.status, 200);
  stream.close();
  assert.equal(stream.watchers, 0);
  assert.match(await next.text(), /^retry: /);
});

test('the page and its files are asked for each time, and may load nothing from elsewhere', async (t) => {
  const { url } = await start(t);
  for (const path of ['/', '/app.js', '/styles.css', '/favicon.svg']) {
    const response = await fetch(url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('cache-control'), 'no-cache');
    assert.ok(response.headers.get('etag'));
    const policy = response.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  }
  assert.equal((await fetch(`${url}/../router.ts`)).status, 404);
});
