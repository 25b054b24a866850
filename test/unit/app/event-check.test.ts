import assert from 'node:assert/strict';
import test from 'node:test';
import { EventCheck } from '../../../app/event-check.ts';
import {
  createFileSchemaSource,
  createSerdes,
  keyOf,
  readerSchema,
  type SourceTopic,
  schemaId,
  sourceTopics,
} from '../../../schemas/index.ts';
import { createShop } from '../../../tools/simulator/index.ts';
import { example, golden } from '../schemas/examples.ts';

const NOW_MS = Date.UTC(2026, 10, 1);
const createCheck = () => new EventCheck({ nowMs: () => NOW_MS });

/** A line with an event that is in order but for `changes` of its value. */
function line(topic: SourceTopic, changes: object = {}, envelope: object = {}): string {
  const key = keyOf(topic, example(topic));
  return JSON.stringify({ topic, key, value: { ...golden[topic].json, at: NOW_MS, ...changes }, ...envelope });
}

test('an event of every topic that is in order is accepted', () => {
  const check = createCheck();
  for (const topic of sourceTopics)
    assert.deepEqual(check.check(line(topic)), { topic, refusal: undefined, isRepeated: false }, topic);
});

const REFUSED: { readonly [code: string]: string } = {
  'not-json': '{"topic":',
  'unknown-topic': line('clicks', {}, { topic: 'shop-clicks' }),
  'missing-key': line('clicks', {}, { key: 7 }),
  'missing-value': line('clicks', {}, { value: 'view' }),
  'key-mismatch': line('clicks', {}, { key: 'somebody-else' }),
  'unexpected-tombstone': line('clicks', {}, { value: null }),
  'timestamp-in-future': line('clicks', { at: NOW_MS + 300_001 }),
  'invalid-time': line('clicks', { at: Math.round(NOW_MS / 1000) }),
  'missing-id': line('clicks', { itemId: null, kind: 'view' }),
  'unknown-field': line('clicks', { colour: 'red' }),
  'missing-field': line('purchases', { lines: undefined }),
  'invalid-field': line('catalog', { title: 7 }),
  'unknown-kind': line('campaigns', { kind: 'shout' }),
  'invalid-body': line('settings', { body: 'not an object' }),
  'record-too-large': line('catalog', {
    attributes: Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`a${i}`, 'x'.repeat(4096)])),
  }),
};

for (const [code, text] of Object.entries(REFUSED))
  test(`what the engine's edge refuses is told with its code and what to do: ${code}`, () => {
    const { refusal } = createCheck().check(text);
    assert.equal(refusal?.code, code);
    assert.ok(refusal.text.length > 10);
    assert.match(refusal.remedy, /^[A-Z].{10,}\.$/);
    assert.doesNotMatch(refusal.remedy, /docs\/contracts\.md\.$/, 'a remedy of its own');
  });

test('up to five minutes past this moment an event is in time', () => {
  assert.equal(createCheck().check(line('clicks', { at: NOW_MS + 300_000 })).refusal, undefined);
});

test('only compacted topics take a tombstone', () => {
  const taken = sourceTopics.filter(
    (topic) => createCheck().check(line(topic, {}, { value: null })).refusal === undefined,
  );
  assert.deepEqual(taken, ['campaigns', 'catalog', 'settings', 'visitors']);
});

test("a visitor's repeated event id is told, another visitor's or another item's is none", () => {
  const check = createCheck();
  const repeated = (text: string) => check.check(text).isRepeated;
  assert.equal(repeated(line('clicks')), false);
  assert.equal(repeated(line('clicks')), true);
  assert.equal(repeated(line('clicks', { visitorId: 'another' }, { key: 'another' })), false);
  assert.equal(repeated(line('catalog')), false);
  assert.equal(repeated(line('catalog')), false);
});

test('an event id is repeated among the last 64 of its visitor; an older one would count again', () => {
  const check = createCheck();
  const repeated = (eventId: string) => check.check(line('clicks', { eventId })).isRepeated;
  for (let i = 0; i < 64; i++) assert.equal(repeated(`e${i}`), false);
  assert.equal(repeated('e0'), true);
  assert.equal(repeated('e64'), false);
  assert.equal(repeated('e0'), false);
  assert.equal(repeated('e2'), true);
});

test('of a simulated shop exactly the bad events are refused', () => {
  const startAtMs = NOW_MS - 3_600_000;
  const events = (badEventShare: number) => {
    const shop = createShop({ seed: 3, startAtMs, eventsPerSecond: 25, badEventShare });
    const stream = shop.events();
    return [...shop.catalogEvents(), ...Array.from({ length: 2000 }, () => stream.next().value)];
  };
  const refused = (share: number) => {
    const check = createCheck();
    const codes = events(share).map((event) => check.check(JSON.stringify(event)).refusal?.code);
    return new Set(codes.filter((code) => code !== undefined));
  };
  assert.deepEqual(refused(0), new Set());
  assert.deepEqual([...refused(0.1)].sort(), ['missing-id', 'negative-quantity']);
});

test('encoding gives the framed bytes of an event in order and refuses any other', () => {
  const serdes = createSerdes(createFileSchemaSource());
  const bytes = Buffer.from(createCheck().encode(line('visitors'), serdes));
  assert.equal(bytes.readUInt32BE(1), schemaId(readerSchema('visitors')));
  assert.deepEqual(serdes.visitors.deserialize(bytes), { ...example('visitors'), at: NOW_MS });
  for (const code of ['not-json', 'key-mismatch', 'unknown-field'])
    assert.throws(() => createCheck().encode(REFUSED[code]!, serdes), { name: 'RefusedRecordError', code });
  assert.throws(() => createCheck().encode(line('visitors', {}, { value: null }), serdes), {
    code: 'unexpected-tombstone',
  });
});
