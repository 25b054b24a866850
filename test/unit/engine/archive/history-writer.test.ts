import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EngineError, type LogRecord, silentLogger, silentMetrics } from '../../../../engine/api/index.ts';
import {
  HistoryWriter,
  type HistoryWriterOptions,
  listHistory,
  readHistory,
} from '../../../../engine/archive/index.ts';
import {
  collect,
  createMemoryStore,
  logRecord,
  type MemoryStore,
  START_MS,
  sourceOf,
} from '../../../support/history.ts';
import { waitFor } from '../../../support/wait-for.ts';

const PLACE = { topic: 'clicks', partition: 0 };

function open(t: TestContext, store: MemoryStore, options: Partial<HistoryWriterOptions> = {}): HistoryWriter {
  const clock = { nowMs: () => START_MS };
  const writer = new HistoryWriter({
    taskId: 0,
    store,
    clock,
    metrics: silentMetrics,
    logger: silentLogger,
    ...options,
  });
  t.after(() => writer.close());
  return writer;
}

const records = (from: number, end: number, topic = 'clicks'): LogRecord[] =>
  Array.from({ length: end - from }, (_, i) => logRecord(topic, 0, from + i));

const at = (offset: number) => [{ ...PLACE, offset }];

/** Offsets of clicks 0 as a reader gets them, and the gaps that it tells. */
async function history(store: MemoryStore): Promise<{ offsets: number[]; gaps: (readonly [number, number])[] }> {
  const partition = (await listHistory(store)).find(({ topic }) => topic === 'clicks');
  const gaps: (readonly [number, number])[] = [];
  if (partition === undefined) return { offsets: [], gaps };
  const range = { from: 0, end: partition.end };
  const parts = await collect(readHistory(store, partition, range, (from, to) => gaps.push([from, to])));
  return { offsets: parts.flatMap((part) => part.records.map(({ offset }) => offset)), gaps };
}

const short = (name: string) => name.replace(/\d{20}/g, (offset) => String(Number(offset)));
const names = (store: MemoryStore) => [...store.objects.keys()].sort().map(short);

test('what was committed is in the store after a flush, under a name that says its offsets', async (t) => {
  const store = createMemoryStore();
  const writer = open(t, store);
  await writer.catchUp(sourceOf([]), [...at(0), { topic: 'purchases', partition: 0, offset: 0 }]);
  writer.committed([...records(0, 5), ...records(0, 2, 'purchases')]);
  writer.committed(records(5, 8));
  assert.deepEqual(names(store), []);
  assert.equal(await writer.flush(), true);
  assert.deepEqual(names(store), ['clicks/0/0-7.avro', 'purchases/0/0-1.avro']);
  assert.deepEqual(await history(store), { offsets: [0, 1, 2, 3, 4, 5, 6, 7], gaps: [] });
  assert.equal(writer.waitingBytes, 0);
});

test('a file ends at its size, and the next goes on where it ended', async (t) => {
  const store = createMemoryStore();
  const writer = open(t, store, { fileMaxBytes: 2_000 });
  await writer.catchUp(sourceOf([]), at(0));
  for (let from = 0; from < 200; from += 10) writer.committed(records(from, from + 10));
  await writer.flush();
  assert.ok(store.objects.size > 3, `${store.objects.size} files`);
  const { offsets, gaps } = await history(store);
  assert.deepEqual(
    offsets,
    records(0, 200).map(({ offset }) => offset),
  );
  assert.deepEqual(gaps, []);
});

test('a file ends at its age, whether or not records come', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: START_MS });
  const store = createMemoryStore();
  const writer = open(t, store, { fileMaxAgeMs: 60_000, clock: { nowMs: () => Date.now() } });
  await writer.catchUp(sourceOf([]), at(0));
  writer.committed(records(0, 3));
  t.mock.timers.tick(59_000);
  assert.equal(store.objects.size, 0);
  assert.ok(writer.waitingBytes > 0);
  t.mock.timers.tick(2_000);
  await waitFor('the file', () => store.objects.size === 1);
});

test('holes of the log between two records are covered, so nobody takes them for gaps', async (t) => {
  const store = createMemoryStore();
  const log = [...records(2, 4), ...records(7, 9)];
  const writer = open(t, store);
  await writer.catchUp(sourceOf(log, 0), at(9));
  await writer.flush();
  writer.committed(records(12, 13));
  await writer.flush();
  writer.close();
  const next = open(t, store);
  await next.catchUp(sourceOf([...log, ...records(12, 13), ...records(20, 21)]), at(15));
  next.committed(records(20, 21));
  await next.flush();
  assert.deepEqual(names(store), ['clicks/0/0-8.avro', 'clicks/0/9-12.avro', 'clicks/0/13-20.avro']);
  assert.deepEqual(await history(store), { offsets: [2, 3, 7, 8, 12, 20], gaps: [] });
});

