import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { RefusedRecordError } from '../../../engine/api/index.ts';
import {
  keyOf,
  type RefusalCode,
  refusalCodes,
  type SourceRecords,
  type SourceTopic,
  sourceTopics,
  validate,
  visitorOf,
} from '../../../schemas/index.ts';
import { checkId } from '../../../schemas/validation-parts.ts';
import { example } from './examples.ts';

/** A value of an enum that the types leave out. */
const unknown = 'unknown' as never;

type Case<T extends SourceTopic> = readonly [RefusalCode, Partial<SourceRecords[T]>];

function refusedBecause<T extends SourceTopic>(topic: T, value: SourceRecords[T]): string {
  try {
    validate(topic, value);
  } catch (error) {
    assert.ok(error instanceof RefusedRecordError);
    return error.code;
  }
  return 'accepted';
}

function refuses<T extends SourceTopic>(topic: T, cases: readonly Case<T>[]): void {
  for (const [code, changes] of cases) {
    const text = JSON.stringify(changes).slice(0, 80);
    test(`a record of ${topic} with ${text} is refused as ${code}`, () => {
      assert.equal(refusedBecause(topic, example(topic, changes)), code);
    });
  }
}

for (const topic of sourceTopics) {
  test(`the full example of ${topic} keeps its contract`, () => validate(topic, example(topic)));
  refuses(topic, [
    ['missing-id', { eventId: '' }],
    ['invalid-id', { eventId: 'line\nbreak' }],
    ['invalid-time', { at: 1_790_000_000 }],
    ['invalid-time', { at: Number.NaN }],
  ] as Case<typeof topic>[]);
}

const line = { itemId: '22423', quantity: 1, unitPrice: 1, currency: 'GBP' };
const many = (count: number) => Array.from({ length: count }, (_, i) => `entry-${i}`);

refuses('clicks', [
  ['missing-id', { visitorId: '' }],
  ['missing-id', { userId: '' }],
  ['missing-id', { itemId: null }],
  ['missing-id', { itemId: '' }],
  ['invalid-id', { itemId: 'x'.repeat(257) }],
  ['unknown-kind', { kind: unknown }],
  ['invalid-rating', { rating: 0 }],
  ['invalid-rating', { rating: 5.5 }],
  ['invalid-rating', { kind: 'rate', rating: null }],
  ['invalid-duration', { dwellMs: -1 }],
  ['invalid-duration', { kind: 'dwell', dwellMs: null }],
  ['negative-quantity', { quantity: 0 }],
  ['invalid-text', { query: 'q'.repeat(1025) }],
]);

test('a search needs no item', () => validate('clicks', example('clicks', { kind: 'search', itemId: null })));

refuses('purchases', [
  ['missing-id', { orderId: '' }],
  ['missing-id', { visitorId: null, userId: null }],
  ['unknown-kind', { status: unknown }],
  ['invalid-lines', { lines: [] }],
  ['invalid-lines', { lines: Array.from({ length: 2001 }, () => line) }],
  ['missing-id', { lines: [line, { ...line, itemId: '' }] }],
  ['negative-quantity', { lines: [{ ...line, quantity: 0 }] }],
  ['negative-quantity', { lines: [{ ...line, quantity: -3 }] }],
  ['invalid-price', { lines: [{ ...line, unitPrice: -0.01 }] }],
  ['invalid-price', { lines: [{ ...line, unitPrice: Infinity }] }],
  ['invalid-price', { lines: [{ ...line, unitPrice: Number.NaN }] }],
  ['invalid-text', { lines: [{ ...line, currency: '' }] }],
]);

test('a purchase may have 2,000 lines, and a user in place of a visitor', () => {
  validate('purchases', example('purchases', { visitorId: null, lines: Array.from({ length: 2000 }, () => line) }));
});

refuses('impressions', [
  ['missing-id', { listId: '' }],
  ['invalid-items', { items: [] }],
  ['invalid-items', { items: Array.from({ length: 1001 }, (_, position) => ({ itemId: 'i', position })) }],
  ['invalid-items', { items: [{ itemId: 'i', position: -1 }] }],
  ['missing-id', { items: [{ itemId: '', position: 0 }] }],
]);

refuses('visitors', [
  ['too-many-entries', { segments: many(65) }],
  ['invalid-text', { segments: [''] }],
  ['too-many-entries', { attributes: Object.fromEntries(many(257).map((name) => [name, ''])) }],
  ['invalid-text', { attributes: { colour: 'x'.repeat(4097) } }],
  ['invalid-text', { attributes: { '': 'x' } }],
]);

