// The event log of a process of its own: partitioned, durable, with offsets and retention, in one column family of the
// engine's database. Because it shares that database, a commit's records go into the same batch as the state: both are
// there after a crash, or neither.

import {
  type Clock,
  type Database,
  EngineError,
  type EventLog,
  type Fetched,
  type FetchRequest,
  type LogAppender,
  type LogCommit,
  type ProducerRecord,
  partitionOf,
  type TopicPartition,
  type TopicSpec,
  type WriteBatch,
} from '../api/index.ts';
import { LOG_COLUMN_FAMILY, PartitionLog } from './partition-log.ts';

export interface EmbeddedLogOptions {
  /** Needs the column family `log`. */
  readonly database: Database;
  /** Gives the append time. */
  readonly clock: Clock;
  /**
   * How long records of source topics are kept after they were appended, ms. Compacted source topics keep the
   * newest record of each key for ever; internal topics keep nothing that has been read. @defaultValue 7 days
   */
  readonly retentionMs?: number;
  /** Largest value that is taken, bytes. @defaultValue 1 MiB, as Kafka's default */
  readonly maxRecordBytes?: number;
}

/** Topic names are also safe in Kafka: letters, digits, `.`, `_` and `-`. */
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,200}$/;
/** Read internal records are dropped once in so many commits: a range deletion costs the same for one commit's and for 50's. */
const DROP_EVERY_COMMITS = 50;
const RETENTION_PASS_MS = 10_000;

export class EmbeddedLog implements EventLog, LogAppender {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #retentionMs: number;
  readonly #maxRecordBytes: number;
  readonly #topics = new Map<string, PartitionLog[]>();
  readonly #staged = new Set<PartitionLog>();
  #hasNews = false;
  #wake: (() => void) | undefined;
  #nextPassMs = 0;
  #releases = 0;

  constructor(options: EmbeddedLogOptions) {
    this.#database = options.database;
    this.#clock = options.clock;
    this.#retentionMs = options.retentionMs ?? 7 * 24 * 3_600_000;
    this.#maxRecordBytes = options.maxRecordBytes ?? 1_048_576;
  }

  async open(topics: readonly TopicSpec[]): Promise<void> {
    for (const spec of topics) this.#openTopic(spec);
  }

  #openTopic(spec: TopicSpec): void {
    if (!TOPIC_NAME.test(spec.name)) throw new RangeError(`"${spec.name}" is no topic name`);
    // A topic's settings lie under a key that no record's key can have: it begins with 0x00.
    const key = Buffer.from(`\0${spec.name}`);
    const stored = this.#database.get(LOG_COLUMN_FAMILY, key);
    if (stored === undefined) {
      const batch = this.#database.createBatch();
      batch.put(LOG_COLUMN_FAMILY, key, Buffer.from(JSON.stringify({ partitions: spec.partitions })));
      this.#database.write(batch);
    } else {
      const { partitions } = JSON.parse(Buffer.from(stored).toString()) as { partitions: number };
      if (partitions !== spec.partitions)
        throw new EngineError(
          'PARTITION_COUNT_MISMATCH',
          `topic "${spec.name}" has ${partitions} partitions, the engine needs ${spec.partitions}: start it with ${partitions} partitions or with another data directory`,
          { context: { topic: spec.name } },
        );
    }
    this.#topics.set(
      spec.name,
      Array.from({ length: spec.partitions }, (_, partition) => {
        return new PartitionLog(this.#database, { topic: spec.name, partition }, spec);
      }),
    );
  }

  #partition({ topic, partition }: TopicPartition): PartitionLog {
    const log = this.#topics.get(topic)?.[partition];
    if (log === undefined)
      throw new EngineError('TOPIC_UNKNOWN', `there is no partition ${partition} of topic "${topic}"`, {
        context: { topic, partition },
      });
    return log;
  }

  /** Number of partitions; `undefined` for an unknown topic. */
  partitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.length;
  }

  offsets(place: TopicPartition): { start: number; end: number } {
    const { start, end } = this.#partition(place);
    return { start, end };
  }

  fetch(requests: readonly FetchRequest[]): Fetched[] {
    return requests.map((request) => {
      const log = this.#partition(request);
      if (request.offset < log.start && request.offset < log.end && !log.spec.compacted)
        throw new EngineError(
          'OFFSET_OUT_OF_RANGE',
          `topic "${request.topic}" partition ${request.partition} starts at offset ${log.start}; offset ${request.offset} is gone: the state is older than the log's retention`,
          { context: request },
        );
      const records = log.read(request.offset, request.maxRecords);
      return { records, next: (records.at(-1)?.offset ?? request.offset - 1) + 1 };
    });
  }

  #stage(record: ProducerRecord, appendTimeMs: number): TopicPartition & { offset: number } {
    const logs = this.#topics.get(record.topic);
    if (logs === undefined)
      throw new EngineError('TOPIC_UNKNOWN', `there is no topic "${record.topic}"`, {
        context: { topic: record.topic },
      });
    const bytes = record.value?.length ?? 0;
    if (bytes > this.#maxRecordBytes)
      throw new EngineError(
        'RECORD_TOO_LARGE',
        `a record of ${bytes} bytes for topic "${record.topic}" is larger than ${this.#maxRecordBytes}`,
        { reaction: 'refuse', context: { topic: record.topic } },
      );
    const partition = record.partition ?? (record.key === undefined ? 0 : partitionOf(record.key, logs.length));
    const log = this.#partition({ topic: record.topic, partition });
    this.#staged.add(log);
    return { topic: record.topic, partition, offset: log.stage(record, appendTimeMs) };
  }

  append(records: readonly ProducerRecord[]): Promise<readonly (TopicPartition & { offset: number })[]> {
    // Synchronous from here to `settled`, so that offsets of a commit and of an append never mix.
    const batch = this.#database.createBatch();
    const now = this.#clock.nowMs();
    try {
      const places = records.map((record) => this.#stage(record, now));
      for (const log of this.#staged) log.flush(batch);
      this.#database.write(batch);
      this.settled(true);
      return Promise.resolve(places);
    } catch (error) {
      this.settled(false);
      return Promise.reject(error);
    }
  }

  commit(commits: readonly LogCommit[], batch: WriteBatch): void {
    const now = this.#clock.nowMs();
    for (const { records } of commits) for (const record of records) this.#stage(record, now);
    for (const log of this.#staged) log.flush(batch);
  }

  settled(written: boolean): void {
    const isNews = this.#staged.size > 0 && written;
    for (const log of this.#staged) log.settle(written);
    this.#staged.clear();
    if (isNews) {
      this.#hasNews = true;
      this.#wake?.();
    }
  }

  appended(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#hasNews || signal.aborted) {
      this.#hasNews = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        this.#hasNews = false;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }

  release(positions: readonly (TopicPartition & { readonly offset: number })[]): void {
    this.#releases += 1;
    const isDropping = this.#releases % DROP_EVERY_COMMITS === 0;
    for (const position of positions) {
      const log = this.#partition(position);
      log.released = position.offset;
      if (isDropping) log.dropReleased();
    }
    const now = this.#clock.nowMs();
    if (now < this.#nextPassMs) return;
    this.#nextPassMs = now + RETENTION_PASS_MS;
    for (const logs of this.#topics.values())
      for (const log of logs)
        if (log.spec.compacted) log.compact();
        else if (!log.spec.internal) log.dropOlderThan(now - this.#retentionMs);
  }
}
