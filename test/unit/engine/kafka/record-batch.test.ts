import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../../../engine/api/index.ts';
import { type AbortedTransaction, BinaryRecord, RecordSetDecoder } from '../../../../engine/kafka/record-batch.ts';
import { encodeBatch, encodeMark, LOG_APPEND_TIME, type TestBatch, withAttributes } from './batches.ts';

interface Options {
  readonly from?: number;
  readonly aborted?: readonly AbortedTransaction[];
  readonly binaryKeys?: boolean;
}

function decode(set: Buffer, { from = 0, aborted = [], binaryKeys = false }: Options = {}): RecordSetDecoder {
  const decoder = new RecordSetDecoder(set, { topic: 't', partition: 3, from, aborted, binaryKeys });
  while (decoder.step());
  return decoder;
}

const offsets = (decoder: RecordSetDecoder) => decoder.records.map(({ offset }) => offset);
const record = (delta: number, key: string | null = 'k') => ({
  delta,
  timestampMs: 1000,
  key,
  value: Buffer.from('v'),
});
const refusal = (pattern: RegExp) => (error: unknown) =>
  error instanceof EngineError && error.code === 'BATCH_UNREADABLE' && pattern.test(error.message);

/** Batches one after the other, as compaction may leave them: offsets only grow, and some records are not there. */
const batches: fc.Arbitrary<TestBatch[]> = fc
  .array(
    fc.record({
      gap: fc.nat(3),
      records: fc.array(
        fc.record({
          hole: fc.nat(2),
          timestampMs: fc.integer({ min: 0, max: 2 ** 43 }),
          key: fc.option(
            fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('\0\0\0\0'), fc.string({ minLength: 30 })),
          ),
          value: fc.option(fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))),
          headers: fc.dictionary(
            fc.string({ unit: 'grapheme', maxLength: 9 }).filter((name) => name !== '__proto__'),
            fc.string({ unit: 'grapheme', maxLength: 9 }),
            { maxKeys: 3 },
          ),
        }),
        { maxLength: 20 },
      ),
      tail: fc.nat(3),
      compression: fc.constantFrom(0, 1, 4),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .chain((parts) => fc.nat(2 ** 40).map((start) => ({ parts, start })))
  .map(({ parts, start }) => {
    let offset = start;
    return parts.map(({ gap, records, tail, compression }) => {
      const baseOffset = offset + gap;
      let delta = 0;
      const placed = records.map(({ hole, ...rest }) => {
        delta += hole + 1;
        return { ...rest, delta };
      });
      const lastOffsetDelta = delta + tail;
      offset = baseOffset + lastOffsetDelta + 1;
      return { baseOffset, lastOffsetDelta, records: placed, compression };
    });
  });

test('what kafkajs writes is read back, whatever the keys, values, headers, holes and codecs, from any offset on', async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.nat(30), fc.boolean(), async (written, skip, binaryKeys) => {
      const from = written[0]!.baseOffset + skip;
      const set = Buffer.concat(await Promise.all(written.map(encodeBatch)));
      const decoder = decode(set, { from, binaryKeys });
      const expected = written
        .flatMap((batch) => batch.records.map((r) => ({ ...r, offset: batch.baseOffset + r.delta })))
        .filter(({ offset }) => offset >= from)
        .map(({ offset, key, value, timestampMs, headers }) =>
          binaryKeys
            ? { offset, key: Buffer.from(key ?? ''), value }
            : {
                topic: 't',
                partition: 3,
                offset,
                key: key ?? undefined,
                value,
                timestampMs,
                appendTimeMs: timestampMs,
                headers: headers && Object.keys(headers).length > 0 ? { ...headers } : undefined,
              },
        );
      const read = decoder.records.map((record) =>
        record instanceof BinaryRecord ? { offset: record.offset, key: record.key, value: record.value } : record,
      );
      assert.deepEqual(read, expected);
      const last = written.at(-1)!;
      assert.equal(decoder.next, Math.max(from, last.baseOffset + last.lastOffsetDelta + 1));
    }),
    { numRuns: 200 },
  );
});

test('a record set that is cut anywhere gives the batches before the cut, and nothing of the one that is cut', async () => {
  const parts = await Promise.all(
    [0, 10, 20].map((baseOffset) => encodeBatch({ baseOffset, lastOffsetDelta: 9, records: [record(0), record(9)] })),
  );
  const set = Buffer.concat(parts);
  for (let length = 0; length <= set.length; length++) {
    const whole = Math.floor(length / parts[0]!.length);
    const decoder = decode(set.subarray(0, length));
    assert.equal(decoder.next, 10 * whole, `${length} bytes`);
    assert.deepEqual(offsets(decoder), [0, 9, 10, 19, 20, 29].slice(0, 2 * whole));
  }
});

