// Where a producer's transactions are open: DescribeProducers, version 0 (KIP-664), which kafkajs does not have.

import type { TopicPartition } from '../api/index.ts';
import { type BrokerRequests, errorOfCode } from './broker-requests.ts';
import type { DirectCall } from './direct-request.ts';
import { compactLength, compactText, FlexibleReader, NO_TAGS } from './flexible.ts';
import { byTopic } from './offset-ranges.ts';

const API_KEY = 61;
/** In place of the offset at which a transaction began. */
const NONE_OPEN = -1n;

interface DescribedPartition extends TopicPartition {
  readonly errorCode: number;
  /** Ids of the producers that have a transaction open there. */
  readonly open: readonly bigint[];
}

interface Described {
  readonly clientSideThrottleTime: number;
  readonly partitions: readonly DescribedPartition[];
}

/**
 * Those of the partitions in which this producer has a transaction open, as the brokers see it that led them when `requests` last asked. `requests` must be connected and know
 * the topics. Not repeated. @throws kafkajs's error of an answer or of the connection; for a partition without a leader, too.
 */
export async function listOpenOf(
  requests: BrokerRequests,
  partitions: readonly TopicPartition[],
  producerId: string,
): Promise<readonly TopicPartition[]> {
  const id = BigInt(producerId);
  const byLeader = Map.groupBy(partitions, ({ topic, partition }) => requests.leader(topic, partition));
  const answers = await Promise.all(
    [...byLeader].map(([nodeId, ofLeader]) => requests.sendOwn(nodeId, describeCall(ofLeader))),
  );
  const described = answers.flatMap((answer) => answer.partitions);
  const failed = described.find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) throw errorOfCode(failed.errorCode);
  if (described.length < partitions.length) throw new Error('a broker has left out a partition in its answer');
  return described.filter(({ open }) => open.includes(id));
}

function describeCall(partitions: readonly TopicPartition[]): DirectCall<Described> {
  const topics = byTopic(partitions, ({ partition }) => partition);
  const body: Buffer[] = [NO_TAGS, compactLength(topics.length)];
  for (const { topic, partitions: ofTopic } of topics) {
    body.push(compactText(topic), compactLength(ofTopic.length));
    for (const partition of ofTopic) {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(partition);
      body.push(bytes);
    }
    body.push(NO_TAGS);
  }
  body.push(NO_TAGS);
  return { apiKey: API_KEY, apiVersion: 0, apiName: 'DescribeProducers', body: [Buffer.concat(body)], decode };
}

function decode(payload: Buffer): Described {
  const reader = new FlexibleReader(payload);
  const clientSideThrottleTime = reader.int32();
  const partitions: DescribedPartition[] = [];
  reader.array(() => {
    const topic = reader.text();
    reader.array(() => {
      const partition = reader.int32();
      const errorCode = reader.int16();
      // The error's text.
      reader.text();
      const open: bigint[] = [];
      reader.array(() => {
        const id = reader.int64();
        // Epoch, last sequence number, last time, the coordinator's epoch.
        reader.int32();
        reader.int32();
        reader.int64();
        reader.int32();
        if (reader.int64() !== NONE_OPEN) open.push(id);
        reader.tags();
      });
      reader.tags();
      partitions.push({ topic, partition, errorCode, open });
    });
    reader.tags();
  });
  return { clientSideThrottleTime, partitions };
}
