// One partition of the embedded log: its place in the database, and where it starts and ends.

import type { Database, LogRecord, ProducerRecord, TopicPartition, TopicSpec, WriteBatch } from '../api/index.ts';
import {
  appendTimeOf,
  baseOf,
  batchesOf,
  batchKey,
  decodeBatch,
  encodeBatch,
  partitionPrefix,
} from './log-batch-codec.ts';
import { LogTail } from './log-tail.ts';

/** Column family of the log. */
export const LOG_COLUMN_FAMILY = 'log';
/** Records that one pass of retention or compaction reads at least, where there are so many: it never holds up the stream for long. */
const PASS_RECORDS = 20_000;

/** Where a record lies: its offset, and that of its batch. */
interface RecordPlace {
  readonly base: number;
  readonly offset: number;
}

export class PartitionLog {
  readonly place: TopicPartition;
  readonly spec: TopicSpec;
  readonly #database: Database;
  readonly #prefix: Buffer;
  /** First offset that may be there: that of a batch. */
  start = 0;
  /** Offset of the next record. */
  end = 0;
  /** Records of a commit that has not been written yet. */
  readonly #staged: LogRecord[] = [];
  /** So many of them are in its batch. */
  #flushed = 0;
  readonly #tail = new LogTail();
  #released: number | undefined;
  /** The newest record of each key, of the compaction under way, and how far it has come. */
  #newest: Map<string, RecordPlace> | undefined;
  #cursor = 0;
  /** Offset to which the last whole compaction came. */
  #compactedTo = 0;

  constructor(database: Database, place: TopicPartition, spec: TopicSpec) {
    this.#database = database;
    this.place = place;
    this.spec = spec;
    this.#prefix = partitionPrefix(place);
    for (const [key] of this.#scan(0, 1)) this.start = baseOf(this.#prefix, key);
    for (const [key, value] of this.#lastBelow(Number.MAX_SAFE_INTEGER))
      this.end = decodeBatch(place, baseOf(this.#prefix, key), value).at(-1)!.offset + 1;
    this.#compactedTo = this.end;
  }

  #range(from: number, to = Number.MAX_SAFE_INTEGER) {
    return { gte: batchKey(this.#prefix, from), lt: batchKey(this.#prefix, to) };
  }

  /** Batches whose base is at least `from`. */
  #scan(from: number, limit = Number.POSITIVE_INFINITY) {
    return this.#database.scan(LOG_COLUMN_FAMILY, { ...this.#range(from), limit });
  }

  /** Base of the batch that has the record at `offset`, or would have it; `undefined` before the first. */
  #baseAt(offset: number): number | undefined {
    for (const [key] of this.#lastBelow(offset + 1)) return baseOf(this.#prefix, key);
    return undefined;
  }

  #lastBelow(to: number) {
    return this.#database.scan(LOG_COLUMN_FAMILY, { ...this.#range(0, to), reverse: true, limit: 1 });
  }

  /** Puts a record behind those already staged and returns its offset. It counts once it is flushed and `settle(true)` is called. */
  stage({ key, value, timestampMs, headers }: ProducerRecord, appendTimeMs: number): number {
    const offset = this.end + this.#staged.length;
    this.#staged.push({ ...this.place, offset, key, value, timestampMs, appendTimeMs, headers });
    return offset;
  }

  /** Writes what has been staged since the last time, all of it at one time of appending. */
  flush(batch: WriteBatch): void {
    const records = this.#flushed === 0 ? this.#staged : this.#staged.slice(this.#flushed);
    this.#flushed = this.#staged.length;
    for (const some of batchesOf(records)) {
      const base = some[0]!.offset;
      batch.put(LOG_COLUMN_FAMILY, batchKey(this.#prefix, base), encodeBatch(base, some));
    }
  }

  /** The staged records are in the database (`true`), or were dropped. */
  settle(written: boolean): void {
    if (written) {
      this.end += this.#staged.length;
      for (const record of this.#staged) this.#tail.push(record);
    }
    this.#staged.length = 0;
    this.#flushed = 0;
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
    // Every batch has a record, and of the first there may be none to read.
    for (const [key, value] of this.#scan(this.#baseAt(offset) ?? offset, maxRecords + 1))
      for (const record of decodeBatch(this.place, baseOf(this.#prefix, key), value)) {
        if (record.offset >= offset) records.push(record);
        if (records.length === maxRecords) return records;
      }
    return records;
  }

  /** Deletes batches all of whose records are below `offset`, but never the last one: it tells where the partition ends after a restart. */
  #dropBelow(offset: number): void {
    if (Math.min(offset, this.end - 1) <= this.start) return;
    const to = this.#baseAt(Math.min(offset, this.end - 1)) ?? this.start;
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
    for (const [key, value] of this.#scan(this.start)) {
      to = baseOf(this.#prefix, key);
      if (to - this.start >= PASS_RECORDS || appendTimeOf(value) >= cutoffMs) break;
      // Of the last batch nothing may go.
      to = this.end;
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
    /** Offsets of older records, by the base of their batch. */
    const older = new Map<number, Set<number>>();
    let passed = 0;
    let isDone = true;
    for (const [key, value] of this.#scan(this.#cursor)) {
      const base = baseOf(this.#prefix, key);
      const records = decodeBatch(this.place, base, value);
      isDone = records.at(-1)!.offset >= to;
      if (isDone || passed >= PASS_RECORDS) break;
      this.#cursor = records.at(-1)!.offset + 1;
      passed += records.length;
      for (const record of records) this.#compare(record, base, older);
    }
    this.#removeOlder(older);
    if (isDone || passed < PASS_RECORDS) {
      this.#newest = undefined;
      this.#compactedTo = to;
    }
  }

  #compare({ key, offset }: LogRecord, base: number, older: Map<number, Set<number>>): void {
    if (key === undefined) return;
    const before = this.#newest!.get(key);
    this.#newest!.set(key, { base, offset });
    // What began below the start was dropped since it was passed.
    if (before === undefined || before.base < this.start) return;
    const ofBatch = older.get(before.base);
    if (ofBatch === undefined) older.set(before.base, new Set([before.offset]));
    else ofBatch.add(before.offset);
  }

  /** Writes batches without these records. */
  #removeOlder(older: ReadonlyMap<number, ReadonlySet<number>>): void {
    const bases = [...older.keys()];
    const keys = bases.map((base) => batchKey(this.#prefix, base));
    const batch = this.#database.createBatch();
    for (const [index, stored] of this.#database.getMany(LOG_COLUMN_FAMILY, keys).entries()) {
      const base = bases[index]!;
      const left = decodeBatch(this.place, base, stored!).filter(({ offset }) => !older.get(base)!.has(offset));
      if (left.length === 0) batch.delete(LOG_COLUMN_FAMILY, keys[index]!);
      else batch.put(LOG_COLUMN_FAMILY, keys[index]!, encodeBatch(base, left));
    }
    if (batch.count > 0) this.#database.write(batch);
  }
}
