// The endpoint does what its OpenAPI document says: every address answers, and every answer is one that the document allows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { openApiDocument } from '../../../serving/openapi.ts';
import { BOUGHT, startContractShop } from '../../support/contract-shop.ts';

const document = openApiDocument();
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema({ ...closed(document), $id: 'contract' });

/** The document where no answer may have a field that it does not name: readers must take new ones, but each is to be written down. */
function closed<V>(value: V): V {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(closed) as V;
  const copy = Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closed(part)]));
  return ('properties' in copy && 'type' in copy ? { additionalProperties: false, ...copy } : copy) as V;
}

/** Holds an answer against what the document says of an operation's answer with this status. */
function check(path: string, method: string, status: number, contentType: string, body: unknown): void {
  const pointer = [path, method, 'responses', String(status), 'content', contentType]
    .map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
    .map(encodeURIComponent);
  const validate = ajv.getSchema(`contract#/paths/${pointer.join('/')}/schema`);
  assert.ok(validate !== undefined, `the document allows ${status} ${contentType} at ${method} ${path}`);
  assert.ok(validate(body), `${method} ${path}: ${ajv.errorsText(validate.errors)}`);
}

/** A path of the document with an id that is there. */
const filledIn = (path: string) =>
  path.replace('{id}', path.includes('visitors') ? 'v1' : path.includes('sessions') ? 's1' : 'i1');
const typeOf = (response: Response) => (response.headers.get('content-type') ?? '').split(';')[0]!;
const lists = Object.entries(document.paths).filter(
  ([path, { get }]) => path.startsWith('/v1/') && get !== undefined && !path.endsWith('/stream'),
);

test('the document is one of OpenAPI 3.1', async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, undefined, 1)?.slice(0, 2_000));
});

test('the endpoint serves the document', async (t) => {
  const { url } = await startContractShop(t);
  assert.deepEqual(await (await fetch(`${url}/v1/openapi.json`)).json(), JSON.parse(JSON.stringify(document)));
});

test('every list is answered as the document says, with the headers that it names', async (t) => {
  const { url } = await startContractShop(t);
  assert.equal(lists.length, 8);
  for (const [path, { get }] of lists) {
    const response = await fetch(`${url}${filledIn(path)}?fields=title,brand,price,currency,categories,image&after=e1`);
    const body = (await response.json()) as { items: unknown[]; includesEvent: boolean };
    check(path, 'get', response.status, typeOf(response), body);
    assert.equal(response.status, 200, path);
    assert.ok(body.items.length > 0 && body.includesEvent, path);
    const { headers } = get!.responses[200] as unknown as { headers: object };
    for (const name of Object.keys(headers))
      if (name !== 'traceparent' && !name.startsWith('RateLimit'))
        assert.ok(response.headers.get(name), `${name} of ${path}`);
  }
});

test('every list takes the parameters that the document gives it, and names one that it does not', async (t) => {
  const { url } = await startContractShop(t);
  for (const [path, { get }] of lists) {
    const known = get!.parameters!.map((one) => ('$ref' in one ? (one.$ref as string).split('/').at(-1)! : one.name));
    for (const [name, value] of [
      ['session', 's'],
      ['visitor', 'v'],
      ['inCart', 'i3'],
      ['item', 'i2'],
      ['strict', 'true'],
      ['minScore', '0.1'],
    ] as const) {
      const response = await fetch(`${url}${filledIn(path)}?${name}=${value}`);
      if (known.includes(name)) assert.equal(response.status, 200, `${name} at ${path}`);
      else {
        assert.equal(response.status, 400);
        const problem = (await response.json()) as { parameter: string };
        assert.equal(problem.parameter, name);
        check(path, 'get', 400, typeOf(response), problem);
      }
    }
  }
});

test('problems are as the document says, at every address', async (t) => {
  const { url } = await startContractShop(t);
  for (const [path] of lists) {
    for (const [query, status] of [
      ['n=0', 400],
      ['placement=closed', 404],
      ['placement=nowhere', 400],
    ] as const) {
      const response = await fetch(`${url}${filledIn(path)}?${query}`);
      assert.equal(response.status, status, `${path}?${query}`);
      check(path, 'get', status, typeOf(response), await response.json());
    }
  }
  const strict = await fetch(`${url}/v1/visitors/nobody/recommendations?strict=true`);
  assert.equal(strict.status, 404);
  check('/v1/visitors/{id}/recommendations', 'get', 404, typeOf(strict), await strict.json());
});

