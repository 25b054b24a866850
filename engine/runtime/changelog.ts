// What a task's database holds, as records of its changelog, and a copy of it that follows the changelog.
//
// A record's key is the column family's name (one byte of length, UTF-8) and the key in it, its value the value. The task's
// position is a key like any other, so a changelog that is read to the end of a transaction gives the state and where to go on.
// The copy keeps a mark: how far it has read, and when. A database and its mark change in one batch.

import {
  type ChangelogPart,
  type Database,
  EngineError,
  type OffsetRange,
  type PackedRecord,
  type WriteBatch,
} from '../api/index.ts';
import { LatestChanges } from './latest-changes.ts';
import { lineageOf, POSITION_COLUMN_FAMILY, positionKeyOf } from './position.ts';

const decoder = new TextDecoder();

/** Key of a changelog record. */
export function changelogKey(columnFamily: string, key: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + columnFamily.length + key.length);
  bytes[0] = columnFamily.length;
  bytes.write(columnFamily, 1, 'latin1');
  bytes.set(key, 1 + columnFamily.length);
  return bytes;
}

/** How far a copy has come. */
export interface ChangelogMark {
  /** Offset to read next. */
  readonly next: number;
  /** When it was read up to there, epoch ms. */
  readonly atMs: number;
}

/** What a copy has to do before it can follow the changelog. */
export type RestoreStart = 'resume' | 'from-start' | 'set-aside';

/**
 * How a copy with this mark (`undefined` without one) comes up to date.
 *
 * `from-start`: deletions may have been compacted away since it was written, or there is none. `set-aside`: it is ahead of the
 * changelog, which therefore is not the one that it was copied from.
 * @throws {EngineError} `OFFSET_OUT_OF_RANGE` when records that it needs were deleted from the changelog.
 */
export function restoreStart(
  mark: ChangelogMark | undefined,
  range: OffsetRange,
  nowMs: number,
  tombstoneRetentionMs: number,
): RestoreStart {
  const isAhead = mark !== undefined && mark.next > range.end;
  // The last entry is the mark of a transaction, which holds one record at least: one short of the end, nothing is missing.
  const isBehind = mark !== undefined && mark.next < range.end - 1;
  const isStale = isBehind && nowMs - mark.atMs >= tombstoneRetentionMs;
  const from = mark === undefined || isAhead || isStale ? 0 : mark.next;
  if (from < range.start)
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `the changelog starts at offset ${range.start} and records from ${from} on are needed: they were deleted, which compaction never does. Bring the state directory of a former owner here, or rebuild the application from its source topics`,
    );
  if (isAhead) return 'set-aside';
  return from === 0 ? 'from-start' : 'resume';
}

export class ChangelogCopy {
  readonly #database: Database;
  readonly #columnFamilies: readonly string[];
  /** How the keys of each column family begin. */
  readonly #heads: readonly { readonly columnFamily: string; readonly bytes: Uint8Array }[];
  readonly #markKey: Uint8Array;
  readonly #positionKey: Uint8Array;
  /** Of the position as a record of the changelog. */
  readonly #positionRecordKey: Uint8Array;
  readonly #latest = new LatestChanges();
  #unwrittenBytes = 0;
  #next: number;
  #mark: ChangelogMark | undefined;
  /** That of the position which the database holds; `undefined` without one. */
  #lineage: string | undefined;