test('what a process that died had in memory is read from the log by the next owner', async (t) => {
  const store = createMemoryStore();
  const first = open(t, store);
  await first.catchUp(sourceOf([]), at(0));
  first.committed(records(0, 10));
  await first.flush();
  first.committed(records(10, 30));
  first.close();
  const second = open(t, store);
  await second.catchUp(sourceOf(records(0, 30)), at(30));
  second.committed(records(30, 35));
  assert.equal(await second.flush(), true);
  assert.deepEqual(await history(store), { offsets: records(0, 35).map(({ offset }) => offset), gaps: [] });
});

test('the task may run on while its history catches up, and nothing is missing or out of order', async (t) => {
  const store = createMemoryStore();
  const writer = open(t, store);
  const log = records(0, 40);
  const source = sourceOf(log, 0, 5);
  let committed = 20;
  await writer.catchUp(
    {
      ...source,
      read(place, offset, signal) {
        if (committed < 40) {
          writer.committed(log.slice(committed, committed + 4));
          committed += 4;
        }
        return source.read(place, offset, signal);
      },
    },
    at(20),
  );
  writer.committed(log.slice(committed));
  await writer.flush();
  assert.deepEqual(await history(store), { offsets: log.map(({ offset }) => offset), gaps: [] });
});

test('a state that went back does not write what is archived again', async (t) => {
  const store = createMemoryStore();
  const first = open(t, store);
  await first.catchUp(sourceOf([]), at(0));
  first.committed(records(0, 10));
  await first.flush();
  const second = open(t, store);
  await second.catchUp(sourceOf(records(0, 10)), at(4));
  second.committed(records(4, 12));
  await second.flush();
  assert.deepEqual(names(store), ['clicks/0/0-9.avro', 'clicks/0/10-11.avro']);
});

test('a log that has dropped what was not archived leaves a gap that is logged, counted and told to readers', async (t) => {
  const store = createMemoryStore();
  const first = open(t, store);
  await first.catchUp(sourceOf([]), at(0));
  first.committed(records(0, 10));
  await first.flush();
  const lines: unknown[] = [];
  let missing = 0;
  const second = open(t, store, {
    logger: { ...silentLogger, error: (_event, fields) => lines.push(fields) },
    metrics: {
      ...silentMetrics,
      counter: (name) => ({ add: (n) => (missing += name === 'freshet.history.missing' ? n : 0) }),
    },
  });
  await second.catchUp(sourceOf(records(0, 30), 25), at(30));
  await second.flush();
  assert.deepEqual(lines, [{ topic: 'clicks', partition: 0, from: 10, to: 25 }]);
  assert.equal(missing, 15);
  const { offsets, gaps } = await history(store);
  assert.deepEqual(offsets.slice(9), [9, 25, 26, 27, 28, 29]);
  assert.deepEqual(gaps, [[10, 25]]);
});

test('what the log drops while it is being read is a gap, too', async (t) => {
  const store = createMemoryStore();
  const writer = open(t, store);
  const source = sourceOf(records(0, 30));
  let start = 0;
  await writer.catchUp(
    {
      ...source,
      range: async () => ({ start, end: 30 }),
      async read(place, offset, signal) {
        if (offset === 6) start = 20;
        if (offset < start) throw new EngineError('OFFSET_OUT_OF_RANGE', 'gone');
        return source.read(place, offset, signal);
      },
    },
    at(30),
  );
  await writer.flush();
  const { offsets, gaps } = await history(store);
  assert.deepEqual(offsets.slice(4, 8), [4, 5, 20, 21]);
  assert.deepEqual(gaps, [[6, 20]]);
});

test('history that begins in the middle of a log has no gap before it', async (t) => {
  const store = createMemoryStore();
  const writer = open(t, store);
  await writer.catchUp(sourceOf(records(0, 30), 25), at(30));
  await writer.flush();
  assert.deepEqual(await history(store), { offsets: [25, 26, 27, 28, 29], gaps: [] });
});

test('files of another log, which reach beyond this one, are refused', async (t) => {
  const store = createMemoryStore();
  const first = open(t, store);
  await first.catchUp(sourceOf([]), at(0));
  first.committed(records(0, 100));
  await first.flush();
  await assert.rejects(
    open(t, store).catchUp(sourceOf(records(0, 10)), at(10)),
    (error) => error instanceof EngineError && error.code === 'OFFSET_OUT_OF_RANGE',
  );
});