test('a type of problem leads to the page that explains it', async (t) => {
  const { url } = await startContractShop(t);
  const problem = (await (await fetch(`${url}/v1/popular?n=x`)).json()) as { type: string };
  const page = await fetch(url + problem.type, { redirect: 'manual' });
  assert.equal(page.status, 303);
  const target = page.headers.get('location')!;
  assert.ok((await (await fetch(url + target)).text()).includes(`id="${target.split('#')[1]}"`));
});

test('a batch is answered in one round trip, in the order of its requests', async (t) => {
  const { url, lists } = await startContractShop(t);
  lists.roundTrips.length = 0;
  const { answers, response } = await batch(url, {
    visitor: 'v1',
    requests: [
      { placement: 'home', fields: ['title'] },
      { placement: 'similar-items', item: 'i1', n: 3 },
      { placement: 'cart', inCart: ['i1', 'i2'] },
      { placement: 'recommendations', visitor: 'v2' },
    ],
  });
  check('/v1/batch', 'post', response.status, typeOf(response), { answers });
  assert.deepEqual(
    answers.map(({ placement, rung }) => [placement, rung]),
    [
      ['home', 'visitor'],
      ['similar-items', 'item'],
      ['cart', 'item'],
      ['recommendations', 'segment'],
    ],
  );
  assert.equal(lists.roundTrips.length, 1);
  assert.ok(!answers[0]!.items.some(({ id }) => id === BOUGHT));
});

test('what is wrong in a batch is named with its request', async (t) => {
  const { url } = await startContractShop(t);
  const cases: [unknown, number, string, string | undefined][] = [
    [{ requests: [] }, 400, 'invalid-parameter', 'requests'],
    [{ requests: [{ placement: 'home' }, { placement: 'home', n: '3' }] }, 400, 'invalid-parameter', 'requests[1].n'],
    [{ requests: [{ n: 3 }] }, 400, 'invalid-parameter', 'requests[0].placement'],
    [{ requests: [{ placement: 'home', limit: 3 }] }, 400, 'unknown-parameter', 'requests[0].limit'],
    [{ requests: [{ placement: 'none' }] }, 400, 'invalid-parameter', 'requests[0].placement'],
    [{ requests: [{ placement: 'closed' }] }, 404, 'not-found', undefined],
    [{ requests: [7] }, 400, 'invalid-parameter', 'requests[0]'],
    [{ region: '', requests: [{ placement: 'home' }] }, 400, 'invalid-parameter', 'region'],
    [[], 400, 'invalid-body', undefined],
  ];
  for (const [body, status, kind, parameter] of cases) {
    const response = await post(url, JSON.stringify(body));
    const problem = (await response.json()) as { type: string; parameter?: string };
    check('/v1/batch', 'post', response.status, typeOf(response), problem);
    assert.deepEqual([response.status, problem.type, problem.parameter], [status, `/problems/${kind}`, parameter]);
  }
  assert.equal((await post(url, '{')).status, 400);
  assert.equal((await post(url, `{"requests":"${'x'.repeat(70_000)}"}`)).status, 413);
  assert.equal((await post(url, 'n=1', 'text/plain')).status, 415);
});

test('both health addresses answer as the document says', async (t) => {
  const { url } = await startContractShop(t);
  for (const path of ['/health/live', '/health/ready']) {
    const response = await fetch(url + path);
    check(path, 'get', response.status, typeOf(response), await response.json());
  }
});

function post(url: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(`${url}/v1/batch`, { method: 'POST', headers: { 'content-type': type }, body });
}

async function batch(url: string, body: object) {
  const response = await post(url, JSON.stringify(body));
  assert.equal(response.status, 200);
  const { answers } = (await response.json()) as {
    answers: { placement: string; rung: string; items: { id: string }[] }[];
  };
  return { answers, response };
}
