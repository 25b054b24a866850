import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../../../engine/api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../../../engine/embedded/index.ts';
import { MovedClock } from '../../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../../state/memory-database.ts';
import { record } from '../../support/engine.ts';

const TOPICS = [
  { name: 'readings', partitions: 2, compacted: false, internal: false },
  { name: 'inner', partitions: 2, compacted: false, internal: true },
  { name: 'limits', partitions: 2, compacted: true, internal: false },
  { name: 'tables', partitions: 1, compacted: true, internal: true },
];

async function openLog(options: { retentionMs?: number; maxRecordBytes?: number } = {}) {
  const database = createMemoryDatabase({ columnFamilies: [LOG_COLUMN_FAMILY] });
  const clock = new MovedClock(1_000_000);
  const open = async () => {
    const log = new EmbeddedLog({ database, clock, ...options });
    await log.open(TOPICS);
    return log;
  };
  return { database, clock, open, log: await open() };
}

const read = (log: EmbeddedLog, topic: string, partition: number, offset = 0, maxRecords = 1e9) =>
  log.fetch([{ topic, partition, offset, maxRecords }])[0]!.records;

test('a record comes back with its key, value, times and headers, and offsets count per partition', async () => {
  const { log } = await openLog();
  const places = await log.append([
    { ...record('readings', 'boiler', { c: 20 }, 5, 1), headers: { unit: 'C', empty: '' } },
    { topic: 'readings', partition: 1, key: undefined, value: null, timestampMs: 6 },
    record('readings', 'boiler', {}, 7, 0),
  ]);
  assert.deepEqual(
    places.map(({ partition, offset }) => [partition, offset]),
    [
      [1, 0],
      [1, 1],
      [0, 0],
    ],
  );
  const [first, second] = read(log, 'readings', 1);
  assert.equal(Buffer.from(first!.value!).toString(), '{"c":20}');
  assert.deepEqual(
    { ...first, value: undefined },
    {
      topic: 'readings',
      partition: 1,
      offset: 0,
      key: 'boiler',
      value: undefined,
      timestampMs: 5,
      appendTimeMs: 1_000_000,
      headers: { unit: 'C', empty: '' },
    },
  );
  assert.equal(second?.key, undefined);
  assert.equal(second?.value, null);
});

test('keys choose their partition by murmur2, as a Java producer does', async () => {
  const { log } = await openLog();
  const [place] = await log.append([record('readings', 'foobar', {}, 1)]);
  // murmur2("foobar") is -790332482 (Kafka's own test vector); without the sign bit it is odd or even as follows.
  assert.equal(place?.partition, (-790332482 & 0x7fffffff) % 2);
});

test('offsets go on after a restart', async () => {
  const { log, open } = await openLog();
  await log.append([record('readings', 'a', 1, 1, 0), record('readings', 'a', 2, 2, 0)]);
  const reopened = await open();
  assert.deepEqual(reopened.offsets({ topic: 'readings', partition: 0 }), { start: 0, end: 2 });
  const [place] = await reopened.append([record('readings', 'a', 3, 3, 0)]);
  assert.equal(place?.offset, 2);
});

test('an append of which one record is too large leaves nothing behind', async () => {
  const { log } = await openLog({ maxRecordBytes: 100 });
  await assert.rejects(
    log.append([record('readings', 'a', 1, 1, 0), record('readings', 'b', 'x'.repeat(200), 1, 0)]),
    (error: unknown) => error instanceof EngineError && error.code === 'RECORD_TOO_LARGE',
  );
  assert.deepEqual(read(log, 'readings', 0), []);
  const [place] = await log.append([record('readings', 'a', 1, 1, 0)]);
  assert.equal(place?.offset, 0);
});

test('a commit counts only when it has been written', async () => {
  const { log, database } = await openLog();
  const commits = [{ taskId: 0, records: [record('inner', 'a', 1, 1, 0)] }];
  log.commit(commits, database.createBatch());
  log.settled(false);
  assert.equal(log.offsets({ topic: 'inner', partition: 0 }).end, 0);
  const batch = database.createBatch();
  log.commit(commits, batch);
  database.write(batch);
  log.settled(true);
  assert.equal(read(log, 'inner', 0).length, 1);
});

test('topics keep their number of partitions', async () => {
  const { database, clock } = await openLog();
  const other = new EmbeddedLog({ database, clock });
  await assert.rejects(
    other.open([{ name: 'readings', partitions: 3, compacted: false, internal: false }]),
    /has 2 partitions, the engine needs 3/,
  );
});

test('an unknown topic or partition is an error that names it', async () => {
  const { log } = await openLog();
  assert.throws(() => log.offsets({ topic: 'nope', partition: 0 }), /no partition 0 of topic "nope"/);
  await assert.rejects(log.append([record('nope', 'a', 1, 1)]), /no topic "nope"/);
});

