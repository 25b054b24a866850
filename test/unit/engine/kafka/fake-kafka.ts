// Brokers without a network: what the reader is answered is the test's.

import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { FetchConnection } from '../../../../engine/kafka/fetch-connection.ts';
import type { FetchAnswer, FetchCall } from '../../../../engine/kafka/fetch-protocol.ts';
import type { Node } from '../../../../engine/kafka/leaders.ts';
import { encodeBatch } from './batches.ts';

const BrokerPool: { prototype: { findConnectedBroker(): Promise<unknown> } } = createRequire(import.meta.url)(
  'kafkajs/src/cluster/brokerPool.js',
);

/** One topic, of which every answer has up to 2,000 records, appended at 1000, 1001 and so on. */
export class FakeKafka {
  readonly #topic: string;
  readonly #value: Buffer;
  /** The broker that leads every partition, as the metadata have it. */
  node: Node = { nodeId: 1, host: 'first', port: 9092 };
  /** A host that answers nothing any more. */
  #silent: string | undefined;
  #asked = Promise.withResolvers<void>();
  /** Records of each partition. */
  readonly ends: number[];
  /** What was asked for, request after request. */
  readonly asked: { readonly partition: number; readonly offset: number }[] = [];

  /** @param value of every record */
  constructor(t: TestContext, ends: readonly number[], topic = 't', value = Buffer.from('v')) {
    this.ends = [...ends];
    this.#topic = topic;
    this.#value = value;
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
    return { brokers: [this.node], topicMetadata: [{ topic: this.#topic, partitionMetadata }] };
  }

  async #fetch(host: string, { targets }: FetchCall): Promise<FetchAnswer> {
    if (host === this.#silent) {
      this.#asked.resolve();
      return new Promise(() => {});
    }
    this.asked.push(...targets);
    const partitions = targets.map(async ({ topic, partition, offset }) => ({
      topic,
      partition,
      errorCode: 0,
      lastStableOffset: this.ends[partition]!,
      logStartOffset: 0,
      aborted: [],
      recordSet: offset < this.ends[partition]! ? await this.#batch(offset, this.ends[partition]!) : Buffer.alloc(0),
    }));
    return { clientSideThrottleTime: 0, errorCode: 0, partitions: await Promise.all(partitions) };
  }

  #batch(baseOffset: number, end: number): Promise<Buffer> {
    const records = Array.from({ length: Math.min(2_000, end - baseOffset) }, (_, delta) => ({
      delta,
      timestampMs: 1000 + baseOffset + delta,
      key: 'k',
      value: this.#value,
    }));
    return encodeBatch({ baseOffset, lastOffsetDelta: records.length - 1, records });
  }
}
