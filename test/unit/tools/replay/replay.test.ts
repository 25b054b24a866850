import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReplayReader, ReplayStep } from '../../../../tools/replay/reader.ts';
import { type ReplayOptions, type ReplayResult, replay } from '../../../../tools/replay/replay.ts';
import { createFakeLog, type FakeLog, type Kill, Killed, targetOn } from '../support/fake-log.ts';
import { createHandClock } from '../support/hand-clock.ts';

const MINUTE_MS = 60_000;

/** Every tenth step is refused, every tenth a note; the others are events, two a minute. */
function makeSteps(count: number): ReplayStep[] {
  return Array.from({ length: count }, (_, index): ReplayStep => {
    if (index % 10 === 3)
      return { kind: 'refused', code: 'bad', text: 'a bad row', raw: `row ${index}`, line: index + 1 };
    if (index % 10 === 7) return { kind: 'note', code: 'duplicate' };
    const at = Math.floor(index / 2) * MINUTE_MS;
    return { kind: 'event', topic: 'purchases', key: `v${index % 7}`, value: { at, index }, at, line: index + 1 };
  });
}

function readerOf(steps: readonly ReplayStep[], batch = 777): ReplayReader {
  return {
    name: 'test',
    version: 1,
    fileName: 'test.csv',
    totalBytes: steps.length,
    bytesRead: 0,
    unit: 'rows',
    unitsRead: steps.length,
    fingerprint: async () => 'abc',
    async *read() {
      for (let from = 0; from < steps.length; from += batch) yield steps.slice(from, from + batch);
    },
    counts: () => [],
  };
}

function run(
  log: FakeLog,
  options: Partial<ReplayOptions> & { steps: readonly ReplayStep[]; kill?: Kill },
): Promise<ReplayResult> {
  return replay({
    reader: readerOf(options.steps),
    target: targetOn(log, options.kill),
    onProgress: () => {},
    signal: new AbortController().signal,
    clock: createHandClock(0),
    ...options,
  });
}

test('everything is appended once, in order, and the replay is marked as done', async () => {
  const log = createFakeLog();
  const result = await run(log, { steps: makeSteps(4_500) });
  assert.equal(result.outcome, 'finished');
  assert.equal(result.events, 3_600);
  assert.deepEqual(result.progress, {
    steps: 4_500,
    chunks: 3,
    isDone: true,
    lastEventMs: 2_249 * MINUTE_MS,
    endMs: 2_249 * MINUTE_MS,
    counts: { events: { purchases: 3_600 }, refused: { bad: 450 }, notes: { duplicate: 450 } },
  });
  const indexes = log.records.flatMap((record) =>
    record.topic === 'purchases'
      ? [(JSON.parse(new TextDecoder().decode(record.value!)) as { index: number }).index]
      : [],
  );
  assert.deepEqual(
    indexes,
    [...indexes].sort((a, b) => a - b),
  );
  assert.equal(indexes.length, 3_600);
});

test('a chunk is appended with its progress as one append, and the next only after the engine has processed it', async () => {
  const log = createFakeLog();
  await run(log, { steps: makeSteps(4_500) });
  const finish = `finish ${2_249 * MINUTE_MS}`;
  assert.deepEqual(log.calls, [
    'drain',
    'append',
    'drain',
    'append',
    'drain',
    'append',
    'drain',
    'drain',
    // Where the input ends is written down before the engine is told, so that a finish after a kill ends at the same.
    'append',
    finish,
    'append',
  ]);
  assert.deepEqual(log.appends, [1_801, 1_801, 451, 1, 1]);
});

test('a refused row goes to the dead letters with file, line, code and text', async () => {
  const log = createFakeLog();
  await run(log, { steps: makeSteps(10) });
  const letter = log.records.find((record) => record.topic === 'dead-letters');
  assert.deepEqual(letter?.headers, {
    'dlq.topic': 'file:test.csv',
    'dlq.partition': '',
    'dlq.offset': '4',
    'dlq.code': 'bad',
    'dlq.text': 'a bad row',
  });
  assert.equal(new TextDecoder().decode(letter!.value!), 'row 3');
});

test('an event that the contract refuses goes to the dead letters as well', async () => {
  const log = createFakeLog();
  const steps: ReplayStep[] = [
    { kind: 'event', topic: 'clicks', key: 'v', value: { at: -1 }, at: 5, line: 1 },
    { kind: 'event', topic: 'clicks', key: 'v', value: { at: 5 }, at: 5, line: 2 },
  ];
  const { progress } = await run(log, { steps });
  assert.deepEqual(progress.counts, { events: { clicks: 1 }, refused: { 'invalid-time': 1 }, notes: {} });
  assert.equal(log.records[0]?.headers?.['dlq.offset'], '1');
});

