import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Deserializer, LogRecord } from '../../../engine/api/index.ts';
import { RecordQueues } from '../../../engine/runtime/record-queues.ts';
import type { SourceReader } from '../../../engine/runtime/source-record.ts';
import { Turns } from '../../../engine/runtime/turns.ts';

const INTERVAL_MS = 500;
const TASKS = 4;
const DEPTH = 3;

const turnsOf = (taskId: number) => new Turns(taskId, TASKS, new Map([['rows', INTERVAL_MS]]));

const waiting = (...topics: string[]) => topics.map((topic) => ({ topic, isFull: false }));

test('what is taken in intervals is taken once in each, alone, and between batches of what is not', () => {
  const turns = turnsOf(0);
  const batches: string[] = [];
  for (let nowMs = 10_000; nowMs < 11_000; nowMs += 50) {
    const topics = turns.choose(waiting('clicks', 'rows'), nowMs);
    turns.taken(topics, nowMs);
    batches.push(topics.join());
  }
  assert.deepEqual(
    batches.flatMap((topics, index) => (topics === 'rows' ? [index] : [])),
    [1, 10],
  );
  assert.ok(batches.every((topics) => topics === 'clicks' || topics === 'rows'));
});

test('the intervals of tasks end at times of their own', () => {
  const ends = Array.from({ length: TASKS }, (_, taskId) => {
    const turns = turnsOf(taskId);
    turns.taken(['rows'], 10_000);
    for (let nowMs = 10_000; ; nowMs += 1) {
      turns.taken(['clicks'], nowMs);
      if (turns.choose(waiting('clicks', 'rows'), nowMs).includes('rows')) return nowMs - 10_000;
    }
  });
  assert.deepEqual(ends, [500, 375, 250, 125]);
});

test('a topic that is as full as it may be does not wait for an interval', () => {
  const turns = turnsOf(0);
  turns.taken(['rows'], 10_000);
  turns.taken(['clicks'], 10_010);
  const full = [...waiting('clicks'), { topic: 'rows', isFull: true }];
  assert.deepEqual(turns.choose(full, 10_020), ['rows']);
});

test('a task without other work does not wait for an interval', () => {
  const turns = turnsOf(0);
  turns.taken(['rows'], 10_000);
  assert.deepEqual(turns.choose(waiting('rows'), 10_010), []);
  assert.deepEqual(turns.choose(waiting('rows'), 10_109), []);
  assert.deepEqual(turns.choose(waiting('rows'), 10_110), ['rows']);
});

test('whatever waits is taken, and neither kind of batch comes twice in a row while the other is due', () => {
  const look = fc.record({
    hasClicks: fc.boolean(),
    hasRows: fc.boolean(),
    passedMs: fc.integer({ min: 1, max: 400 }),
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
      const turns = turnsOf(1);
      let nowMs = 10_000;
      let last: string | undefined;
      let rowsSinceMs: number | undefined;
      for (const { hasClicks, hasRows, passedMs } of looks) {
        nowMs += passedMs;
        const topics = turns.choose(waiting(...(hasClicks ? ['clicks'] : []), ...(hasRows ? ['rows'] : [])), nowMs);
        rowsSinceMs = hasRows ? (rowsSinceMs ?? nowMs) : undefined;
        assert.ok(!topics.includes('clicks') || hasClicks);
        assert.ok(!topics.includes('rows') || hasRows);
        if (hasClicks && last === 'rows') assert.deepEqual(topics, ['clicks']);
        if (hasClicks && !hasRows) assert.deepEqual(topics, ['clicks']);
        if (topics.includes('rows')) rowsSinceMs = undefined;
        // One batch of the others may come first.
        else if (rowsSinceMs !== undefined) assert.ok(nowMs - rowsSinceMs < 2 * INTERVAL_MS + 400);
        turns.taken(topics, nowMs);
        last = topics[0];
      }
    }),
  );
});

const text: Deserializer<string> = { deserialize: (bytes) => Buffer.from(bytes).toString() };
const reader: SourceReader = {
  deserializer: text,
  timestamp: undefined,
  keyOf: undefined,
  allowsTombstones: false,
  futureLimitMs: undefined,
};

const recordOf = (topic: string, offset: number, timestampMs: number): LogRecord => ({
  topic,
  partition: 0,
  offset,
  key: 'k',
  value: Buffer.from(`${topic} ${offset}`),
  timestampMs,
  appendTimeMs: timestampMs,
  headers: undefined,
});

test('queues hand out a held topic in its turn, at positions of its own, and everything where no clock is given', () => {
  const queuesOf = () => {
    const queues = new RecordQueues(
      0,
      new Map([
        ['clicks', reader],
        ['rows', reader],
      ]),
      { most: DEPTH },
      turnsOf(0),
    );
    queues.fill([
      { records: [recordOf('clicks', 0, 5), recordOf('clicks', 1, 7)], next: 2 },
      { records: [recordOf('rows', 0, 6)], next: 1 },
    ]);
    return queues;
  };
  const queues = queuesOf();
  const take = (nowMs: number) => {
    const values = queues.select(10, nowMs).map(({ value }) => value);
    queues.consume();
    return values;
  };
  assert.deepEqual(take(10_000), ['clicks 0', 'clicks 1']);
  assert.deepEqual(
    [...queues.positions()],
    [
      ['clicks', 2],
      ['rows', 0],
    ],
  );
  assert.deepEqual(take(10_001), ['rows 0']);
  assert.deepEqual(
    [...queues.positions()],
    [
      ['clicks', 2],
      ['rows', 1],
    ],
  );
  assert.deepEqual(
    queuesOf()
      .select(10)
      .map(({ value }) => value),
    ['clicks 0', 'rows 0', 'clicks 1'],
  );
});