refuses('catalog', [
  ['missing-id', { itemId: '' }],
  ['invalid-text', { title: '' }],
  ['invalid-price', { price: -1 }],
  ['invalid-price', { price: Number.NaN }],
  ['invalid-validity', { validFrom: 2_000_000_000_000, validTo: 2_000_000_000_000 }],
  ['too-many-entries', { categories: many(65) }],
  ['missing-id', { embedding: { model: '', vector: [1] } }],
  ['invalid-embedding', { embedding: { model: 'm', vector: [] } }],
  ['invalid-embedding', { embedding: { model: 'm', vector: [1, Infinity] } }],
  ['invalid-embedding', { embedding: { model: 'm', vector: new Array(4097).fill(0) } }],
]);

test('stock may be negative, as back orders are', () => validate('catalog', example('catalog', { stock: -2 })));

refuses('campaigns', [
  ['unknown-kind', { kind: unknown }],
  ['missing-id', { items: [''] }],
  ['too-many-entries', { items: many(10_001) }],
  ['invalid-weight', { weight: -1 }],
  ['invalid-weight', { weight: 1001 }],
  ['invalid-weight', { weight: Number.NaN }],
  ['invalid-weight', { budget: -1 }],
  ['invalid-weight', { budget: Infinity }],
  ['invalid-text', { audience: { segments: [], regions: [''], devices: [] } }],
  ['invalid-validity', { validFrom: 2, validTo: 1 }],
]);

refuses('settings', [
  ['unknown-kind', { kind: unknown }],
  ['invalid-body', { body: '{' }],
  ['invalid-body', { body: '[1]' }],
  ['invalid-body', { body: 'null' }],
  ['invalid-text', { body: `"${'x'.repeat(262_144)}"` }],
]);

refuses('privacy', [
  ['unknown-kind', { action: unknown }],
  ['unknown-kind', { consent: unknown }],
  ['invalid-consent', { action: 'consent', consent: null }],
  ['missing-id', { action: 'link', otherVisitorId: null }],
  ['invalid-id', { action: 'link', otherVisitorId: 'visitor-7' }],
]);

test('an id is accepted exactly when it is 1 to 256 bytes of well-formed text without control characters, and no dots', () => {
  const id = fc.oneof(
    fc.constantFrom('.', '..', '...'),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.string({ unit: 'grapheme', minLength: 40, maxLength: 200 }),
    fc.string({ unit: 'grapheme-ascii', minLength: 250, maxLength: 260 }),
    fc.array(fc.nat(0xffff), { maxLength: 3 }).map((units) => String.fromCharCode(...units)),
  );
  fc.assert(
    fc.property(id, (text) => {
      const bytes = Buffer.byteLength(text);
      const isDots = text === '.' || text === '..';
      const allowed = bytes >= 1 && bytes <= 256 && text.isWellFormed() && !/[\p{Cc}\ufffd]/u.test(text) && !isDots;
      let accepted = true;
      try {
        checkId('id', text);
      } catch {
        accepted = false;
      }
      return accepted === allowed;
    }),
    { numRuns: 3000 },
  );
});

test('the text of a refusal names the field and does not repeat what it holds', () => {
  const secret = 'somebody@example.org\u0007';
  assert.throws(
    () => validate('clicks', example('clicks', { userId: secret })),
    (error: Error) => error.message.includes('userId') && !error.message.includes('example.org'),
  );
});

test('a purchase belongs to its visitor, else to the visitor of its user', () => {
  assert.equal(visitorOf({ visitorId: 'v', userId: 'u' }), 'v');
  assert.equal(visitorOf({ visitorId: null, userId: 'u' }), 'user:u');
});

test('every topic has the key of design: visitor, item, campaign or name', () => {
  const keys = Object.fromEntries(sourceTopics.map((topic) => [topic, keyOf(topic, example(topic))]));
  assert.deepEqual(keys, {
    campaigns: 'tea-week',
    catalog: '22423',
    clicks: 'visitor-7',
    impressions: 'visitor-7',
    privacy: 'visitor-7',
    purchases: 'visitor-7',
    settings: 'for-you',
    visitors: 'visitor-7',
  });
});

test('codes are kebab-case words with an explanation of one line', () => {
  for (const [code, text] of Object.entries(refusalCodes)) {
    assert.match(code, /^[a-z]+(-[a-z]+)+$/);
    assert.match(text, /^[A-Z][^\n|]+\.$/);
  }
});
