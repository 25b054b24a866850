import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import avsc from 'avsc';
import fc from 'fast-check';
import type { LogRecord } from '../../../../engine/api/index.ts';
import { FileBuilder } from '../../../../engine/archive/file-builder.ts';
import { DamagedFileError, decodeSchemas, listHistory, readHistory } from '../../../../engine/archive/index.ts';
import { collect, createMemoryStore, logRecord, START_MS } from '../../../support/history.ts';

async function fileOf(records: readonly LogRecord[], first = 0, schemaOf?: (id: number) => unknown) {
  const builder = new FileBuilder(records[0]!, first);
  for (const record of records) builder.add(record);
  return builder.finish(schemaOf);
}

async function readBack(bytes: Uint8Array, name: string): Promise<LogRecord[]> {
  const store = createMemoryStore();
  store.objects.set(name, bytes);
  const [partition] = await listHistory(store);
  const all: LogRecord[] = [];
  const range = { from: 0, end: Number.MAX_SAFE_INTEGER };
  for await (const { records } of readHistory(store, partition!, range, () => assert.fail('no gap')))
    all.push(...records);
  return all;
}

const whole = (record: LogRecord) => ({ ...record, value: record.value && Buffer.from(record.value).toString('hex') });

test('every record comes back as it was: keys, deletions, headers, texts and bytes of any kind', async () => {
  // No object of JavaScript can hold that name, so no reader of a log gives it either.
  const headerName = fc.string({ minLength: 1 }).filter((name) => name !== '__proto__');
  const arbitrary = fc.record({
    key: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
    value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
    timestampMs: fc.integer({ min: -1, max: 2 ** 52 }),
    appendTimeMs: fc.integer({ min: 0, max: 2 ** 52 }),
    headers: fc.option(fc.dictionary(headerName, fc.string(), { minKeys: 1 }), { nil: undefined }),
    skip: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(arbitrary, { minLength: 1, maxLength: 40 }), async (parts) => {
      let offset = -1;
      const records = parts.map(({ skip, headers, ...changes }) => {
        offset += skip;
        return logRecord('clicks', 3, offset, { ...changes, headers: headers && { ...headers } });
      });
      const { name, bytes } = await fileOf(records);
      assert.deepEqual((await readBack(bytes, name)).map(whole), records.map(whole));
    }),
    { numRuns: 60 },
  );
});

test("a producer's time that is no whole number of milliseconds becomes the nearest, or the log's", async () => {
  const times = [1.6, Number.NaN, Number.POSITIVE_INFINITY, 1e300];
  const records = times.map((timestampMs, i) => logRecord('clicks', 0, i, { timestampMs }));
  const { name, bytes } = await fileOf(records);
  const back = (await readBack(bytes, name)).map(({ timestampMs }) => timestampMs);
  assert.deepEqual(back, [2, START_MS + 1, START_MS + 2, START_MS + 3]);
});

test('files of many blocks, and records larger than a block, come back whole', async () => {
  const records = Array.from({ length: 3_000 }, (_, i) =>
    logRecord('clicks', 0, i, { value: Buffer.alloc(i === 1_500 ? 900_000 : 150, i % 251) }),
  );
  const { name, bytes, records: count } = await fileOf(records);
  assert.equal(count, 3_000);
  assert.deepEqual((await readBack(bytes, name)).map(whole), records.map(whole));
});

test('another Avro implementation reads the files: the decoder of avsc', async () => {
  const records = Array.from({ length: 2_000 }, (_, i) => logRecord('clicks', 1, i, i === 5 ? { value: null } : {}));
  const { bytes } = await fileOf(records);
  const decoder = new avsc.streams.BlockDecoder();
  const seen: { offset: number; key: string; value: Buffer | null }[] = [];
  decoder.on('data', (record: { offset: number; key: string; value: Buffer | null }) => seen.push(record));
  const input = new PassThrough();
  input.pipe(decoder);
  input.end(bytes);
  await once(decoder, 'end');
  assert.equal(seen.length, 2_000);
  assert.deepEqual(
    seen.map(({ offset, key, value }) => [offset, key, value?.toString()]),
    records.map(({ offset, key, value }) => [offset, key, value === null ? undefined : Buffer.from(value).toString()]),
  );
});

test('a file that was cut off anywhere is damaged and never a shorter file', async () => {
  const records = Array.from({ length: 20 }, (_, i) => logRecord('clicks', 0, i));
  const { name, bytes } = await fileOf(records);
  for (let length = 0; length < bytes.length; length++) {
    await assert.rejects(readBack(bytes.subarray(0, length), name), DamagedFileError, `cut at ${length}`);
  }
});

test('any changed byte is told with the name of the file', async () => {
  const records = Array.from({ length: 20 }, (_, i) => logRecord('clicks', 0, i, { value: Buffer.alloc(20, 7) }));
  const { name, bytes } = await fileOf(records);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at]! ^= 0x55;
    await assert.rejects(readBack(changed, name), (error) => {
      assert.ok(error instanceof DamagedFileError, `byte ${at}: ${error}`);
      assert.match(error.message, /clicks\/0\/0{20}-0{18}19\.avro/);
      return true;
    });
  }
});

test('a file whose records are not those of its name is refused', async () => {
  const { bytes } = await fileOf([logRecord('clicks', 0, 4), logRecord('clicks', 0, 5)], 4);
  const named = (text: string) => text.replace(/\d+/g, (offset) => offset.padStart(20, '0'));
  for (const wrong of ['4-6', '5-9', '4-4'])
    await assert.rejects(readBack(bytes, `clicks/0/${named(wrong)}.avro`), DamagedFileError);
  for (const place of ['clicks/1', 'purchases/0'])
    await assert.rejects(readBack(bytes, `${place}/${named('4-5')}.avro`), DamagedFileError);
});

test('the head holds the schemas that the values name, and no others', async () => {
  const framed = (id: number) => Buffer.from([0, 0, 0, 0, id, 1, 2]);
  const records = [framed(7), framed(9), Buffer.from('no frame'), framed(200), null].map((value, i) =>
    logRecord('clicks', 0, i, { value }),
  );
  const schemas = new Map<number, unknown>([
    [7, 'string'],
    [8, 'long'],
    [9, { type: 'array', items: 'int' }],
  ]);
  const store = createMemoryStore();
  const { name, bytes } = await fileOf(records, 0, (id) => schemas.get(id));
  store.objects.set(name, bytes);
  const [partition] = await listHistory(store);
  const [part] = await collect(readHistory(store, partition!, { from: 0, end: 99 }, () => {}));
  assert.deepEqual(
    decodeSchemas(part!.schemas),
    new Map<number, unknown>([
      [7, 'string'],
      [9, { type: 'array', items: 'int' }],
    ]),
  );
});
