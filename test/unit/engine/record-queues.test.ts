// What a task knows of the batch after the one that it has selected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordQueues } from '../../../engine/runtime/record-queues.ts';
import type { SourceReader } from '../../../engine/runtime/source-record.ts';
import { Turns } from '../../../engine/runtime/turns.ts';
import { json } from '../../support/engine.ts';
import { recordsOf } from '../../support/single-task.ts';

const MOST = 4;

const reader: SourceReader = {
  deserializer: json<{ at: number }>(),
  timestamp: (value) => (value as { at: number }).at,
  keyOf: undefined,
  allowsTombstones: false,
  futureLimitMs: undefined,
};

/** Queues of topics whose records have these times; each record's key is its time. Two selections have been made. */
function queuesOver(times: { readonly [topic: string]: readonly number[] }) {
  const topics = Object.keys(times);
  const queues = new RecordQueues(
    0,
    new Map(topics.map((topic) => [topic, reader])),
    { most: MOST },
    new Turns(0, 1, new Map()),
  );
  const fill = () =>
    queues.fill(
      queues.wants().map(({ topic, offset, maxRecords }) => {
        const all = recordsOf(
          topic,
          times[topic]!.map((at) => [String(at), { at }]),
        );
        const records = all.slice(offset, offset + maxRecords);
        return { records, next: offset + records.length };
      }),
    );
  const select = () => {
    fill();
    return queues.select(MOST).map(({ key }) => Number(key));
  };
  const isAhead = (topic: string, at: number) => queues.isAhead({ topics: [topic], key: String(at) });
  return { queues, select, isAhead };
}

test('the next batch is known of a topic that was asked for before, and no more than it', () => {
  const { queues, select, isAhead } = queuesOver({ clicks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14] });
  assert.deepEqual(select(), [1, 2, 3, 4]);
  assert.equal(isAhead('clicks', 5), false, 'nobody has asked before');
  queues.consume();
  assert.deepEqual(select(), [5, 6, 7, 8]);
  assert.deepEqual(
    [8, 9, 12, 13].map((at) => isAhead('clicks', at)),
    [false, true, true, false],
  );
});

test('what lies behind records of another topic that have not been read ahead is not of the next batch', () => {
  const clicks = [4, 50, 60, 70];
  const asked = (looks: readonly number[]) => {
    const { select, isAhead } = queuesOver({ clicks, looks });
    // That somebody asks.
    isAhead('clicks', 0);
    assert.deepEqual(select(), [1, 2, 3, 4]);
    return isAhead('clicks', 50);
  };
  assert.equal(asked([1, 2, 3, 5, 6, 7, 8, 9, 10]), false, 'four more looks come before it');
  assert.equal(asked([1, 2, 3]), true, 'there are no more looks');
});