test('a tombstone is appended as one', async () => {
  const log = createFakeLog();
  await run(log, { steps: [{ kind: 'event', topic: 'catalog', key: 'i', value: null, at: 5, line: 1 }] });
  assert.deepEqual(log.records[0], { topic: 'catalog', key: 'i', value: null, timestampMs: 5 });
});

/** All records and the borders of the appends. A digest, since the difference of two long arrays takes minutes to print. */
function digestOf(log: FakeLog): string {
  const text = log.records.map((record) =>
    JSON.stringify({ ...record, value: record.value && Buffer.from(record.value).toString('latin1') }),
  );
  return createHash('sha256')
    .update(`${log.appends}\n${text.join('\n')}`)
    .digest('hex');
}

for (const speed of [undefined, 60 * 60 * 24]) {
  test(`killed anywhere, any number of times, the log is that of an undisturbed run (speed ${speed ?? 'full'})`, async () => {
    const steps = makeSteps(9_001);
    const undisturbed = createFakeLog();
    await run(undisturbed, { steps, speed });
    const expected = digestOf(undisturbed);
    const kill = fc.record({ append: fc.integer({ min: 1, max: 4 }), isAfter: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(kill, { maxLength: 5 }), fc.integer({ min: 1, max: 3_000 }), async (kills, batch) => {
        const log = createFakeLog();
        for (const one of kills) {
          try {
            await run(log, { steps, speed, kill: one, reader: readerOf(steps, batch) });
          } catch (error) {
            assert.ok(error instanceof Killed);
          }
        }
        await run(log, { steps, speed });
        assert.equal(digestOf(log), expected);
      }),
      { numRuns: 30, endOnFailure: true },
    );
  });
}

test('a replay that is done does nothing when it is started again', async () => {
  const log = createFakeLog();
  const steps = makeSteps(100);
  const first = await run(log, { steps });
  const before = log.records.length;
  const again = await run(log, { steps });
  assert.equal(again.outcome, 'already-done');
  assert.deepEqual(again.progress, first.progress);
  assert.equal(log.records.length, before);
});

test('another speed continues the same file and counts nothing twice', async () => {
  const log = createFakeLog();
  const steps = makeSteps(9_001);
  await assert.rejects(run(log, { steps, kill: { append: 2, isAfter: true } }), Killed);
  const { progress, resumedAtStep } = await run(log, { steps, speed: 1_000_000 });
  assert.equal(resumedAtStep, 4_000);
  assert.equal(progress.steps, 9_001);
  assert.equal(log.records.filter((record) => record.topic === 'purchases').length, 7_201);
});

test('an abort stops after the chunk under way has been processed', async () => {
  const log = createFakeLog();
  const abort = new AbortController();
  const steps = makeSteps(9_001);
  const options = { steps, signal: abort.signal, onProgress: () => abort.abort() };
  const result = await run(log, options);
  assert.equal(result.outcome, 'interrupted');
  assert.equal(result.progress.steps, 2_000);
  assert.deepEqual(log.calls, ['drain', 'append', 'drain']);
  const rest = await run(log, { steps });
  assert.equal(rest.outcome, 'finished');
  assert.equal(rest.progress.counts.events.purchases, 7_201);
});

test('with a speed, events are sent when they are due by the clock, neither early nor a slice late', async () => {
  const clock = createHandClock(1_000_000);
  const log = createFakeLog();
  const target = targetOn(log);
  const speed = 600;
  let appends = 0;
  const checked: typeof target = {
    ...target,
    async append(records) {
      await target.append(records);
      const newest = records.filter((record) => record.topic === 'purchases').at(-1);
      if (newest === undefined) return;
      appends += 1;
      const lateMs = clock.nowMs() - 1_000_000 - newest.timestampMs / speed;
      assert.ok(lateMs >= 0 && lateMs <= 100, `${lateMs}`);
    },
  };
  await run(log, { steps: makeSteps(2_000), speed, clock, target: checked });
  // 1,000 minutes at 600 times real time: 100 s, in slices of one minute each.
  assert.ok(appends > 900, `${appends}`);
  assert.ok(Math.abs(clock.nowMs() - 1_000_000 - 100_000) < 200);
});

test('an abort ends the waiting for a chunk that is not due, which is not sent', async () => {
  const log = createFakeLog();
  const abort = new AbortController();
  const clock = createHandClock(0);
  clock.afterWait = () => abort.abort();
  const result = await run(log, { steps: makeSteps(100), speed: 1, clock, signal: abort.signal });
  assert.equal(result.outcome, 'interrupted');
  assert.equal(log.records.filter((record) => record.topic === 'purchases').length, 2);
});

test('a speed that is not above 0 is refused', async () => {
  for (const speed of [0, -1, Number.NaN, Infinity]) {
    await assert.rejects(run(createFakeLog(), { steps: makeSteps(1), speed }), RangeError);
  }
});