  constructor(database: Database, taskId: number, columnFamilies: readonly string[]) {
    this.#database = database;
    this.#columnFamilies = columnFamilies;
    this.#heads = columnFamilies.map((columnFamily) => ({
      columnFamily,
      bytes: changelogKey(columnFamily, new Uint8Array(0)),
    }));
    this.#markKey = Buffer.from(`changelog:${taskId}`);
    this.#positionKey = positionKeyOf(taskId);
    this.#positionRecordKey = changelogKey(POSITION_COLUMN_FAMILY, this.#positionKey);
    const stored = database.get(POSITION_COLUMN_FAMILY, this.#markKey);
    this.#mark = stored === undefined ? undefined : (JSON.parse(decoder.decode(stored)) as ChangelogMark);
    this.#next = this.#mark?.next ?? 0;
  }

  get mark(): ChangelogMark | undefined {
    return this.#mark;
  }

  /** Offset to read next: what lies between the mark and this waits to be written. */
  get next(): number {
    return this.#next;
  }

  /** Bytes of keys and values read since the last write. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  /** To be called before a series of `add`: somebody else may have written a position since. */
  begin(): void {
    const stored = this.#database.get(POSITION_COLUMN_FAMILY, this.#positionKey);
    this.#lineage = stored === undefined ? undefined : lineageOf(stored);
    this.#forgetUnwritten();
  }

  /**
   * Takes the next part of the changelog, to be written with the next `write`: of a key that changes often, the last value. It keeps
   * the part's bytes until then. Returns the number of bytes of its keys and values, or `undefined` when the part does not go on from
   * what the database holds: the changelog was made anew since, and its positions have another lineage. Nothing may be written then.
   */
  add({ records, next }: ChangelogPart): number | undefined {
    let bytes = 0;
    for (const record of records) {
      bytes += record.keyLength + Math.max(0, record.valueLength);
      if (record.valueLength >= 0 && this.#isPosition(record)) {
        const found = lineageOf(record.value!);
        if (this.#lineage !== undefined && found !== this.#lineage) return undefined;
        this.#lineage = found;
      }
      this.#latest.add(record);
    }
    this.#next = next;
    this.#unwrittenBytes += bytes;
    return bytes;
  }

  /** Writes what was added, and the mark with it, in one batch. */
  write(nowMs: number): void {
    if (this.#next === (this.#mark?.next ?? 0)) return;
    const batch = this.#database.createBatch();
    for (const record of this.#latest.records) {
      const { columnFamily, bytes: head } = this.#headOf(record);
      const keyInFamily = record.bytes.subarray(record.keyAt + head.length, record.keyAt + record.keyLength);
      const { value } = record;
      if (value === null) batch.delete(columnFamily, keyInFamily);
      else batch.put(columnFamily, keyInFamily, value);
    }
    this.stageMark(batch, this.#next, nowMs);
    this.#database.write(batch);
    this.#forgetUnwritten();
  }

  #forgetUnwritten(): void {
    this.#next = this.#mark?.next ?? 0;
    this.#latest.clear();
    this.#unwrittenBytes = 0;
  }

  #headOf(record: PackedRecord): { readonly columnFamily: string; readonly bytes: Uint8Array } {
    for (const head of this.#heads) if (startsWith(record, head.bytes)) return head;
    const { key } = record;
    const columnFamily = decoder.decode(key.subarray(1, 1 + key[0]!));
    throw new EngineError(
      'STATE_FORMAT_UNKNOWN',
      `the changelog has records of a store "${columnFamily}", which this topology does not have`,
      { context: { store: columnFamily } },
    );
  }

  #isPosition(record: PackedRecord): boolean {
    return record.keyLength === this.#positionRecordKey.length && startsWith(record, this.#positionRecordKey);
  }

  /** Puts into `batch` that the database holds everything below `next`. */
  stageMark(batch: WriteBatch, next: number, nowMs: number): void {
    this.#mark = { next, atMs: nowMs };
    this.#next = next;
    batch.put(POSITION_COLUMN_FAMILY, this.#markKey, Buffer.from(JSON.stringify(this.#mark)));
  }

  /** Forgets everything, to begin from the changelog's start. */
  clear(): void {
    clearDatabase(this.#database, this.#columnFamilies);
    this.#mark = undefined;
    this.#lineage = undefined;
    this.#forgetUnwritten();
  }
}

/** Whether the record's key does. */
function startsWith({ bytes, keyAt, keyLength }: PackedRecord, head: Uint8Array): boolean {
  if (keyLength < head.length) return false;
  for (let i = 0; i < head.length; i++) if (bytes[keyAt + i] !== head[i]) return false;
  return true;
}

/** Deletes every key of these column families, the positions first: without them a crash in between leaves nothing that counts. */
export function clearDatabase(database: Database, columnFamilies: readonly string[]): void {
  const others = columnFamilies.filter((name) => name !== POSITION_COLUMN_FAMILY);
  for (const columnFamily of [POSITION_COLUMN_FAMILY, ...others]) {
    const [last] = database.scan(columnFamily, { reverse: true, limit: 1 });
    if (last === undefined) continue;
    const beyond = Buffer.concat([last[0], Buffer.of(0)]);
    database.deleteRange(columnFamily, { gte: new Uint8Array(0), lt: beyond });
  }
}
