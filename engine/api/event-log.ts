import type { WriteBatch } from './database.ts';
import type { LogRecord, ProducerRecord, TopicPartition } from './record.ts';

/** A topic that the topology needs. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Only the newest record of a key is kept (and read back to fill global stores). */
  readonly compacted: boolean;
  /** Made and read by the engine alone: records may go as soon as every task has read them. */
  readonly internal: boolean;
}

/** A request for records of one partition, from `offset` on. */
export interface FetchRequest extends TopicPartition {
  readonly offset: number;
  readonly maxRecords: number;
}

/** What a task's commit adds to the log. */
export interface LogCommit {
  readonly taskId: number;
  readonly records: readonly ProducerRecord[];
}

/**
 * A partitioned, ordered, durable log of records.
 *
 * Readers keep their own positions and say at each fetch where to read. Records of a partition are returned in offset
 * order.
 */
export interface EventLog {
  /**
   * Makes sure that the topics exist as specified.
   * @throws {EngineError} `PARTITION_COUNT_MISMATCH` when a topic exists with another number of partitions.
   */
  open(topics: readonly TopicSpec[]): Promise<void>;
  /** Records that are there now, for each request in its order; an empty array where there are none. */
  fetch(requests: readonly FetchRequest[]): readonly LogRecord[][] | Promise<readonly LogRecord[][]>;
  /**
   * First offset that is kept and the offset of the next record.
   * @throws {EngineError} `TOPIC_UNKNOWN`
   */
  offsets(partition: TopicPartition): { readonly start: number; readonly end: number };
  /** Resolves when records have been appended since the last call, or after `timeoutMs`, or when `signal` aborts. */
  appended(timeoutMs: number, signal: AbortSignal): Promise<void>;
  /**
   * Appends the records of one or more tasks' commits, all or nothing. An adapter that shares the engine's database
   * puts them into `batch`, which the runtime writes next; another one makes them durable before it returns.
   */
  commit(commits: readonly LogCommit[], batch: WriteBatch): void | Promise<void>;
  /** The batch of the last `commit` has been written (`true`) or dropped. */
  settled(written: boolean): void;
  /** Records below these offsets are no longer needed by this engine. The log may drop those of internal topics. */
  release(positions: readonly (TopicPartition & { readonly offset: number })[]): void;
}

/** How producers outside the topology append. */
export interface LogAppender {
  /**
   * Appends all records, or none, and returns the offset of each.
   * @throws {EngineError} `TOPIC_UNKNOWN`, `RECORD_TOO_LARGE`
   */
  append(records: readonly ProducerRecord[]): Promise<readonly (TopicPartition & { readonly offset: number })[]>;
}
