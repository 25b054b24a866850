import assert from 'node:assert/strict';
import test from 'node:test';
import type { Schema } from 'avsc';
import fc from 'fast-check';
import { RefusedRecordError } from '../../../engine/api/index.ts';
import {
  createFileSchemaSource,
  createSerde,
  createSerdes,
  readerSchema,
  type SchemaSource,
  schemaId,
  sourceTopics,
} from '../../../schemas/index.ts';
import { compileType } from '../../../schemas/wire-type.ts';
import { example, golden } from './examples.ts';

const source = createFileSchemaSource();
const serdes = createSerdes(source);

/** Avro body of `value` behind the header of schema `id`. */
function framed(id: number, body: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.writeUInt32BE(id, 1);
  bytes.set(body, 5);
  return bytes;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof RefusedRecordError, String(error));
    return error.code;
  }
  return 'accepted';
}

for (const topic of sourceTopics) {
  test(`a record of ${topic} comes back from its bytes as the plain object that it was`, () => {
    const value = example(topic);
    const serde = createSerde(topic, source);
    assert.deepStrictEqual(serde.deserialize(serde.serialize(value)), value);
  });
}

test('bytes are a zero, the schema id in four bytes big-endian, and the Avro body', () => {
  const bytes = Buffer.from(serdes.settings.serialize(example('settings')));
  assert.equal(bytes[0], 0);
  assert.equal(bytes.readUInt32BE(1), source.idFor('settings'));
  assert.deepEqual(compileType(readerSchema('settings')).fromBuffer(bytes.subarray(5)), example('settings'));
});

test('a value larger than the first encoding buffer is written whole', () => {
  const value = example('settings', { body: JSON.stringify({ text: 'ä'.repeat(100_000) }) });
  assert.deepStrictEqual(serdes.settings.deserialize(serdes.settings.serialize(value)), value);
});

test('bytes that were handed out stay as they are when more is serialized', () => {
  const first = serdes.clicks.serialize(example('clicks'));
  const copy = Uint8Array.from(first);
  serdes.clicks.serialize(example('clicks', { visitorId: 'somebody-else' }));
  assert.deepEqual(Uint8Array.from(first), copy);
});

test('a plain Uint8Array inside a larger buffer is read like a Buffer', () => {
  const bytes = serdes.clicks.serialize(example('clicks'));
  const larger = new Uint8Array(bytes.length + 20);
  larger.set(bytes, 7);
  assert.deepStrictEqual(serdes.clicks.deserialize(larger.subarray(7, 7 + bytes.length)), example('clicks'));
});

test('bytes without the framing are refused as not-framed', () => {
  for (const bytes of [[], [0], [0, 1, 2, 3], [1, 0, 0, 0, 1, 5], [...Buffer.from('{"eventId":"e"}')]]) {
    assert.equal(
      codeOf(() => serdes.clicks.deserialize(Uint8Array.from(bytes))),
      'not-framed',
    );
  }
});

test('an id that the source does not know, or that is of another topic, is refused as unknown-schema', () => {
  const body = serdes.settings.serialize(example('settings')).subarray(5);
  assert.equal(
    codeOf(() => serdes.settings.deserialize(framed(1, body))),
    'unknown-schema',
  );
  const click = serdes.clicks.serialize(example('clicks'));
  for (let again = 0; again < 2; again++) {
    assert.equal(
      codeOf(() => serdes.settings.deserialize(click)),
      'unknown-schema',
    );
  }
});

test('a writer schema that is no Avro schema is refused as unknown-schema', () => {
  const broken: SchemaSource = { idFor: () => 7, writerSchema: () => ({ type: 'record' }) as Schema };
  const serde = createSerde('settings', broken);
  assert.equal(
    codeOf(() => serde.deserialize(framed(7, new Uint8Array(3)))),
    'unknown-schema',
  );
});

test('a body that is cut anywhere, or goes on, is refused', () => {
  for (const topic of sourceTopics) {
    const bytes = Buffer.from(golden[topic].hex, 'hex');
    for (let length = 5; length < bytes.length; length++) {
      assert.equal(
        codeOf(() => serdes[topic].deserialize(bytes.subarray(0, length))),
        'unreadable-bytes',
        `${topic} ${length}`,
      );
    }
    assert.equal(
      codeOf(() => serdes[topic].deserialize(Buffer.concat([bytes, Buffer.from([0])]))),
      'unreadable-bytes',
    );
  }
});

test('a wild count of array or map entries is refused at once', () => {
  const type = compileType({
    type: 'record',
    name: 'Both',
    fields: [{ name: 'entries', type: { type: 'array', items: 'string' } }],
  });
  const map = compileType({ type: 'map', values: 'string' });
  // Varints of 2^31 - 1, 2^40 and -(2^40).
  for (const hex of ['feffffff0f', '808080808040', 'ffffffffff3f02']) {
    const startedMs = performance.now();
    assert.throws(() => type.fromBuffer(Buffer.from(hex, 'hex')), /more entries than bytes/);
    assert.throws(() => map.fromBuffer(Buffer.from(hex, 'hex')), /more entries than bytes/);
    assert.ok(performance.now() - startedMs < 1000);
  }
});

test('whatever bytes arrive, the answer is a record or a refusal', () => {
  const mutation = fc.record({
    topic: fc.constantFrom(...sourceTopics),
    changes: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 }),
    tail: fc.uint8Array({ maxLength: 12 }),
  });
  fc.assert(
    fc.property(mutation, ({ topic, changes, tail }) => {
      const bytes = Buffer.concat([Buffer.from(golden[topic].hex, 'hex'), tail]);
      for (const [at, value] of changes) bytes[5 + (at % (bytes.length - 5))] = value;
      codeOf(() => serdes[topic].deserialize(bytes));
    }),
    { numRuns: 3000 },
  );
});

test('a symbol that a newer producer writes is refused as unknown-kind, not as unreadable', () => {
  const newer = JSON.parse(JSON.stringify(readerSchema('clicks')).replace('"dwell"', '"dwell","share"')) as Schema;
  const id = schemaId(newer);
  const serde = createSerde('clicks', { idFor: source.idFor, writerSchema: () => newer });
  const body = compileType(newer).toBuffer({ ...example('clicks'), kind: 'share' });
  assert.equal(
    codeOf(() => serde.deserialize(framed(id, body))),
    'unknown-kind',
  );
});

test('a field that a newer producer adds is passed over', () => {
  const text = JSON.stringify(readerSchema('visitors'));
  const added = '{"name":"colours","type":{"type":"array","items":"string"}},{"name":"at",';
  const newer = JSON.parse(text.replace('{"name":"at",', added)) as Schema;
  const serde = createSerde('visitors', { idFor: source.idFor, writerSchema: () => newer });
  const body = compileType(newer).toBuffer({ ...example('visitors'), colours: ['red', 'blue'] });
  assert.deepStrictEqual(serde.deserialize(framed(schemaId(newer), body)), example('visitors'));
});

test('fields with a default may be left out when a value is serialized, and a wrong type is a TypeError', () => {
  const { device: _device, region: _region, ...click } = example('clicks');
  const bytes = serdes.clicks.serialize(click as ReturnType<typeof example<'clicks'>>);
  assert.deepStrictEqual(serdes.clicks.deserialize(bytes), example('clicks', { device: null, region: null }));
  assert.throws(() => serdes.clicks.serialize({ ...example('clicks'), at: 'now' as unknown as number }), TypeError);
});
