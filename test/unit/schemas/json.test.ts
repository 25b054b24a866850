import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RefusedRecordError } from '../../../engine/api/index.ts';
import {
  createFileSchemaSource,
  createSerdes,
  fromJson,
  type RefusalCode,
  type SourceRecords,
  sourceTopics,
  toJson,
} from '../../../schemas/index.ts';
import { golden } from './examples.ts';

for (const topic of sourceTopics) {
  test(`JSON of ${topic} goes to a record and back unchanged`, () => {
    assert.deepStrictEqual(toJson(topic, fromJson(topic, golden[topic].json)), golden[topic].json);
  });
}

const click = { eventId: 'e', visitorId: 'v', at: 1_790_000_000_000, kind: 'view', itemId: 'i' };

test('what is left out gets its default, and null is accepted for it', () => {
  const expected = {
    eventId: 'e',
    visitorId: 'v',
    userId: null,
    sessionId: null,
    at: 1_790_000_000_000,
    kind: 'view',
    itemId: 'i',
    listId: null,
    placement: null,
    query: null,
    rating: null,
    dwellMs: null,
    quantity: null,
    device: null,
    region: null,
    referrer: null,
  };
  assert.deepStrictEqual(fromJson('clicks', click), expected);
  assert.deepStrictEqual(fromJson('clicks', { ...click, listId: null }), expected);
});

test('defaults that are objects are not shared between records', () => {
  const campaign = { eventId: 'e', campaignId: 'c', at: 1_790_000_000_000, kind: 'pin' };
  const first = fromJson('campaigns', campaign);
  assert.deepStrictEqual(first.audience, { segments: [], regions: [], devices: [] });
  assert.equal(first.weight, 1);
  assert.notEqual(first.audience, fromJson('campaigns', campaign).audience);
});

const purchase = { eventId: 'e', orderId: 'o', visitorId: 'v', at: 1_790_000_000_000, status: 'placed' };
const line = { itemId: 'i', quantity: 1, unitPrice: 1, currency: 'GBP' };

const refusals: readonly (readonly [RefusalCode, RegExp, () => unknown])[] = [
  ['invalid-field', /the value must be an object/, () => fromJson('clicks', 'view')],
  ['invalid-field', /the value must be an object/, () => fromJson('clicks', [click])],
  ['unknown-field', /itemID is not a field; there are .*itemId/, () => fromJson('clicks', { ...click, itemID: 'i' })],
  ['missing-field', /visitorId is missing/, () => fromJson('clicks', { ...click, visitorId: undefined })],
  [
    'missing-field',
    /body is missing/,
    () => fromJson('settings', { eventId: 'e', name: 'n', at: 1, kind: 'placement' }),
  ],
  ['invalid-field', /^at must be a whole number/, () => fromJson('clicks', { ...click, at: '2026-01-01' })],
  ['invalid-field', /^at must be a whole number/, () => fromJson('clicks', { ...click, at: 1.5 })],
  ['invalid-field', /^quantity must be a whole number/, () => fromJson('clicks', { ...click, quantity: 2 ** 31 })],
  ['invalid-field', /^visitorId must be a string/, () => fromJson('clicks', { ...click, visitorId: 7 })],
  ['invalid-field', /^visitorId must be a string/, () => fromJson('clicks', { ...click, visitorId: null })],
  ['unknown-kind', /^kind must be one of view, /, () => fromJson('clicks', { ...click, kind: 'stare' })],
  ['unknown-kind', /^kind must be one of view, /, () => fromJson('clicks', { ...click, kind: 'unknown' })],
  ['missing-id', /itemId/, () => fromJson('clicks', { ...click, itemId: null })],
  [
    'invalid-field',
    /^lines\[1\]\.quantity must be/,
    () => fromJson('purchases', { ...purchase, lines: [line, { ...line, quantity: '2' }] }),
  ],
  [
    'unknown-field',
    /^lines\[0\]\.price is not/,
    () => fromJson('purchases', { ...purchase, lines: [{ ...line, price: 2 }] }),
  ],
  [
    'invalid-field',
    /__proto__/,
    () =>
      fromJson('visitors', {
        eventId: 'e',
        visitorId: 'v',
        at: click.at,
        attributes: JSON.parse('{"__proto__":"x"}') as unknown,
      }),
  ],
];

for (const [code, text, action] of refusals) {
  test(`JSON that breaks the contract is refused as ${code} with a text like ${text.source}`, () => {
    assert.throws(action, (error) => {
      assert.ok(error instanceof RefusedRecordError);
      assert.equal(error.code, code);
      assert.match(error.message, text);
      return true;
    });
  });
}

test('a name that every object inherits is not taken for a field that is there', () => {
  assert.throws(() => fromJson('clicks', Object.create(click)), { code: 'missing-field' });
});

test('a whole number that no Avro long of ours can hold is refused by its field', () => {
  const click = { eventId: 'e', visitorId: 'v', at: 1_790_000_000_000, kind: 'dwell', itemId: 'i' };
  assert.throws(
    () => fromJson('clicks', { ...click, dwellMs: Number.MAX_SAFE_INTEGER }),
    (error: unknown) =>
      error instanceof RefusedRecordError && error.code === 'invalid-field' && /dwellMs/.test(error.message),
  );
});

test('any click that JSON can express and the contract allows survives bytes and JSON', () => {
  const serdes = createSerdes(createFileSchemaSource());
  const id = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/\p{Cc}|\ufffd/u.test(text) && text !== '.' && text !== '..');
  const optional = <V>(value: fc.Arbitrary<V>) => fc.option(value, { nil: null });
  const clicks: fc.Arbitrary<SourceRecords['clicks']> = fc.record({
    eventId: id,
    visitorId: id,
    userId: optional(id),
    sessionId: optional(id),
    at: fc.integer({ min: 946_684_800_000, max: 8_640_000_000_000_000 }),
    kind: fc.constantFrom('view', 'addToCart', 'removeFromCart', 'wishlist', 'listClick', 'like', 'dislike'),
    itemId: id,
    listId: optional(fc.string()),
    placement: optional(fc.string()),
    query: optional(fc.string({ unit: 'grapheme', maxLength: 100 })),
    rating: optional(fc.double({ min: 1, max: 5, noNaN: true })),
    dwellMs: optional(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1 })),
    quantity: optional(fc.integer({ min: 1, max: 2 ** 31 - 1 })),
    device: optional(fc.string()),
    region: optional(fc.string()),
    referrer: optional(fc.string()),
  });
  fc.assert(
    fc.property(clicks, (value) => {
      const read = serdes.clicks.deserialize(serdes.clicks.serialize(value));
      assert.deepEqual(read, { ...value });
      assert.deepEqual(fromJson('clicks', JSON.parse(JSON.stringify(toJson('clicks', read)))), read);
    }),
  );
});
