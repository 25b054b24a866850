// What a task's database holds, as records of its changelog, and a copy of it that follows the changelog.
//
// A record's key is the column family's name (one byte of length, UTF-8) and the key in it, its value the value. The task's
// position is a key like any other, so a changelog that is read to the end of a transaction gives the state and where to go on.
// The copy keeps a mark: how far it has read, and when. A database and its mark change in one batch.

import { type ChangelogPart, type Database, EngineError, type OffsetRange, type WriteBatch } from '../api/index.ts';
import { decodePosition, POSITION_COLUMN_FAMILY, positionKeyOf } from './position.ts';

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
  readonly #markKey: Uint8Array;
  readonly #positionKey: Uint8Array;
  #mark: ChangelogMark | undefined;

  constructor(database: Database, taskId: number, columnFamilies: readonly string[]) {
    this.#database = database;
    this.#columnFamilies = columnFamilies;
    this.#markKey = Buffer.from(`changelog:${taskId}`);
    this.#positionKey = changelogKey(POSITION_COLUMN_FAMILY, positionKeyOf(taskId));
    const stored = database.get(POSITION_COLUMN_FAMILY, this.#markKey);
    this.#mark = stored === undefined ? undefined : (JSON.parse(decoder.decode(stored)) as ChangelogMark);
  }

  get mark(): ChangelogMark | undefined {
    return this.#mark;
  }

  /**
   * Whether this part goes on from what the database holds. It does not when the changelog was made anew since: its positions then have
   * another lineage.
   */
  isContinuedBy({ records }: ChangelogPart): boolean {
    const stored = this.#database.get(POSITION_COLUMN_FAMILY, this.#positionKey.subarray(1 + this.#positionKey[0]!));
    if (stored === undefined) return true;
    const { lineage } = decodePosition(stored);
    return records.every(
      ({ key, value }) =>
        value === null || Buffer.compare(key, this.#positionKey) !== 0 || decodePosition(value).lineage === lineage,
    );
  }

  /** Applies a part of the changelog in one batch. Returns the number of bytes of its keys and values. */
  apply({ records, next }: ChangelogPart, nowMs: number): number {
    let bytes = 0;
    const batch = this.#database.createBatch();
    for (const { key, value } of records) {
      const end = 1 + key[0]!;
      const columnFamily = decoder.decode(key.subarray(1, end));
      if (!this.#columnFamilies.includes(columnFamily))
        throw new EngineError(
          'STATE_FORMAT_UNKNOWN',
          `the changelog has records of a store "${columnFamily}", which this topology does not have`,
          { context: { store: columnFamily } },
        );
      bytes += key.length + (value?.length ?? 0);
      if (value === null) batch.delete(columnFamily, key.subarray(end));
      else batch.put(columnFamily, key.subarray(end), value);
    }
    this.stageMark(batch, next, nowMs);
    this.#database.write(batch);
    return bytes;
  }

  /** Puts into `batch` that the database holds everything below `next`. */
  stageMark(batch: WriteBatch, next: number, nowMs: number): void {
    this.#mark = { next, atMs: nowMs };
    batch.put(POSITION_COLUMN_FAMILY, this.#markKey, Buffer.from(JSON.stringify(this.#mark)));
  }

  /** Forgets everything, to begin from the changelog's start. */
  clear(): void {
    clearDatabase(this.#database, this.#columnFamilies);
    this.#mark = undefined;
  }
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
