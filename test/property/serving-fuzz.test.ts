// Anything that can be asked: valid parameters in any combination are answered with items that satisfy all of them, and one that is not
// valid is refused by name, whatever else is said. Nothing is answered with a fault of the endpoint's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Answer } from '../../serving/contract.ts';
import type { ParameterName } from '../../serving/parameters.ts';
import { LIST_ROUTES, type ListRoute } from '../../serving/route-table.ts';
import { BOUGHT, ITEMS, SOLD_OUT, startContractShop } from '../support/contract-shop.ts';

/** Requests of each kind. */
const RUNS = 1_500;

type Query = readonly (readonly [string, string])[];

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const isId = (text: string) =>
  bytesOf(text) >= 1 &&
  bytesOf(text) <= 256 &&
  text.isWellFormed() &&
  text !== '.' &&
  text !== '..' &&
  ![...text].some((character) => character <= '\u001f' || (character >= '\u007f' && character <= '\u009f'));

const anyId = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter(isId),
  fc.constantFrom('../../etc', '%00', '%2e%2e', "'; DROP", '<script>', '__proto__', 'list:visitor:x', 'ü'.repeat(128)),
);
const itemId = fc.oneof(fc.constantFrom(...ITEMS.map(({ id }) => id)), anyId);
const several = (value: fc.Arbitrary<string>, maxLength = 4) => fc.array(value, { minLength: 1, maxLength });
const category = fc.oneof(fc.constantFrom('All', 'Home', 'Garden', 'Gärten/100 %?#&'), anyId);
const brand = fc.oneof(fc.constantFrom('Acme', 'Umbra'), anyId);
const attribute = fc.oneof(
  fc.constantFrom('colour:red', 'colour:green', 'size:0', 'size:3', 'colour:'),
  anyId.map((id) => `a:${id}`.slice(0, 60)).filter(isId),
);
const one = (value: fc.Arbitrary<string>) => value.map((text) => [text]);
const FIELDS = ['title', 'brand', 'price', 'currency', 'categories', 'image'];

/** Values that are valid, as texts. */
const VALID: Readonly<Record<ParameterName, fc.Arbitrary<readonly string[]>>> = {
  n: one(fc.integer({ min: 1, max: 50 }).map(String)),
  placement: one(
    fc.constantFrom('home', 'cart', 'recommendations', 'similar-items', 'popular-items', 'trending-items'),
  ),
  visitor: one(fc.oneof(fc.constantFrom('v1', 'v2'), anyId)),
  session: one(fc.oneof(fc.constantFrom('s1', 's2'), anyId)),
  item: one(itemId),
  device: one(fc.oneof(fc.constant('phone'), anyId)),
  region: one(fc.oneof(fc.constant('north'), anyId)),
  category: several(category),
  excludeCategory: several(category),
  brand: several(brand),
  excludeBrand: several(brand),
  attribute: several(attribute, 2),
  excludeAttribute: several(attribute),
  excludeItems: several(itemId, 20),
  inCart: several(itemId, 10),
  minScore: one(
    fc.oneof(
      fc.double({ min: 0, max: 2, noNaN: true }).map((score) => score.toFixed(4)),
      fc.constant('0'),
    ),
  ),
  fields: fc.subarray(FIELDS, { minLength: 1 }).map((fields) => [fields.join(',')]),
  after: one(fc.oneof(fc.constantFrom('e1', 'e9'), anyId)),
  strict: one(fc.constantFrom('true', 'false')),
};

const badId = fc.oneof(
  fc.constantFrom('', '.', '..', 'a\u0000b', '\u0085', '\n', 'x'.repeat(257), 'ü'.repeat(129)),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed() && !isId(text)),
);
const twice = (values: readonly string[]) => fc.constant([...values]);
const badOne = (bad: fc.Arbitrary<string>, good: string) => fc.oneof(one(bad), twice([good, good]));
const badSeveral = (bad: fc.Arbitrary<string>, good: string, most: number) =>
  fc.oneof(
    one(bad),
    bad.map((text) => [good, text]),
    fc.constant(Array.from({ length: most + 1 }, () => good)),
  );
const badText = (isValid: (text: string) => boolean, ...examples: string[]) =>
  fc.oneof(
    fc.constantFrom(...examples),
    fc.string({ maxLength: 8 }).filter((text) => !isValid(text)),
  );

