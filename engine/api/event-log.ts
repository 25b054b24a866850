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
  /** Tasks write to it. @defaultValue false */
  readonly written?: boolean;
  /** Read by global stores alone, so its partitions stand for no tasks: it may have as many as it likes. @defaultValue false */
  readonly anyPartitionCount?: boolean;
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

/** The answer to a {@link FetchRequest}. */
export interface Fetched {
  readonly records: readonly LogRecord[];
  /**
   * Where to go on: the offset after the last record, or beyond it where what follows are no records (the marks of
   * transactions, what compaction or an aborted transaction left out).
   */
  readonly next: number;
}

/** What a reader knows of a partition. */
export interface KnownOffsets {
  /** First offset that is kept. */
  readonly start: number;
  /** The offset after the last record that can be read. */
  readonly end: number;
  /** When the log took the first record that was read ahead and is not handed out, epoch ms; absent where there is none. */
  readonly oldestMs?: number | undefined;
}

/** How the records of a log are read. Readers keep their own positions and say at each fetch where to read. */
export interface LogReader {
  /**
   * Records that are there now, in offset order, for each request in its order; none where there are none. A log behind a
   * network answers from what it has read ahead; asking for a partition is what makes it read on from there.
   * @throws {EngineError} `TOPIC_UNKNOWN`, `OFFSET_OUT_OF_RANGE`
   */
  fetch(requests: readonly FetchRequest[]): readonly Fetched[];
  /**
   * As far as this process knows.
   * @throws {EngineError} `TOPIC_UNKNOWN`
   */
  offsets(partition: TopicPartition): KnownOffsets;
  /** Resolves when there are new records since the last call, or after `timeoutMs`, or when `signal` aborts. */
  appended(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

/** A partitioned, ordered, durable log of records that shares the engine's process and database. */
export interface EventLog extends LogReader {
  /**
   * Makes sure that the topics exist as specified.
   * @throws {EngineError} `PARTITION_COUNT_MISMATCH` when a topic exists with another number of partitions.
   */
  open(topics: readonly TopicSpec[]): Promise<void>;
  /** Stages the records of one or more tasks' commits in `batch`, which the runtime writes next: all or nothing. */
  commit(commits: readonly LogCommit[], batch: WriteBatch): void;
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