test('internal records go once they are read, in lumps, and the end stays', async () => {
  const { log, open } = await openLog();
  const place = { topic: 'inner', partition: 0 };
  for (let i = 0; i < 100; i++) await log.append([record('inner', 'a', i, i, 0)]);
  for (let commit = 1; commit <= 49; commit++) log.release([{ ...place, offset: commit }]);
  assert.equal(log.offsets(place).start, 0);
  log.release([{ ...place, offset: 50 }]);
  assert.equal(log.offsets(place).start, 50);
  for (let commit = 51; commit <= 100; commit++) log.release([{ ...place, offset: 100 }]);
  assert.deepEqual(log.offsets(place), { start: 99, end: 100 });
  assert.deepEqual((await open()).offsets(place), { start: 99, end: 100 });
});

test('what was appended at once is dropped in batches, and of none more than has been read', async () => {
  const { log, open } = await openLog();
  const place = { topic: 'inner', partition: 0 };
  await log.append(Array.from({ length: 3_000 }, (_, i) => record('inner', 'a', i, i, 0)));
  for (let commit = 1; commit <= 50; commit++) log.release([{ ...place, offset: 2_500 }]);
  const { start, end } = log.offsets(place);
  assert.ok(start > 0 && start <= 2_500, `start ${start}`);
  assert.equal(end, 3_000);
  const fresh = await open();
  assert.deepEqual(fresh.offsets(place), { start, end });
  assert.deepEqual(
    read(fresh, 'inner', 0, 2_500).map(({ offset, value }) => [offset, Number(Buffer.from(value!).toString())]),
    Array.from({ length: 500 }, (_, i) => [2_500 + i, 2_500 + i]),
  );
});

test('a log with one record an entry, as it was written before, is read, and goes on in batches', async () => {
  const { database, open } = await openLog();
  const batch = database.createBatch();
  const value = Buffer.concat([
    Buffer.from('01' + '0000000f4240' + '4014000000000000' + '07', 'hex'),
    Buffer.from('0006626f696c6572' + '0001' + '000400000001' + '756e697443', 'hex'),
    Buffer.from('{"c":20}'),
  ]);
  batch.put(LOG_COLUMN_FAMILY, Buffer.concat([Buffer.from('readings\0'), Buffer.alloc(2), Buffer.alloc(6)]), value);
  database.write(batch);
  const log = await open();
  await log.append([record('readings', 'boiler', 1, 6, 0)]);
  const [old, next] = read(await open(), 'readings', 0);
  assert.deepEqual(
    { ...old, value: Buffer.from(old!.value!).toString() },
    {
      topic: 'readings',
      partition: 0,
      offset: 0,
      key: 'boiler',
      value: '{"c":20}',
      timestampMs: 5,
      appendTimeMs: 1_000_000,
      headers: { unit: 'C' },
    },
  );
  assert.deepEqual([next?.offset, next?.timestampMs], [1, 6]);
});

test('a log of a later version is refused', async () => {
  const { database, open } = await openLog();
  const batch = database.createBatch();
  batch.put(LOG_COLUMN_FAMILY, Buffer.concat([Buffer.from('readings\0'), Buffer.alloc(8)]), Buffer.alloc(16, 9));
  database.write(batch);
  await assert.rejects(open(), (error: EngineError) => error.code === 'STATE_FORMAT_UNKNOWN');
});

