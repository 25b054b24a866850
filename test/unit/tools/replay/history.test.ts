import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type LogRecord, silentLogger, silentMetrics, type TopicPartition } from '../../../../engine/api/index.ts';
import { HistoryWriter, openObjectStore, type SchemaOf } from '../../../../engine/archive/index.ts';
import {
  createFileSchemaSource,
  createSerdes,
  fromJson,
  type SourceTopic,
  sourceTopics,
} from '../../../../schemas/index.ts';
import { openHistory } from '../../../../tools/replay/history.ts';
import { mergeHistory } from '../../../../tools/replay/history-merge.ts';
import { ReplayFileError, type ReplayReader, type ReplayStep } from '../../../../tools/replay/reader.ts';
import { type ReplayTarget, replay } from '../../../../tools/replay/replay.ts';
import { collect, logRecord, START_MS, sourceOf } from '../../../support/history.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { example } from '../../schemas/examples.ts';
import { createFakeLog, type FakeLog, type Kill, Killed, targetOn } from '../support/fake-log.ts';
import { stepsOf } from '../support/files.ts';

const source = createFileSchemaSource();
const serdes = createSerdes(source);

/** Bytes of the golden record of a topic, as its serde writes them. */
function bytesOf<T extends SourceTopic>(topic: T, eventId = 'e1'): Uint8Array {
  return serdes[topic].serialize({ ...example(topic), eventId });
}

/** A location with these records, and a function that adds more as the next owner would. */
async function archive(t: TestContext, schemaOf: SchemaOf | undefined = (id) => source.writerSchema(id)) {
  const folder = temporaryDirectory();
  const store = await openObjectStore(folder);
  const log = new Map<string, LogRecord[]>();
  const add = async (records: readonly LogRecord[]): Promise<void> => {
    const clock = { nowMs: () => START_MS };
    const writer = new HistoryWriter({
      taskId: 0,
      store,
      schemaOf,
      fileMaxBytes: 4_000,
      clock,
      metrics: silentMetrics,
      logger: silentLogger,
    });
    t.after(() => writer.close());
    for (const record of records) {
      const key = `${record.topic}/${record.partition}`;
      log.set(key, [...(log.get(key) ?? []), record]);
    }
    const positions = [...log.values()].map((known) => ({ ...known[0]!, offset: known.at(-1)!.offset + 1 }));
    const of = (place: TopicPartition) => sourceOf(log.get(`${place.topic}/${place.partition}`)!, 0, 500);
    await writer.catchUp(
      {
        range: (place) => of(place).range(place),
        read: (place, offset, signal) => of(place).read(place, offset, signal),
        forget() {},
      },
      positions,
    );
    await writer.flush();
  };
  return { folder, add };
}

const open = (folder: string, partitions = 2): Promise<ReplayReader> =>
  openHistory(folder, { partitionsOf: () => partitions });

const isEvent = (step: ReplayStep) => step.kind === 'event';

/** Clicks of two partitions and purchases of one, interleaved in time. */
function clicksAndPurchases(count: number, from = 0): LogRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const topic = n % 3 === 2 ? 'purchases' : 'clicks';
    const partition = n % 3 === 1 ? 1 : 0;
    return logRecord(topic, partition, Math.floor(n / 3), {
      value: bytesOf(topic, `e${n}`),
      timestampMs: START_MS + n,
      appendTimeMs: START_MS + n,
    });
  });
}

test('all topics and partitions come back in the order in which the log took them, with what they were', async (t) => {
  const { folder, add } = await archive(t);
  const records = clicksAndPurchases(900);
  await add(records);
  const reader = await open(folder);
  const steps = (await stepsOf(reader)).filter(isEvent);
  assert.deepEqual(
    steps.map(({ topic, key, at, record }) => [topic, key, at, record!.partition, record!.offset]),
    records.map(({ topic, key, timestampMs, partition, offset }) => [topic, key, timestampMs, partition, offset]),
  );
  assert.deepEqual(
    steps.map(({ topic, value }) => serdes[topic as 'clicks'].serialize(value as never)),
    records.map(({ value }) => value),
  );
  assert.equal(reader.bytesRead, reader.totalBytes);
  assert.deepEqual(
    reader.counts().map(({ count }) => count),
    [900, 0, 0, 0],
  );
});

test('records of every topic are what an engine takes', async (t) => {
  const { folder, add } = await archive(t);
  await add(sourceTopics.map((topic) => logRecord(topic, 0, 0, { value: bytesOf(topic) })));
  const steps = (await stepsOf(await open(folder))).filter(isEvent);
  assert.equal(steps.length, sourceTopics.length);
  for (const { topic, value } of steps) {
    const name = topic as SourceTopic;
    assert.deepEqual({ ...fromJson(name, value) }, { ...example(name), eventId: 'e1' });
  }
});

test('a partition is kept where the target has as many of the topic, and left to the key elsewhere', async (t) => {
  const { folder, add } = await archive(t);
  await add(clicksAndPurchases(6));
  const partitionsIn = async (partitions: number) =>
    (await stepsOf(await open(folder, partitions))).filter(isEvent).map(({ topic, partition }) => [topic, partition]);
  assert.deepEqual(new Set((await partitionsIn(2)).map(String)), new Set(['clicks,0', 'clicks,1', 'purchases,']));
  assert.deepEqual(new Set((await partitionsIn(4)).map(String)), new Set(['clicks,', 'purchases,']));
});

