// The Fetch call of Kafka's protocol in version 11 (brokers since 2.3; 4.x takes 4 and later): read committed, without fetch sessions.
// Record sets stay bytes. Source: kafka.apache.org/protocol, KIP-74 (limits), KIP-98 (isolation), KIP-392 (rack, not used).

import { READ_COMMITTED } from './client.ts';
import type { ProtocolRequest, ProtocolResponse } from './kafkajs-internals.ts';
import type { AbortedTransaction } from './record-batch.ts';

export const FETCH_API_KEY = 1;
export const FETCH_VERSION = 11;

export interface FetchTarget {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Of this partition's part of the answer. */
  readonly maxBytes: number;
}

export interface FetchCall {
  /** Brokers fill the answer in this order until `maxBytes` are reached. */
  readonly targets: readonly FetchTarget[];
  /** The broker waits so long for the first byte. */
  readonly maxWaitMs: number;
  /** Of the whole answer; the first batch always comes whole (KIP-74). */
  readonly maxBytes: number;
}

export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  /** 0 is none. */
  readonly errorCode: number;
  /** End of what can be read; -1 with an error. */
  readonly lastStableOffset: number;
  /** First offset that is kept; -1 with an error. */
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** A view of the answer. */
  readonly recordSet: Buffer;
}

export interface FetchAnswer {
  readonly clientSideThrottleTime: number;
  /** Of the call as a whole; 0 is none. */
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

/** The request for `Connection.send`. Neighbouring targets of one topic are sent as one group. */
export function fetchRequest(call: FetchCall): ProtocolRequest {
  return {
    apiKey: FETCH_API_KEY,
    apiVersion: FETCH_VERSION,
    apiName: 'Fetch',
    encode: async () => {
      const buffer = encodeFetch(call);
      return { buf: buffer, buffer };
    },
  };
}

/** Fixed part in front of the topics, and behind them. */
const HEAD_BYTES = 4 + 4 + 4 + 4 + 1 + 4 + 4 + 4;
const TAIL_BYTES = 4 + 2;
const TARGET_BYTES = 4 + 4 + 8 + 8 + 4;

export function encodeFetch({ targets, maxWaitMs, maxBytes }: FetchCall): Buffer {
  const groups: FetchTarget[][] = [];
  let size = HEAD_BYTES + TAIL_BYTES + TARGET_BYTES * targets.length;
  for (const target of targets) {
    const group = groups.at(-1);
    if (group?.at(-1)?.topic === target.topic) {
      group.push(target);
    } else {
      groups.push([target]);
      size += 2 + Buffer.byteLength(target.topic) + 4;
    }
  }
  const out = Buffer.allocUnsafe(size);
  let at = out.writeInt32BE(-1, 0); // replica: none, a consumer
  at = out.writeInt32BE(maxWaitMs, at);
  at = out.writeInt32BE(1, at); // bytes to wait for
  at = out.writeInt32BE(maxBytes, at);
  at = out.writeInt8(READ_COMMITTED, at);
  at = out.writeInt32BE(0, at); // session: none
  at = out.writeInt32BE(-1, at);
  at = out.writeInt32BE(groups.length, at);
  for (const group of groups) {
    const { topic } = group[0]!;
    at = out.writeInt16BE(Buffer.byteLength(topic), at);
    at += out.write(topic, at);
    at = out.writeInt32BE(group.length, at);
    for (const { partition, offset, maxBytes } of group) {
      at = out.writeInt32BE(partition, at);
      at = out.writeInt32BE(-1, at); // leader epoch: not known
      at = out.writeBigInt64BE(BigInt(offset), at);
      at = out.writeBigInt64BE(-1n, at); // log start: a follower's
      at = out.writeInt32BE(maxBytes, at);
    }
  }
  at = out.writeInt32BE(0, at); // forgotten topics
  out.writeInt16BE(0, at); // rack
  return out;
}

/** The answer for `Connection.send`. */
export const fetchResponse: ProtocolResponse<FetchAnswer> = {
  decode: async (payload) => decodeFetch(payload),
  parse: async (answer) => answer,
};

const NOTHING = Buffer.alloc(0);

/** @throws {RangeError} when the bytes end too early. */
export function decodeFetch(payload: Buffer): FetchAnswer {
  const reader = new Reader(payload);
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  reader.int32(); // session
  const partitions: FetchedPartition[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.bytes(reader.int16()).toString('utf8');
    for (let count = reader.int32(); count > 0; count--) partitions.push(decodePartition(topic, reader));
  }
  return { clientSideThrottleTime, errorCode, partitions };
}

function decodePartition(topic: string, reader: Reader): FetchedPartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  reader.int64(); // high watermark: what is above the last stable offset cannot be read
  const lastStableOffset = reader.int64();
  const logStartOffset = reader.int64();
  const aborted: AbortedTransaction[] = [];
  for (let transactions = reader.int32(); transactions > 0; transactions--)
    aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  reader.int32(); // preferred replica: told to those who name their rack
  return {
    topic,
    partition,
    errorCode,
    lastStableOffset,
    logStartOffset,
    aborted,
    recordSet: reader.bytes(reader.int32()),
  };
}

/** Big-endian numbers one after the other; a length below 1 is nothing. */
class Reader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  int16(): number {
    return this.#payload.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.#payload.readInt32BE(this.#take(4));
  }

  int64(): number {
    return Number(this.#payload.readBigInt64BE(this.#take(8)));
  }

  bytes(length: number): Buffer {
    if (length <= 0) return NOTHING;
    const start = this.#take(length);
    return this.#payload.subarray(start, start + length);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#payload.length - at) throw new RangeError('the answer ends too early');
    this.#at = at + count;
    return at;
  }
}
