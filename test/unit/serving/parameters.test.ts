import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_ID_BYTES, MAX_ITEMS, parseId, parseParameters } from '../../../serving/parameters.ts';
import { ProblemError } from '../../../serving/problem.ts';

const problem = (kind: string, parameter: string) => (error: unknown) =>
  error instanceof ProblemError && error.kind === kind && error.parameter === parameter;

test('what is not given is absent', () => {
  assert.deepEqual(parseParameters({}, ['n', 'strict', 'category']), {});
});

test('n is accepted exactly when it is written as a whole number from 1 to 50', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: -5, max: 999 }).map(String), fc.string({ maxLength: 5 })), (text) => {
      const isValid =
        /^0{0,2}[0-9]{1,2}$/.test(text) && text.length <= 3 && Number(text) >= 1 && Number(text) <= MAX_ITEMS;
      if (isValid) assert.equal(parseParameters({ n: text }, ['n']).n, Number(text));
      else assert.throws(() => parseParameters({ n: text }, ['n']), problem('invalid-parameter', 'n'));
    }),
  );
});

test('an id is accepted exactly when it is 1 to 256 bytes of UTF-8 without control characters, and no dots', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const long = fc.integer({ min: 250, max: 260 }).map((length) => 'x'.repeat(length));
  fc.assert(
    fc.property(fc.oneof(text, long, fc.constantFrom('.', '..', '...')), (id) => {
      const size = new TextEncoder().encode(id).length;
      const hasControl = [...id].some((character) => {
        const code = character.codePointAt(0)!;
        return code < 0x20 || (code >= 0x7f && code <= 0x9f);
      });
      const isDots = id === '.' || id === '..';
      const isValid = size >= 1 && size <= MAX_ID_BYTES && !hasControl && id.isWellFormed() && !isDots;
      if (isValid) assert.equal(parseId(id, 'id'), id);
      else assert.throws(() => parseId(id, 'id'), problem('invalid-parameter', 'id'));
    }),
  );
});

test('the text of a refused id does not repeat the id', () => {
  assert.throws(
    () => parseId('secret\u0000', 'id'),
    (error: unknown) => error instanceof Error && !error.message.includes('secret'),
  );
});

test('an unknown parameter is refused by name, with those that are allowed', () => {
  assert.throws(
    () => parseParameters({ limit: '3' }, ['n', 'device']),
    (error: unknown) => problem('unknown-parameter', 'limit')(error) && /Allowed: n, device\./.test(String(error)),
  );
});

test('a parameter that another route takes is refused where it has no meaning', () => {
  assert.throws(() => parseParameters({ session: 's' }, ['n']), problem('unknown-parameter', 'session'));
});

test('a parameter given twice is refused', () => {
  assert.throws(() => parseParameters({ n: ['1', '2'] }, ['n']), problem('invalid-parameter', 'n'));
});

test('fields take card fields only, each once', () => {
  assert.deepEqual(parseParameters({ fields: 'title,price,title' }, ['fields']).fields, ['title', 'price']);
  for (const fields of ['', 'stock', 'title,', 'title, price']) {
    assert.throws(() => parseParameters({ fields }, ['fields']), problem('invalid-parameter', 'fields'), fields);
  }
});

test('a parameter of several values takes one or many, in their order', () => {
  assert.deepEqual(parseParameters({ category: 'a, b' }, ['category']).category, ['a, b']);
  assert.deepEqual(parseParameters({ category: ['b', 'a'] }, ['category']).category, ['b', 'a']);
  const many = Array.from({ length: 51 }, (_, i) => `i${i}`);
  assert.throws(
    () => parseParameters({ excludeItems: many }, ['excludeItems']),
    problem('invalid-parameter', 'excludeItems'),
  );
});

test('an attribute needs a name and a colon', () => {
  assert.deepEqual(parseParameters({ attribute: 'colour:dark:red' }, ['attribute']).attribute, ['colour:dark:red']);
  for (const attribute of ['red', ':red', ''])
    assert.throws(() => parseParameters({ attribute }, ['attribute']), problem('invalid-parameter', 'attribute'));
});

test('a score and a switch are taken as they are written, and nothing else for them', () => {
  const names = ['minScore', 'strict'] as const;
  assert.deepEqual(parseParameters({ minScore: '0.25', strict: 'false' }, names), { minScore: 0.25, strict: false });
  for (const minScore of ['', '1e3', 'Infinity', '-1', '0x1', ' 1'])
    assert.throws(() => parseParameters({ minScore }, names), problem('invalid-parameter', 'minScore'), minScore);
  for (const strict of ['', '1', 'TRUE', 'yes'])
    assert.throws(() => parseParameters({ strict }, names), problem('invalid-parameter', 'strict'), strict);
});