/** Values that are not. */
const INVALID: Readonly<Record<ParameterName, fc.Arbitrary<readonly string[]>>> = {
  n: badOne(
    badText((text) => /^[0-9]{1,3}$/.test(text), '0', '51', '999', '-1', '1.5', '1e1', ' 1', '0x1', ''),
    '3',
  ),
  placement: badOne(fc.oneof(badId, fc.constantFrom('nowhere', 'for-you', '__proto__', 'toString')), 'home'),
  visitor: badOne(badId, 'v1'),
  session: badOne(badId, 's1'),
  item: badOne(badId, 'i1'),
  device: badOne(badId, 'phone'),
  region: badOne(badId, 'north'),
  category: badSeveral(badId, 'a', 50),
  excludeCategory: badSeveral(badId, 'a', 50),
  brand: badSeveral(badId, 'a', 50),
  excludeBrand: badSeveral(badId, 'a', 50),
  attribute: badSeveral(fc.oneof(badId, fc.constantFrom('red', ':red')), 'a:b', 50),
  excludeAttribute: badSeveral(fc.oneof(badId, fc.constantFrom('red', ':red')), 'a:b', 50),
  excludeItems: badSeveral(badId, 'a', 50),
  inCart: badSeveral(badId, 'a', 20),
  minScore: badOne(
    badText((text) => /^[0-9]+(\.[0-9]+)?$/.test(text), '-1', 'NaN', 'Infinity', '1e9', '1.', '', ' 1'),
    '1',
  ),
  fields: badOne(
    badText((text) => text.split(',').every((field) => FIELDS.includes(field)), 'stock', 'title,', 'title, brand', ''),
    'title',
  ),
  after: badOne(badId, 'e1'),
  strict: badOne(
    badText((text) => text === 'true' || text === 'false', '1', 'TRUE', 'yes', ''),
    'true',
  ),
};

const pairs = (name: string, values: readonly string[]): Query => values.map((value) => [name, value] as const);
const route = fc.constantFrom(...LIST_ROUTES);
const ownerId = fc.oneof(fc.constantFrom('v1', 's1', 'i1', 'i2'), anyId);

/** A valid query of some of a route's parameters. */
const queryOf = ({ parameters }: ListRoute, without?: ParameterName): fc.Arbitrary<Query> =>
  fc
    .subarray(
      parameters.filter((name) => name !== without),
      { maxLength: 6 },
    )
    .chain((names) => fc.tuple(...names.map((name) => VALID[name].map((values) => pairs(name, values)))))
    .map((parts) => parts.flat());

const addressOf = ({ path }: ListRoute, id: string, query: Query) =>
  `${path.replace('{id}', encodeURIComponent(id))}?${new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]))}`;

/** What the answer's items have to satisfy, from the query as it was sent. */
function assertSatisfies(answer: Answer, { owner }: ListRoute, id: string, query: Query): void {
  const all = (name: ParameterName) => query.filter(([given]) => given === name).map(([, value]) => value);
  const [n] = all('n');
  const most = n === undefined ? ({ home: 8, cart: 5 }[answer.placement] ?? 10) : Number(n);
  const ids = answer.items.map((item) => item.id);
  assert.ok(ids.length <= most, `${ids.length} items, ${most} were asked for`);
  assert.equal(new Set(ids).size, ids.length, 'each item once');
  const known = new Map(ITEMS.map((item) => [item.id, item]));
  const visitor = owner === 'visitor' ? id : all('visitor')[0];
  const hidden = new Set([SOLD_OUT, ...all('excludeItems'), ...all('inCart'), ...(owner === 'item' ? [id] : [])]);
  if (visitor === 'v1' && answer.definition !== 'buy-again') hidden.add(BOUGHT);
  const [minScore] = all('minScore');
  const wanted = new Set(all('fields').flatMap((fields) => fields.split(',')));
  const narrowest = new Map<string, number>();
  for (const item of answer.items) {
    assert.ok(!hidden.has(item.id), `${item.id} is hidden`);
    const { categories, brand: brandName, attributes } = known.get(item.id)!;
    const has = (text: string) => {
      const colon = text.indexOf(':');
      return attributes[text.slice(0, colon)] === text.slice(colon + 1);
    };
    const isAny = (name: ParameterName, holds: (text: string) => boolean) => all(name).some(holds);
    const inCategory = (text: string) => categories.includes(text);
    const ofBrand = (text: string) => text === brandName;
    if (all('category').length > 0) assert.ok(isAny('category', inCategory), `${item.id} is in none of the categories`);
    if (all('brand').length > 0) assert.ok(isAny('brand', ofBrand), `${item.id} is of another brand`);
    assert.ok(all('attribute').every(has), `${item.id} lacks an attribute`);
    assert.ok(!isAny('excludeCategory', inCategory), `${item.id} is in an excluded category`);
    assert.ok(!isAny('excludeBrand', ofBrand), `${item.id} is of an excluded brand`);
    assert.ok(!isAny('excludeAttribute', has), `${item.id} has an excluded attribute`);
    if (minScore !== undefined) assert.ok(item.score >= Number(minScore), `${item.id} has a lower score`);
    for (const field of Object.keys(item.item ?? {})) assert.ok(wanted.has(field), `${field} was not asked for`);
    if (answer.placement !== 'home') continue;
    assert.equal(brandName, 'Acme');
    narrowest.set(categories[1]!, (narrowest.get(categories[1]!) ?? 0) + 1);
    assert.ok(narrowest.get(categories[1]!)! <= 2, 'no more than two of a category');
  }
}

