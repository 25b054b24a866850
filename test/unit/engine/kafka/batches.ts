// Record sets for tests, written by kafkajs: another implementation than the one under test.

import { createRequire } from 'node:module';
import { crc32c } from '@node-rs/crc32';
import { registerCodecs } from '../../../../engine/kafka/codecs.ts';

const require = createRequire(import.meta.url);

interface Encoder {
  readonly buffer: Buffer;
}
interface RecordFields {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: { readonly [name: string]: string };
}
interface BatchFields {
  readonly compression?: number;
  readonly firstOffset: unknown;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly lastOffsetDelta: number;
  readonly transactional?: boolean;
  readonly producerId?: unknown;
  readonly records: readonly Encoder[];
}

const encodeRecord: (fields: RecordFields) => Encoder = require('kafkajs/src/protocol/recordBatch/record/v0/index.js');
const {
  RecordBatch,
}: { RecordBatch(fields: BatchFields): Promise<Encoder> } = require('kafkajs/src/protocol/recordBatch/v0/index.js');
const Long: { fromNumber(value: number): unknown } = require('kafkajs/src/utils/long.js');

registerCodecs();

export interface TestRecord {
  readonly delta: number;
  readonly timestampMs: number;
  readonly key: string | Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: { readonly [name: string]: string };
}

export interface TestBatch {
  readonly baseOffset: number;
  readonly lastOffsetDelta: number;
  readonly records: readonly TestRecord[];
  /** Kafka's number of a codec. */
  readonly compression?: number;
  /** Of a transaction. */
  readonly producerId?: number;
  readonly maxTimestampMs?: number;
}

/** Writes a batch as a broker keeps it. Compaction is told by records that are not there. */
export async function encodeBatch(batch: TestBatch): Promise<Buffer> {
  const firstTimestamp = batch.records[0]?.timestampMs ?? 0;
  const encoded = await RecordBatch({
    compression: batch.compression ?? 0,
    firstOffset: Long.fromNumber(batch.baseOffset),
    firstTimestamp,
    maxTimestamp: batch.maxTimestampMs ?? firstTimestamp,
    lastOffsetDelta: batch.lastOffsetDelta,
    transactional: batch.producerId !== undefined,
    producerId: Long.fromNumber(batch.producerId ?? -1),
    records: batch.records.map((record) =>
      encodeRecord({
        offsetDelta: record.delta,
        timestampDelta: record.timestampMs - firstTimestamp,
        key: record.key,
        value: record.value,
        headers: record.headers ?? {},
      }),
    ),
  });
  return Buffer.from(encoded.buffer);
}

/** Sets bits of the batch's attributes, and its checksum anew. */
export function withAttributes(batch: Buffer, bits: number): Buffer {
  const changed = Buffer.from(batch);
  changed.writeInt16BE(changed.readInt16BE(21) | bits, 21);
  changed.writeUInt32BE(crc32c(changed.subarray(21)), 17);
  return changed;
}

export const LOG_APPEND_TIME = 8;
const CONTROL = 32;

/** The mark that ends a transaction. */
export async function encodeMark(baseOffset: number, producerId: number, isCommit: boolean): Promise<Buffer> {
  const key = Buffer.from([0, 0, 0, isCommit ? 1 : 0]);
  const value = Buffer.alloc(6);
  const records = [{ delta: 0, timestampMs: 5, key, value }];
  return withAttributes(await encodeBatch({ baseOffset, lastOffsetDelta: 0, records, producerId }), CONTROL);
}
