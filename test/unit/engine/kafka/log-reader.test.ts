// The reader without a network: what brokers answer is the test's. Through real connections it is tested in test/kafka/reader*.test.ts.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../../engine/api/index.ts';
import { LogReader } from '../../../../engine/kafka/log-reader.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { FakeKafka } from './fake-kafka.ts';

const never = new AbortController().signal;

function open(t: TestContext): LogReader {
  const reader = new LogReader({
    brokers: ['first:9092'],
    clientId: 'test',
    connectionTimeoutMs: 1000,
    requestTimeoutMs: 3000,
    logger: silentLogger,
    binaryTopics: new Set(),
  });
  t.after(() => reader.close());
  return reader;
}

/** Reads the first records of a partition. */
async function read(reader: LogReader, partition: number, from: number, to: number): Promise<void> {
  for (let offset = from; offset < to; ) {
    const [fetched] = reader.fetch([{ topic: 't', partition, offset, maxRecords: 1 }]);
    if (fetched!.next === offset) await reader.appended(1_000, never);
    offset = fetched!.next;
  }
}

test('what an old address of a broker was asked for is asked of the new one', { timeout: 10_000 }, async (t) => {
  const kafka = new FakeKafka(t, [1, 1]);
  const reader = open(t);
  await read(reader, 0, 0, 1);
  // Half open: the old address neither answers nor ends the connection. Whoever looks for a leader hears of the new one.
  await kafka.silence('first');
  kafka.node = { ...kafka.node, host: 'second' };
  kafka.ends[0] = 2;
  await read(reader, 1, 0, 1);
  await read(reader, 0, 1, 2);
});

test('of a partition that nobody takes from, it is known since when and how far it goes on', {
  timeout: 10_000,
}, async (t) => {
  let laterMs = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + laterMs);
  const kafka = new FakeKafka(t, [3_000]);
  const reader = open(t);
  const place = { topic: 't', partition: 0 };
  assert.deepEqual(reader.offsets(place), { start: 0, end: 0 });
  await read(reader, 0, 0, 7);
  assert.deepEqual(reader.offsets(place), { start: 0, end: 3_000, oldestMs: 1007 });
  // Enough has been read ahead: no answer to a fetch tells of more.
  kafka.ends[0] = 4_000;
  laterMs = 10_000;
  await waitFor('the new end', () => reader.offsets(place).end === 4_000);
  assert.equal(reader.offsets(place).oldestMs, 1007);
});
