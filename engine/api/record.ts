/** Header values by name. Absent headers are `undefined`, never an empty object. */
export type Headers = Readonly<{ [name: string]: string }>;

/** A topic and one of its partitions. Topic names are logical: the log adapter adds the application's prefix. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A record as the event log stores it: bytes that nobody has read yet. */
export interface LogRecord extends TopicPartition {
  /** Position in the partition, from 0, without gaps on the embedded log. */
  readonly offset: number;
  /** Partitioning key; `undefined` where the producer gave none. */
  readonly key: string | undefined;
  /** Payload; `null` is a tombstone. The receiver must not write to it. */
  readonly value: Uint8Array | null;
  /** The producer's timestamp, epoch ms. Event time proper is read from the value by the source node. */
  readonly timestampMs: number;
  /** When the log accepted the record, epoch ms, by the log's own clock. */
  readonly appendTimeMs: number;
  readonly headers: Headers | undefined;
}

/**
 * A decoded record on its way through a topology.
 *
 * A record that one processor forwards to another carries the forwarding node's name as its topic, the task as its
 * partition and the number of the commit as its offset.
 */
export interface StreamRecord<V = unknown> extends TopicPartition {
  readonly offset: number;
  readonly key: string | undefined;
  /** `null` is a tombstone and nothing else. */
  readonly value: V | null;
  /** Event time, epoch ms. */
  readonly timestampMs: number;
  readonly appendTimeMs: number;
  readonly headers: Headers | undefined;
}

/** A record to be appended to a topic. */
export interface ProducerRecord {
  readonly topic: string;
  /** Where it goes; `undefined` lets the log choose by murmur2 of the key, as Java producers do. */
  readonly partition?: number | undefined;
  readonly key: string | undefined;
  readonly value: Uint8Array | null;
  readonly timestampMs: number;
  readonly headers?: Headers | undefined;
}