test('a log that has been open for long reads what one reads that was just opened, whatever was appended, committed, given up and released', async () => {
  const value = fc.nat({ max: 3 }).map((kilobytes) => 'v'.repeat(700 * 1_024 * kilobytes));
  const step = fc.oneof(
    fc.record({
      kind: fc.constantFrom('append' as const, 'give up' as const),
      values: fc.array(value, { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('release' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.nat({ max: 20 }),
      fc.nat({ max: 5 }),
      async (steps, offset, most) => {
        const { log, open, database } = await openLog({ maxRecordBytes: 1e7 });
        for (const { kind, ...how } of steps) {
          const { end } = log.offsets({ topic: 'readings', partition: 0 });
          if ('share' in how) {
            log.release([{ topic: 'readings', partition: 0, offset: Math.floor(how.share * end) }]);
            continue;
          }
          const records = how.values.map((value, i) => ({
            ...record('readings', 'a', value, i, 0),
            headers: { length: String(value.length) },
          }));
          if (kind === 'append') await log.append(records);
          else {
            log.commit([{ taskId: 0, records }], database.createBatch());
            log.settled(false);
          }
        }
        const fresh = await open();
        for (const maxRecords of [most, 1e9])
          assert.deepEqual(
            read(log, 'readings', 0, offset, maxRecords),
            read(fresh, 'readings', 0, offset, maxRecords),
          );
        assert.deepEqual(read(log, 'readings', 0), read(fresh, 'readings', 0));
      },
    ),
    { numRuns: 40 },
  );
});

test('retention drops old records that were read, and a reader below the start is told', async () => {
  const { log, clock } = await openLog({ retentionMs: 60_000 });
  for (const value of [1, 2]) await log.append([record('readings', 'a', value, 1, 0)]);
  clock.advance(50_000);
  await log.append([record('readings', 'a', 3, 1, 0)]);
  clock.advance(20_000);
  log.release([{ topic: 'readings', partition: 0, offset: 1 }]);
  assert.equal(log.offsets({ topic: 'readings', partition: 0 }).start, 1, 'the second record is old but not read');
  clock.advance(20_000);
  log.release([{ topic: 'readings', partition: 0, offset: 3 }]);
  assert.equal(log.offsets({ topic: 'readings', partition: 0 }).start, 2);
  assert.throws(() => read(log, 'readings', 0, 0), /starts at offset 2; offset 0 is gone/);
});

test('compaction keeps the newest record of each key, and offsets stay', async () => {
  const { log, clock } = await openLog();
  const records = Array.from({ length: 30_000 }, (_, i) => record('limits', `k${i % 10}`, i, i, 0));
  for (const some of [records.slice(0, 29_995), records.slice(29_995)]) await log.append(some);
  // A bounded number of records a pass, so more than one.
  for (let pass = 0; pass < 3; pass++) {
    clock.advance(20_000);
    log.release([{ topic: 'limits', partition: 0, offset: 29_995 }]);
  }
  const left = read(log, 'limits', 0);
  assert.equal(left.length, 15, 'ten newest among those read, five unread');
  assert.equal(left.at(-1)?.offset, 29_999);
});

test('compaction takes the older records of a key and no others, wherever batches begin and passes end', async () => {
  const place = { topic: 'limits', partition: 0 };
  const sizes = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.integer({ min: 1, max: 5_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (appends, keys, share) => {
        const { log, clock, open } = await openLog();
        // Nothing replaces a record without a key.
        const keyOf = (i: number) => (i % 97 === 0 ? undefined : `k${(i * i) % keys}`);
        let end = 0;
        const append = async (size: number) => {
          const some = Array.from({ length: size }, (_, i) => ({
            ...record('limits', '', end + i, 1, 0),
            key: keyOf(end + i),
          }));
          await log.append(some);
          end += size;
        };
        const release = (offset: number) => {
          clock.advance(20_000);
          log.release([{ ...place, offset }]);
        };
        const offsetsLeft = () =>
          read(log, 'limits', 0).map(({ offset, key, value }) => {
            assert.deepEqual([key, Number(Buffer.from(value!).toString())], [keyOf(offset), offset]);
            return offset;
          });
        for (const size of appends) {
          await append(size);
          const to = Math.floor(share * end);
          release(to);
          release(to);
          const newest = new Map(Array.from({ length: to }, (_, i) => [keyOf(i), i]));
          const isKept = (i: number) => i >= to || keyOf(i) === undefined || newest.get(keyOf(i)) === i;
          const left = new Set(offsetsLeft());
          assert.deepEqual(
            Array.from({ length: end }, (_, i) => i).filter((i) => isKept(i) && !left.has(i)),
            [],
          );
        }
        await append(20_000);
        for (let pass = 0; pass < 8; pass++) release(end);
        const newest = new Map(Array.from({ length: end }, (_, i) => [keyOf(i), i]));
        const expected = Array.from({ length: end }, (_, i) => i).filter(
          (i) => keyOf(i) === undefined || newest.get(keyOf(i)) === i,
        );
        assert.deepEqual(offsetsLeft(), expected);
        assert.deepEqual(read(await open(), 'limits', 0), read(log, 'limits', 0));
      },
    ),
    { numRuns: 15 },
  );
});

test('compaction goes on where records that it has passed were dropped between two of its passes', async () => {
  const { log, clock, open } = await openLog();
  const keys = 5_000;
  let end = 0;
  for (let commit = 0; commit < 90; commit++) {
    await log.append(Array.from({ length: 1_000 }, () => record('tables', `k${end++ % keys}`, end, 1, 0)));
    // A pass takes 20,000 records and comes once in some 30 of these, a drop once in 50.
    clock.advance(333);
    log.release([{ topic: 'tables', partition: 0, offset: end }]);
  }
  assert.ok(log.offsets({ topic: 'tables', partition: 0 }).start > 20_000, 'nothing was dropped');
  const left = read(log, 'tables', 0, log.offsets({ topic: 'tables', partition: 0 }).start);
  assert.equal(new Set(left.map(({ key }) => key)).size, keys);
  const fresh = await open();
  assert.deepEqual(read(fresh, 'tables', 0, fresh.offsets({ topic: 'tables', partition: 0 }).start), left);
});

test('a waiting reader wakes at an append, at the end of its time, and when it is told to stop', async () => {
  const { log } = await openLog();
  const never = new AbortController();
  const woken = log.appended(60_000, never.signal);
  await log.append([record('readings', 'a', 1, 1, 0)]);
  await woken;
  await log.appended(1, never.signal);
  const stopped = log.appended(60_000, never.signal);
  never.abort();
  await stopped;
});