test('any valid request is answered with items that satisfy it', async (t) => {
  const { url } = await startContractShop(t);
  const request = route.chain((each) => fc.tuple(fc.constant(each), ownerId, queryOf(each)));
  await fc.assert(
    fc.asyncProperty(request, async ([each, id, query]) => {
      const response = await fetch(url + addressOf(each, id, query));
      const body: unknown = await response.json();
      const isStrict = query.some(([name, value]) => name === 'strict' && value === 'true');
      if (isStrict && response.status === 404) return;
      assert.equal(response.status, 200, JSON.stringify(body));
      assertSatisfies(body as Answer, each, id, query);
    }),
    { numRuns: RUNS },
  );
});

test('a request with one thing wrong is refused with a 4xx that names it', async (t) => {
  const { url } = await startContractShop(t);
  const request = route.chain((each) =>
    fc.constantFrom(...each.parameters).chain((bad) =>
      fc.tuple(
        fc.constant(each),
        fc.constant(bad),
        ownerId,
        queryOf(each, bad),
        INVALID[bad].map((values) => pairs(bad, values)),
        fc.boolean(),
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(request, async ([each, bad, id, valid, invalid, isFirst]) => {
      const query = isFirst ? [...invalid, ...valid] : [...valid, ...invalid];
      const response = await fetch(url + addressOf(each, id, query));
      const problem = (await response.json()) as { parameter?: string; type: string };
      assert.deepEqual([response.status, problem.parameter], [400, bad], JSON.stringify(problem));
    }),
    { numRuns: RUNS },
  );
});

test('an id or a parameter name that is no such thing is refused', async (t) => {
  const { url } = await startContractShop(t);
  const owned = fc.constantFrom(...LIST_ROUTES.filter(({ owner }) => owner !== undefined));
  // A browser resolves dots and empty parts before it asks, so they never arrive as ids.
  const id = badId.filter((text) => text !== '' && !/^\.\.?$/.test(text));
  await fc.assert(
    fc.asyncProperty(owned, id, async (each, text) => {
      const response = await fetch(url + addressOf(each, text, []));
      const problem = (await response.json()) as { parameter?: string };
      assert.deepEqual([response.status, problem.parameter], [400, 'id'], JSON.stringify(problem));
    }),
    { numRuns: 300 },
  );
  const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(route, name, async (each, text) => {
      if ((each.parameters as readonly string[]).includes(text)) return;
      const response = await fetch(url + addressOf(each, 'v1', [[text, '1']]));
      const problem = (await response.json()) as { type: string; parameter?: string };
      assert.deepEqual([response.status, problem.type], [400, '/problems/unknown-parameter'], text);
      if (/^[A-Za-z0-9_.-]+$/.test(text)) assert.equal(problem.parameter, text);
    }),
    { numRuns: 300 },
  );
});

test('any text as a batch is answered, and never with a fault of the endpoint', async (t) => {
  const { url } = await startContractShop(t);
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), anyId, fc.integer(), fc.array(anyId, { maxLength: 3 }));
  const names = fc.constantFrom(...(Object.keys(VALID) as string[]), 'constructor', '__proto__', 'x');
  const one = fc.dictionary(names, value, { maxKeys: 4 });
  const body = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.stringify(json)),
    fc.array(one, { maxLength: 3 }).map((requests) => JSON.stringify({ requests })),
    fc
      .array(one, { maxLength: 3 })
      .map((requests) => JSON.stringify({ requests: requests.map((each) => ({ placement: 'home', ...each })) })),
  );
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const response = await fetch(`${url}/v1/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: text,
      });
      assert.ok(response.status === 200 || (response.status >= 400 && response.status < 500), String(response.status));
      await response.json();
    }),
    { numRuns: 1_000 },
  );
});
