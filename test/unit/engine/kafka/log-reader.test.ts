// The reader without a network: what brokers answer is the test's. Through real connections it is tested in test/kafka/reader*.test.ts.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../../engine/api/index.ts';
import { FetchConnection } from '../../../../engine/kafka/fetch-connection.ts';
import type { FetchAnswer, FetchCall } from '../../../../engine/kafka/fetch-protocol.ts';
import type { Node } from '../../../../engine/kafka/leaders.ts';
import { LogReader } from '../../../../engine/kafka/log-reader.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { encodeBatch } from './batches.ts';

const BrokerPool: { prototype: { findConnectedBroker(): Promise<unknown> } } = createRequire(import.meta.url)(
  'kafkajs/src/cluster/brokerPool.js',
);
const never = new AbortController().signal;

/** A topic "t", of which every answer has up to 2,000 records, appended at 1000, 1001 and so on. */
class FakeKafka {
  /** The broker that leads every partition, as the metadata have it. */
  node: Node = { nodeId: 1, host: 'first', port: 9092 };
  /** A host that answers nothing any more. */
  #silent: string | undefined;
  #asked = Promise.withResolvers<void>();
  /** Records of each partition. */
  readonly ends: number[];

  constructor(t: TestContext, ends: readonly number[]) {
    this.ends = [...ends];
    const self = this;
    t.mock.method(BrokerPool.prototype, 'findConnectedBroker', async () => ({
      metadata: async () => self.#metadata(),
    }));
    t.mock.method(FetchConnection.prototype, 'fetch', function (this: FetchConnection, _lane: number, call: FetchCall) {
      return self.#fetch(this.node.host, call);
    });
    t.mock.method(FetchConnection.prototype, 'range', async (_topic: string, partition: number) => ({
      start: 0,
      end: self.ends[partition]!,
    }));
  }

  /** Has a host answer nothing any more. Resolves when it is asked. */
  silence(host: string): Promise<void> {
    this.#silent = host;
    return this.#asked.promise;
  }

  #metadata() {
    const partitionMetadata = this.ends.map((_, partitionId) => ({ partitionId, leader: this.node.nodeId }));
    return { brokers: [this.node], topicMetadata: [{ topic: 't', partitionMetadata }] };
  }

  async #fetch(host: string, { targets }: FetchCall): Promise<FetchAnswer> {
    if (host === this.#silent) {
      this.#asked.resolve();
      return new Promise(() => {});
    }
    const partitions = targets.map(async ({ topic, partition, offset }) => ({
      topic,
      partition,
      errorCode: 0,
      lastStableOffset: this.ends[partition]!,
      logStartOffset: 0,
      aborted: [],
      recordSet: offset < this.ends[partition]! ? await batchOf(offset, this.ends[partition]!) : Buffer.alloc(0),
    }));
    return { clientSideThrottleTime: 0, errorCode: 0, partitions: await Promise.all(partitions) };
  }
}

function batchOf(baseOffset: number, end: number): Promise<Buffer> {
  const records = Array.from({ length: Math.min(2_000, end - baseOffset) }, (_, delta) => ({
    delta,
    timestampMs: 1000 + baseOffset + delta,
    key: 'k',
    value: Buffer.from('v'),
  }));
  return encodeBatch({ baseOffset, lastOffsetDelta: records.length - 1, records });
}

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