test('a former owner that finishes late makes files that overlap, and readers take every offset once', async (t) => {
  const store = createMemoryStore();
  const zombie = open(t, store);
  await zombie.catchUp(sourceOf([]), at(0));
  zombie.committed(records(0, 20));
  const owner = open(t, store, { fileMaxBytes: 300 });
  await owner.catchUp(sourceOf(records(0, 12)), at(12));
  owner.committed(records(12, 15));
  owner.committed(records(15, 40));
  await owner.flush();
  await zombie.flush();
  const next = open(t, store);
  await next.catchUp(sourceOf(records(0, 50)), at(50));
  await next.flush();
  assert.deepEqual(await history(store), { offsets: records(0, 50).map(({ offset }) => offset), gaps: [] });
});

test('a store that is away makes files wait, in order, then the task; what waited is stored when it is back', async (t) => {
  const store = createMemoryStore();
  const puts: string[] = [];
  const waits: PromiseWithResolvers<void>[] = [];
  store.beforePut = async (name) => {
    const wait = Promise.withResolvers<void>();
    waits.push(wait);
    await wait.promise;
    puts.push(short(name));
  };
  const events: string[] = [];
  const log = (event: string) => void events.push(event);
  const writer = open(t, store, {
    fileMaxBytes: 2_000,
    waitingMaxBytes: 20_000,
    logger: { info: log, warn: log, error: log },
  });
  await writer.catchUp(sourceOf([]), at(0));
  let end = 0;
  for (; writer.hasRoom; end += 20) writer.committed(records(end, end + 20));
  assert.ok(end < 1_000);
  await waitFor('the first put', () => waits.length === 1);
  waits[0]!.reject(new Error('the store is away'));
  await waitFor('the second try', () => waits.length === 2);
  assert.deepEqual(events, ['history cannot be stored, it waits']);
  store.beforePut = (name) => void puts.push(short(name));
  waits[1]!.resolve();
  assert.equal(await writer.flush(), true);
  assert.equal(writer.hasRoom, true);
  assert.deepEqual(events, ['history cannot be stored, it waits', 'history is stored again']);
  assert.deepEqual(
    puts.toSorted((a, b) => firstOf(a) - firstOf(b)),
    puts,
  );
  assert.deepEqual(await history(store), { offsets: records(0, end).map(({ offset }) => offset), gaps: [] });
});

const firstOf = (name: string) => Number(/(\d+)-/.exec(name)![1]);

test('growing files that fill the memory together are ended, so that room is made', async (t) => {
  const store = createMemoryStore();
  const writer = open(t, store, { waitingMaxBytes: 8_000 });
  await writer.catchUp(sourceOf([]), at(0));
  for (let from = 0; from < 300; from += 10) {
    await waitFor('room', () => writer.hasRoom);
    writer.committed(records(from, from + 10));
  }
  assert.ok(store.objects.size > 1);
});

test('catching up waits for room instead of filling the memory', async (t) => {
  const store = createMemoryStore();
  const gate = Promise.withResolvers<void>();
  store.beforePut = () => gate.promise;
  const writer = open(t, store, { waitingMaxBytes: 5_000 });
  let reads = 0;
  const source = sourceOf(records(0, 600), 0, 10);
  const done = writer.catchUp(
    {
      ...source,
      read(place, offset, signal) {
        reads += 1;
        return source.read(place, offset, signal);
      },
    },
    at(600),
  );
  await waitFor('no room', () => !writer.hasRoom);
  const before = reads;
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assert.ok(reads <= before + 1, `${before} reads, then ${reads}`);
  gate.resolve();
  await done;
  await writer.flush();
  assert.equal((await history(store)).offsets.length, 600);
});

test('a close gives up what waits, and a flush that is under way says so', async (t) => {
  const store = createMemoryStore();
  store.beforePut = () => Promise.reject(new Error('away'));
  const writer = open(t, store);
  await writer.catchUp(sourceOf([]), at(0));
  writer.committed(records(0, 3));
  const flushed = writer.flush();
  writer.close();
  assert.equal(await flushed, false);
  writer.committed(records(3, 6));
  assert.equal(writer.waitingBytes, 0);
});

test('records of a partition that was never taken up are a mistake of the caller', (t) => {
  assert.throws(() => open(t, createMemoryStore()).committed(records(0, 1)), TypeError);
});
