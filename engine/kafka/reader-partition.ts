// One partition as the reader follows it: what has been read ahead, who leads it, which request is reading on, and what stands in the
// way. A request in flight is an object; a partition that is restarted or given up forgets it, and its answer then counts for nothing.

import type { EngineError, LogRecord, TopicPartition } from '../api/index.ts';
import type { Node } from './leaders.ts';
import { ReadAhead } from './read-ahead.ts';
import type { BinaryRecord } from './record-batch.ts';

/** A partition is read ahead while it holds less than this. */
const MAX_BYTES = 2 * 1024 * 1024;
/** And less than so many times what is asked for at once. */
const MAX_FETCHES = 4;
/** What is asked for at once counts as at least so many records: reading ahead of a reader of single records would be of no use else. */
const MIN_RECORDS = 256;

export class ReaderPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly binaryKeys: boolean;
  buffer: ReadAhead<LogRecord | BinaryRecord>;
  /** First kept offset and last stable offset, of the last answer. */
  start = 0;
  end = 0;
  leader: Node | undefined;
  /** The request that reads on from the buffer's end. */
  flight: object | undefined;
  /** The last answer reached the end. */
  caughtUp = false;
  /** Why nothing can be read at the buffer's end. */
  error: EngineError | undefined;
  /** Attempts at a batch that could not be read. */
  unreadable = 0;
  /** When its metadata was first missing, on the monotonic clock. */
  missingSinceMs: number | undefined;
  /** When a broker last answered for it, on the monotonic clock, or since when an answer is awaited. */
  answeredAtMs = performance.now();
  #maxRecords = MIN_RECORDS;

  constructor(topic: string, partition: number, offset: number, binaryKeys: boolean) {
    this.topic = topic;
    this.partition = partition;
    this.binaryKeys = binaryKeys;
    this.buffer = new ReadAhead(offset);
  }

  /** Enough has been read ahead. */
  get isFull(): boolean {
    return this.buffer.bytes >= MAX_BYTES || this.buffer.recordCount >= MAX_FETCHES * this.#maxRecords;
  }

  /** When the log took the first record that was read ahead, epoch ms. Changelogs do not say. */
  get oldestMs(): number | undefined {
    const { first } = this.buffer;
    return first !== undefined && 'appendTimeMs' in first ? first.appendTimeMs : undefined;
  }

  /** A request may read on. */
  get isWanted(): boolean {
    return this.flight === undefined && this.error === undefined && this.leader !== undefined && !this.isFull;
  }

  /** Reads from `offset` on, whatever was known. */
  restart(offset: number): void {
    this.buffer = new ReadAhead(offset);
    this.flight = undefined;
    this.error = undefined;
    this.unreadable = 0;
    this.caughtUp = false;
    this.answeredAtMs = performance.now();
  }

  /** What was read ahead from `offset` on. `offset` is one that the buffer holds. */
  take(offset: number, maxRecords: number): { records: readonly (LogRecord | BinaryRecord)[]; next: number } {
    const wasFull = this.isFull;
    this.#maxRecords = Math.max(MIN_RECORDS, maxRecords);
    const taken = this.buffer.take(offset, maxRecords)!;
    if (wasFull && !this.isFull) this.answeredAtMs = performance.now();
    return taken;
  }
}