test('any changed byte of a batch is refused with its offset, or changes only what the checksum does not cover', async () => {
  const good = await encodeBatch({ baseOffset: 7, lastOffsetDelta: 1, records: [record(0), record(1)] });
  // The offset, the length and the leader's epoch stand before what the checksum covers.
  for (let at = 16; at < good.length; at++) {
    const bad = Buffer.from(good);
    bad[at]! ^= 0x55;
    assert.throws(() => decode(bad, { from: 7 }), refusal(/t-3 offset 7 cannot be read/), `byte ${at}`);
  }
});

test('batches without records move the position', async () => {
  const set = await encodeBatch({ baseOffset: 5, lastOffsetDelta: 94, records: [] });
  const decoder = decode(set, { from: 5 });
  assert.deepEqual([decoder.records, decoder.next], [[], 100]);
});

test('the time that the broker set is the time of every record', async () => {
  const batch = await encodeBatch({
    baseOffset: 0,
    lastOffsetDelta: 1,
    records: [record(0), record(1)],
    maxTimestampMs: 77,
  });
  for (const read of decode(withAttributes(batch, LOG_APPEND_TIME)).records) {
    assert.ok('timestampMs' in read);
    assert.deepEqual([read.timestampMs, read.appendTimeMs], [77, 77]);
  }
});

test('older message formats are refused by name', async () => {
  const batch = await encodeBatch({ baseOffset: 0, lastOffsetDelta: 0, records: [record(0)] });
  batch[16] = 1;
  assert.throws(() => decode(batch), refusal(/message format 1, only 2 is read/));
});

test('a codec that does not exist is refused by name, and what was read before it stays', async () => {
  const good = await encodeBatch({ baseOffset: 0, lastOffsetDelta: 0, records: [record(0)] });
  const bad = withAttributes(await encodeBatch({ baseOffset: 1, lastOffsetDelta: 0, records: [record(0)] }), 7);
  const decoder = new RecordSetDecoder(Buffer.concat([good, bad]), {
    topic: 't',
    partition: 3,
    from: 0,
    aborted: [],
    binaryKeys: false,
  });
  assert.throws(
    () => {
      while (decoder.step());
    },
    refusal(/offset 1 .*compression \(number 7\)/),
  );
  assert.deepEqual([offsets(decoder), decoder.next], [[0], 1]);
});

test('aborted transactions are left out up to their marks, interleaved ones of others are not', async () => {
  const of = (producerId: number | undefined, baseOffset: number) =>
    encodeBatch({
      baseOffset,
      lastOffsetDelta: 0,
      records: [record(0)],
      ...(producerId === undefined ? {} : { producerId }),
    });
  const set = Buffer.concat([
    await of(1, 0), // aborted
    await of(2, 1), // committed
    await of(undefined, 2),
    await of(1, 3), // aborted
    await encodeMark(4, 1, false),
    await of(1, 5), // committed: another transaction of the same producer
    await encodeMark(6, 2, true),
    await encodeMark(7, 1, true),
    await of(2, 8), // aborted
    await encodeMark(9, 2, false),
  ]);
  const aborted = [
    { producerId: 2, firstOffset: 8 },
    { producerId: 1, firstOffset: 0 },
  ];
  const decoder = decode(set, { aborted });
  assert.deepEqual([offsets(decoder), decoder.next], [[1, 2, 5], 10]);
});

test('a record whose key looks like an abort mark ends no transaction', async () => {
  const key = Buffer.alloc(4);
  const batch = (baseOffset: number) =>
    encodeBatch({
      baseOffset,
      lastOffsetDelta: 0,
      producerId: 1,
      records: [{ delta: 0, timestampMs: 1, key, value: null }],
    });
  const set = Buffer.concat([await batch(0), await batch(1), await encodeMark(2, 1, false), await batch(3)]);
  assert.deepEqual(offsets(decode(set, { aborted: [{ producerId: 1, firstOffset: 0 }] })), [3]);
});

test('a large batch is decoded in steps', async () => {
  const records = Array.from({ length: 10_000 }, (_, i) => record(i));
  const set = await encodeBatch({ baseOffset: 0, lastOffsetDelta: 9_999, records, compression: 1 });
  const decoder = new RecordSetDecoder(set, { topic: 't', partition: 3, from: 0, aborted: [], binaryKeys: false });
  assert.ok(decoder.step());
  assert.ok(decoder.records.length < 10_000);
  assert.equal(decoder.next, 0, 'the position moves with whole batches');
  while (decoder.step());
  assert.deepEqual([decoder.records.length, decoder.next], [10_000, 10_000]);
});
