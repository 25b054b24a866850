// The client asks every address of the contract, with all that it may be asked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServingClient, ServingError } from '../../../serving/index.ts';
import { BATCH_PATH, LIST_ROUTES, STREAM_ROUTE } from '../../../serving/route-table.ts';
import { serve } from '../../support/http.ts';

test('there is a method for every address, and ids are encoded', async (t) => {
  const asked = new Set<string>();
  const url = await serve(t, (request, response) => {
    asked.add(`${new URL(request.url!, 'http://x').pathname} ${request.headers.authorization}`);
    response.setHeader('content-type', 'application/json');
    response.end('data: {}\n\n');
  });
  const client = createServingClient(url, { headers: { authorization: 'Bearer k' } });
  const id = 'a/b?ü';
  const answers = [
    client.recommendations(id),
    client.sessionRecommendations(id),
    client.similar(id),
    client.boughtTogether(id),
    client.popular(),
    client.trending(),
    client.recentlyViewed(id),
    client.buyAgain(id),
    client.batch([{ placement: 'home' }]),
  ];
  // What is answered here is no JSON; the addresses are what matters.
  await Promise.allSettled(answers);
  for await (const _ of client.watchRecommendations(id)) break;
  const expected = [...LIST_ROUTES, STREAM_ROUTE].map(({ path }) => path.replace('{id}', encodeURIComponent(id)));
  assert.deepEqual([...asked].sort(), [...expected, BATCH_PATH].map((path) => `${path} Bearer k`).sort());
});

test('a query is written as the endpoint reads it', async (t) => {
  let query = '';
  const url = await serve(t, (request, response) => {
    query = new URL(request.url!, 'http://x').search;
    response.end('{}');
  });
  await createServingClient(url).popular({
    n: 3,
    fields: ['title', 'price'],
    category: ['a, b', 'c'],
    strict: true,
    region: undefined,
  });
  assert.equal(
    decodeURIComponent(query).replaceAll('+', ' '),
    '?n=3&fields=title,price&category=a, b&category=c&strict=true',
  );
});

test('a problem is thrown with what the endpoint said, and a silent endpoint does not keep the caller waiting', async (t) => {
  const problem = { type: '/problems/invalid-parameter', title: 't', status: 400, detail: 'd', parameter: 'n' };
  const url = await serve(t, (request, response) => {
    if (request.url!.startsWith('/v1/popular')) response.writeHead(400).end(JSON.stringify(problem));
  });
  const client = createServingClient(url, { timeoutMs: 50 });
  await assert.rejects(client.popular(), (error: unknown) => {
    assert.ok(error instanceof ServingError);
    assert.deepEqual(error.problem, problem);
    return true;
  });
  await assert.rejects(client.trending(), { name: 'TimeoutError' });
  await assert.rejects(async () => {
    for await (const _ of client.watchRecommendations('v')) assert.fail('there is no answer');
  });
});

test('addresses are below the path of the base, with a slash at its end or without', async (t) => {
  const asked: string[] = [];
  const url = await serve(t, (request, response) => {
    asked.push(new URL(request.url!, 'http://x').pathname);
    response.end('{}');
  });
  for (const base of [url, `${url}/`, `${url}/shop/recs`, `${url}/shop/recs/`]) {
    await createServingClient(base).popular({ n: 1 });
    await createServingClient(base).batch([{ placement: 'home' }]);
  }
  const [popular, batch] = ['/v1/popular', '/v1/batch'];
  const below = [`/shop/recs${popular}`, `/shop/recs${batch}`];
  assert.deepEqual(asked, [popular, batch, popular, batch, ...below, ...below]);
});

test('a failure that is told without a problem document is thrown with its status', async (t) => {
  const bodies = ['<html>502 Bad Gateway</html>', '{"message":"no upstream"}', 'null', ''];
  let body = '';
  const url = await serve(t, (_request, response) => response.writeHead(502).end(body));
  const client = createServingClient(url);
  const asks: (() => Promise<unknown>)[] = [
    () => client.popular(),
    () => client.batch([{ placement: 'home' }]),
    async () => {
      for await (const _ of client.watchRecommendations('v')) assert.fail('there is no answer');
    },
  ];
  for (body of bodies)
    for (const ask of asks)
      await assert.rejects(ask(), (error: unknown) => {
        assert.ok(error instanceof ServingError, `${error}`);
        assert.deepEqual([error.problem.status, error.problem.type], [502, 'about:blank']);
        assert.match(error.message, /^502: /);
        return true;
      });
});
