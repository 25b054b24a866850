// Produce request, version 7 (KIP-98, KIP-110), of batches that are encoded already, and its answer.

import type { DirectCall } from './direct-request.ts';

/** A batch on its way to a partition. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

export interface ProducedPartition {
  readonly topic: string;
  readonly partition: number;
  /** 0 is none; else a code of Kafka's protocol. */
  readonly errorCode: number;
  readonly baseOffset: number;
}

interface ProduceAnswer {
  readonly clientSideThrottleTime: number;
  readonly partitions: readonly ProducedPartition[];
}

const API_KEY = 0;
const API_VERSION = 7;
/** Every replica in sync has it before the broker answers. */
const ACKS_ALL = -1;

/**
 * The request for batches of one transaction, at most one for a partition, and the reader of its answer. Partitions that
 * failed are in the answer, with their codes.
 */
export function produceCall(
  transactionalId: string,
  batches: readonly PartitionBatch[],
  timeoutMs: number,
): DirectCall<ProduceAnswer> {
  const byTopic = Map.groupBy(batches, (batch) => batch.topic);
  const body: Buffer[] = [text(transactionalId), int16(ACKS_ALL), int32(timeoutMs), int32(byTopic.size)];
  for (const [topic, ofTopic] of byTopic) {
    body.push(text(topic), int32(ofTopic.length));
    for (const { partition, batch } of ofTopic) body.push(int32(partition), int32(batch.length), batch);
  }
  return { apiKey: API_KEY, apiVersion: API_VERSION, apiName: 'Produce', body, decode };
}

function decode(payload: Buffer): ProduceAnswer {
  let at = 4;
  const partitions: ProducedPartition[] = [];
  for (let topics = payload.readInt32BE(0); topics > 0; topics--) {
    const end = at + 2 + payload.readInt16BE(at);
    const topic = payload.toString('utf8', at + 2, end);
    at = end + 4;
    for (let count = payload.readInt32BE(end); count > 0; count--) {
      partitions.push({
        topic,
        partition: payload.readInt32BE(at),
        errorCode: payload.readInt16BE(at + 4),
        baseOffset: Number(payload.readBigInt64BE(at + 6)),
      });
      // Then the time of append and the start of the log.
      at += 30;
    }
  }
  return { clientSideThrottleTime: payload.readInt32BE(at), partitions };
}

function int16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}