test('values are read with the schemas of their files, whatever ids the program knows', async (t) => {
  const otherId = 77;
  const { folder, add } = await archive(t, (id) =>
    id === otherId ? source.writerSchema(source.idFor('clicks')) : undefined,
  );
  const value = Buffer.from(bytesOf('clicks'));
  value.writeUInt32BE(otherId, 1);
  await add([logRecord('clicks', 0, 0, { value })]);
  const [step] = await stepsOf(await open(folder));
  assert.ok(step?.kind === 'event');
  assert.deepEqual({ ...(step.value as object) }, { ...example('clicks'), eventId: 'e1' });
});

test('tombstones stay; what cannot be read goes to the dead letters as it came, with its place in the log', async (t) => {
  const { folder, add } = await archive(t);
  const unreadable = Buffer.from([9, 9, 9]);
  await add([
    logRecord('catalog', 0, 0, { value: null, key: 'sku-1' }),
    logRecord('catalog', 0, 1, { value: unreadable, headers: { trace: 'abc' } }),
    logRecord('somewhere-else', 0, 0),
  ]);
  const log = createFakeLog();
  const reader = await open(folder);
  await run(reader, targetOn(log));
  const [tombstone, elsewhere, letter] = log.records.filter(({ topic }) => topic !== 'replay-progress');
  assert.deepEqual([tombstone!.topic, tombstone!.key, tombstone!.value], ['catalog', 'sku-1', null]);
  assert.equal(elsewhere!.headers!['dlq.code'], 'unknown-topic');
  assert.deepEqual(letter!.value, unreadable);
  assert.equal(letter!.key, 'visitor-1');
  const { 'dlq.text': _text, ...headers } = letter!.headers!;
  assert.deepEqual(headers, {
    trace: 'abc',
    'dlq.topic': 'catalog',
    'dlq.partition': '0',
    'dlq.offset': '1',
    'dlq.code': 'not-framed',
  });
});

function run(reader: ReplayReader, target: ReplayTarget) {
  return replay({ reader, target, onProgress: () => {}, signal: new AbortController().signal });
}

const eventIds = (log: FakeLog) =>
  log.records
    .filter(({ topic }) => topic !== 'replay-progress')
    .map(({ value }) => (JSON.parse(Buffer.from(value!).toString()) as { eventId: string }).eventId);

test('a replay that is killed goes on exactly, although the history has grown meanwhile; the next takes what is new', async (t) => {
  const { folder, add } = await archive(t);
  await add(clicksAndPurchases(6_000));
  const log = createFakeLog();
  const kill: Kill = { append: 2, isAfter: true };
  await assert.rejects(async () => run(await open(folder), targetOn(log, kill)), Killed);
  // Some of what comes late was appended before what has been replayed.
  const late = clicksAndPurchases(600, 6_000).map((record) => ({ ...record, appendTimeMs: START_MS }));
  await add(late);
  const resumed = await run(await open(folder), targetOn(log));
  assert.deepEqual([resumed.outcome, resumed.resumedAtStep], ['finished', 4_000]);
  assert.deepEqual(
    eventIds(log),
    Array.from({ length: 6_000 }, (_, i) => `e${i}`),
  );

  const rest = await run(await open(folder), targetOn(log));
  assert.deepEqual([rest.outcome, rest.resumedAtStep, rest.events], ['finished', 0, 600]);
  assert.deepEqual(new Set(eventIds(log)).size, 6_600);
  assert.equal(eventIds(log).length, 6_600);
  assert.deepEqual(rest.progress.counts.events, { clicks: 4_400, purchases: 2_200 });

  const done = await run(await open(folder), targetOn(log));
  assert.equal(done.outcome, 'already-done');
});

test('a history that has lost files a replay has read is refused, and so are places without any', async (t) => {
  const { folder, add } = await archive(t);
  await add(clicksAndPurchases(30));
  const log = createFakeLog();
  await run(await open(folder), targetOn(log));
  const other = await archive(t);
  await other.add(clicksAndPurchases(12));
  const shorter = await open(other.folder);
  const part = JSON.stringify({ from: {}, end: { 'clicks/0': 10 } });
  await assert.rejects(shorter.fix!({ part, isDone: true }), ReplayFileError);
  await assert.rejects(open(temporaryDirectory()), ReplayFileError);
  await assert.rejects(open('https://example.org/history'), ReplayFileError);
});

test('any streams are merged by append time, each in its own order', async () => {
  const stream = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { maxLength: 7 }), async (streams) => {
      const parts = streams.map((times, partition) => {
        let offset = 0;
        return times.map((part) => ({
          schemas: '{}',
          records: part.map((time) => logRecord('clicks', partition, offset++, { appendTimeMs: time })),
        }));
      });
      const iterate = async function* <T>(items: readonly T[]) {
        yield* items;
      };
      const merged = (await collect(mergeHistory(parts.map(iterate)))).flat().map(({ record }) => record);
      // The oracle: again and again the earliest head.
      const heads = parts.map((part) => part.flatMap(({ records }) => records));
      const expected: LogRecord[] = [];
      for (;;) {
        const open = heads.filter((rest) => rest.length > 0);
        if (open.length === 0) break;
        const first = open.toSorted(([a], [b]) => a!.appendTimeMs - b!.appendTimeMs || a!.partition - b!.partition)[0]!;
        expected.push(first.shift()!);
      }
      assert.deepEqual(merged, expected);
    }),
  );
});
