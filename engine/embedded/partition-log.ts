// One partition of the embedded log: its place in the database, and where it starts and ends.

import type { Database, LogRecord, ProducerRecord, TopicPartition, TopicSpec, WriteBatch } from '../api/index.ts';
import { appendTimeOf, decodeRecord, encodeRecord, offsetOf, partitionPrefix, recordKey } from './log-record-codec.ts';
import { LogTail } from './log-tail.ts';

/** Column family of the log. */
export const LOG_COLUMN_FAMILY = 'log';
/** Records that one pass of retention or compaction reads at most, so that it never holds up the stream for long. */
const PASS_RECORDS = 20_000;

export class PartitionLog {
  readonly place: TopicPartition;
  readonly spec: TopicSpec;
  readonly #database: Database;
  readonly #prefix: Buffer;
  /** First offset that may be there. */
  start = 0;
  /** Offset of the next record. */
  end = 0;
  /** Records of a commit that has not been written yet. */
  readonly #staged: LogRecord[] = [];
  readonly #tail = new LogTail();
  #released: number | undefined;
  /** Where the newest record of each key lies, of the compaction under way, and how far it has come. */
  #newest: Map<string, Uint8Array> | undefined;
  #cursor = 0;
  /** Offset to which the last whole compaction came. */
  #compactedTo = 0;

  constructor(database: Database, place: TopicPartition, spec: TopicSpec) {
    this.#database = database;
    this.place = place;
    this.spec = spec;
    this.#prefix = partitionPrefix(place);
    for (const [key] of this.#scan(0, 1)) this.start = offsetOf(this.#prefix, key);
    for (const [key] of database.scan(LOG_COLUMN_FAMILY, { ...this.#range(0), reverse: true, limit: 1 }))
      this.end = offsetOf(this.#prefix, key) + 1;
    this.#compactedTo = this.end;
  }

  #range(from: number, to = Number.MAX_SAFE_INTEGER) {
    return { gte: recordKey(this.#prefix, from), lt: recordKey(this.#prefix, to) };
  }

  #scan(from: number, limit: number) {
    return this.#database.scan(LOG_COLUMN_FAMILY, { ...this.#range(from), limit });
  }

  /** Puts a record behind those already staged. It counts once `settle(true)` is called. */
  stage(record: ProducerRecord, appendTimeMs: number, batch: WriteBatch): number {
    const offset = this.end + this.#staged.length;
    batch.put(LOG_COLUMN_FAMILY, recordKey(this.#prefix, offset), encodeRecord(record, appendTimeMs));
    const { key, value, timestampMs, headers } = record;
    this.#staged.push({ ...this.place, offset, key, value, timestampMs, appendTimeMs, headers });
    return offset;
  }

  /** The staged records are in the database (`true`), or were dropped. */
  settle(written: boolean): void {
    if (written) {
      this.end += this.#staged.length;
      for (const record of this.#staged) this.#tail.push(record);
    }
    this.#staged.length = 0;
  }

  /** Below this offset the engine has read everything; `undefined` while nobody has said so. */
  get released(): number | undefined {
    return this.#released;
  }

  set released(offset: number) {
    this.#released = offset;
    this.#tail.dropBelow(offset);
  }

  read(offset: number, maxRecords: number): LogRecord[] {
    const records: LogRecord[] = [];
    if (offset >= this.end || maxRecords <= 0) return records;
    const recent = this.#tail.read(offset, maxRecords);
    if (recent !== undefined) return recent;
    for (const [key, value] of this.#scan(offset, maxRecords))
      records.push(decodeRecord(this.place, offsetOf(this.#prefix, key), value));
    return records;
  }

  /** Deletes records below `offset`, but never the last one: it tells where the partition ends after a restart. */
  #dropBelow(offset: number): void {
    const to = Math.min(offset, this.end - 1);
    if (to <= this.start) return;
    const { gte, lt } = this.#range(this.start, to);
    this.#database.deleteRange(LOG_COLUMN_FAMILY, { gte, lt });
    this.start = to;
  }

  /** Drops what has been read, where the engine alone reads it. */
  dropReleased(): void {
    if (this.spec.internal && this.released !== undefined) this.#dropBelow(this.released);
  }

  /** Drops records that were appended before `cutoffMs` and have been read, a bounded number a call. */
  dropOlderThan(cutoffMs: number): void {
    let to = this.start;
    for (const [key, value] of this.#scan(this.start, PASS_RECORDS)) {
      if (appendTimeOf(value) >= cutoffMs) break;
      to = offsetOf(this.#prefix, key) + 1;
    }
    this.#dropBelow(Math.min(to, this.released ?? 0));
  }

  /**
   * Keeps only the newest record of each key among those read, as Kafka's log cleaner does. Offsets stay. A bounded number of
   * records a call; a new compaction begins when as many have come since the last.
   */
  compact(): void {
    const to = this.released ?? 0;
    if (this.#newest === undefined) {
      if (to - this.#compactedTo < PASS_RECORDS) return;
      this.#newest = new Map();
      this.#cursor = this.start;
    }
    const batch = this.#database.createBatch();
    let passed = 0;
    let isDone = true;
    for (const [key, value] of this.#scan(this.#cursor, PASS_RECORDS)) {
      passed += 1;
      const offset = offsetOf(this.#prefix, key);
      isDone = offset >= to;
      if (isDone) break;
      this.#cursor = offset + 1;
      const recordsKey = decodeRecord(this.place, offset, value).key;
      if (recordsKey === undefined) continue;
      const older = this.#newest.get(recordsKey);
      if (older !== undefined) batch.delete(LOG_COLUMN_FAMILY, older);
      this.#newest.set(recordsKey, key);
    }
    if (batch.count > 0) this.#database.write(batch);
    if (isDone || passed < PASS_RECORDS) {
      this.#newest = undefined;
      this.#compactedTo = to;
    }
  }
}
