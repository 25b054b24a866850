import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LogRecord } from '../../../../engine/api/index.ts';
import { encodeBatch, recordBytes, type WritableRecord } from '../../../../engine/kafka/batch-encoder.ts';
import { RecordSetDecoder } from '../../../../engine/kafka/record-batch.ts';

const require = createRequire(import.meta.url);
const referenceCrc: (bytes: Buffer) => number = require('kafkajs/src/protocol/recordBatch/crc32C/index.js');
/** kafkajs's reader of batches: an implementation that is not ours. */
const Decoder: new (bytes: Buffer) => object = require('kafkajs/src/protocol/decoder.js');
const RecordBatch: (decoder: object) => Promise<{
  readonly records: readonly {
    key: Buffer | null;
    value: Buffer | null;
    timestamp: string;
    headers: { [name: string]: Buffer };
  }[];
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly inTransaction: boolean;
}> = require('kafkajs/src/protocol/recordBatch/v0/decoder.js');

/** A record as a test compares it. */
function plain({ key, value, timestampMs, headers }: WritableRecord) {
  return {
    key,
    value: value === null ? null : Buffer.from(value),
    timestampMs,
    headers: headers === undefined ? undefined : { ...headers },
  };
}

const PLACE = { producerId: '9007199254740993', producerEpoch: 7, sequence: 2_000_000_000 } as const;

const records = fc.array(
  fc.record({
    key: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: undefined }),
    value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
    timestampMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    headers: fc.option(
      fc.dictionary(
        fc.string({ minLength: 1, maxLength: 8 }).filter((name) => name !== '__proto__'),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        {
          minKeys: 1,
          maxKeys: 3,
        },
      ),
      { nil: undefined },
    ),
  }),
  { minLength: 1, maxLength: 60 },
);

test('what is encoded, the reader decodes, whatever the compression', () => {
  fc.assert(
    fc.property(records, fc.constantFrom('none', 'gzip', 'zstd'), (written, compression) => {
      const batch = encodeBatch(written, { ...PLACE, compression });
      const decoder = new RecordSetDecoder(batch, {
        topic: 't',
        partition: 3,
        from: 0,
        aborted: [],
        binaryKeys: false,
      });
      while (decoder.step());
      const read = decoder.records as readonly LogRecord[];
      assert.equal(decoder.next, written.length);
      assert.deepEqual(read.map(plain), written.map(plain));
    }),
  );
});

test('another client reads the same records, producer and transaction mark', async () => {
  await fc.assert(
    fc.asyncProperty(records, async (written) => {
      const batch = encodeBatch(written, { ...PLACE, compression: 'none' });
      const read = await RecordBatch(new Decoder(batch));
      assert.equal(read.producerId, PLACE.producerId);
      assert.equal(read.producerEpoch, PLACE.producerEpoch);
      assert.equal(read.inTransaction, true);
      assert.deepEqual(
        read.records.map(({ key, value, timestamp }) => ({
          key: key?.toString(),
          value,
          timestamp: Number(timestamp),
        })),
        written.map(({ key, value, timestampMs }) => ({
          key,
          value: value === null ? null : Buffer.from(value),
          timestamp: timestampMs,
        })),
      );
    }),
  );
});

test('a record never takes more than is reckoned', () => {
  fc.assert(
    fc.property(records, (written) => {
      const reckoned = 61 + written.reduce((sum, record) => sum + recordBytes(record), 0);
      const batch = encodeBatch(written, { ...PLACE, compression: 'none' });
      assert.ok(batch.length <= reckoned, `${batch.length} of ${reckoned}`);
    }),
  );
});

test("a batch's checksum is the CRC-32C of what follows it", () => {
  fc.assert(
    fc.property(records, (written) => {
      const batch = encodeBatch(written, { ...PLACE, compression: 'none' });
      assert.equal(batch.readUInt32BE(17), referenceCrc(Buffer.from(batch.subarray(21))));
    }),
  );
});

test('keys of bytes are written as they are', () => {
  const key = Buffer.from([0, 255, 128, 7]);
  const written: readonly WritableRecord[] = [{ key, value: null, timestampMs: 5 }];
  const batch = encodeBatch(written, { ...PLACE, compression: 'none' });
  const decoder = new RecordSetDecoder(batch, { topic: 't', partition: 0, from: 0, aborted: [], binaryKeys: true });
  while (decoder.step());
  assert.deepEqual(Buffer.from(decoder.records[0]!.key as Uint8Array), key);
  assert.equal(decoder.records[0]!.value, null);
});
