// What a proxy must know of Kafka's protocol: a frame is a 4-byte length (big-endian, without itself) and as many bytes. A request
// starts with its API's number (2 bytes), the version (2) and the correlation id (4); a response starts with the correlation id.
// Source: Kafka's protocol guide, "Protocol Primitive Types" and "Common Request and Response Structure".

/** The requests that clients send, by their API's number. */
const API_NAMES: Readonly<{ [apiKey: number]: string }> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  8: 'OffsetCommit',
  9: 'OffsetFetch',
  10: 'FindCoordinator',
  11: 'JoinGroup',
  12: 'Heartbeat',
  13: 'LeaveGroup',
  14: 'SyncGroup',
  15: 'DescribeGroups',
  16: 'ListGroups',
  17: 'SaslHandshake',
  18: 'ApiVersions',
  19: 'CreateTopics',
  20: 'DeleteTopics',
  21: 'DeleteRecords',
  22: 'InitProducerId',
  24: 'AddPartitionsToTxn',
  25: 'AddOffsetsToTxn',
  26: 'EndTxn',
  28: 'TxnOffsetCommit',
  32: 'DescribeConfigs',
  33: 'AlterConfigs',
  36: 'SaslAuthenticate',
  37: 'CreatePartitions',
  42: 'DeleteGroups',
  44: 'IncrementalAlterConfigs',
  60: 'DescribeCluster',
  61: 'DescribeProducers',
  65: 'DescribeTransactions',
};

export interface KafkaRequest {
  readonly apiKey: number;
  /** As in the protocol guide: `Produce`, `EndTxn`; `Api99` for one that clients do not send. */
  readonly apiName: string;
  readonly apiVersion: number;
  readonly correlationId: number;
  /** The whole frame, to look for a topic's or a transaction's name in it. Only to be read, and not kept. */
  readonly frame: Buffer;
}

/** Reads the header of a whole request frame. */
export function readRequest(frame: Buffer): KafkaRequest {
  const apiKey = frame.readInt16BE(4);
  return {
    apiKey,
    apiName: API_NAMES[apiKey] ?? `Api${apiKey}`,
    apiVersion: frame.readInt16BE(6),
    correlationId: frame.readInt32BE(8),
    frame,
  };
}

/** The correlation id of a whole response frame. */
export function responseCorrelationId(frame: Buffer): number {
  return frame.readInt32BE(4);
}

/** Cuts a stream of bytes into whole frames, each with its length in front. */
export class FrameSplitter {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes of the frame that is coming in, 0 while its length is not known. */
  #wanted = 0;

  /** The frames that this chunk completes. */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const frames: Buffer[] = [];
    for (;;) {
      if (this.#wanted === 0 && this.#length >= 4) this.#wanted = 4 + this.#joined().readInt32BE(0);
      if (this.#wanted === 0 || this.#length < this.#wanted) return frames;
      const bytes = this.#joined();
      frames.push(bytes.subarray(0, this.#wanted));
      this.#chunks = [bytes.subarray(this.#wanted)];
      this.#length -= this.#wanted;
      this.#wanted = 0;
    }
  }

  #joined(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0]!;
  }
}
