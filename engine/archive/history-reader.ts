// Reads the history of one partition: each offset once, in order, whatever the overlaps of its files, with one block in memory. Offsets
// that no file covers are told as a gap, never passed over silently.

import type { LogRecord, TopicPartition } from '../api/index.ts';
import { ContainerReader, DamagedFileError } from './avro-container.ts';
import { type HistoryFile, parseFileName } from './file-names.ts';
import { fromHistory, historyType } from './history-record.ts';
import type { ObjectStore } from './object-store.ts';
import { schemasText } from './value-schemas.ts';

/** All files of a partition. */
export interface PartitionFiles extends TopicPartition {
  /** By first offset, then by last. */
  readonly files: readonly HistoryFile[];
  /** Offset after the last that a file covers. */
  readonly end: number;
}

/** Part of a partition's history. */
export interface HistoryPart {
  /** In offset order, at least one. Values share the memory of the part. */
  readonly records: readonly LogRecord[];
  /** Schemas of the values, for `decodeSchemas`. */
  readonly schemas: string;
}

/** Everything that a store holds, by topic and partition. Objects that are no history files are left out. */
export async function listHistory(store: ObjectStore): Promise<PartitionFiles[]> {
  const partitions = new Map<string, { topic: string; partition: number; files: HistoryFile[]; end: number }>();
  for await (const page of store.list('')) {
    for (const object of page) {
      const file = parseFileName(object);
      if (file === undefined) continue;
      const { topic, partition } = file;
      const key = `${topic}/${partition}`;
      let known = partitions.get(key);
      if (known === undefined) {
        known = { topic, partition, files: [], end: 0 };
        partitions.set(key, known);
      }
      known.files.push(file);
      known.end = Math.max(known.end, file.last + 1);
    }
  }
  for (const { files } of partitions.values()) files.sort((a, b) => a.first - b.first || a.last - b.last);
  return [...partitions.values()].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  );
}

/**
 * Records of a partition from offset `from` to `end` (exclusive).
 * @param gap hears of offsets that no file covers: the first of them, and the one after the last.
 * @throws {DamagedFileError} with the file's name.
 */
export async function* readHistory(
  store: ObjectStore,
  { files }: PartitionFiles,
  range: { readonly from: number; readonly end: number },
  gap: (from: number, to: number) => void,
): AsyncGenerator<HistoryPart, void, undefined> {
  const { end } = range;
  // What lies before the first file was never archived.
  let next = Math.max(range.from, files[0]?.first ?? 0);
  for (const file of files) {
    if (file.last < next) continue;
    if (next >= end) return;
    if (file.first > next) gap(next, Math.min(file.first, end));
    next = Math.max(next, file.first);
    for await (const part of partsOf(store, file)) {
      const from = next;
      const records = part.records.filter(({ offset }) => offset >= from && offset < end);
      if (records.length === 0) continue;
      next = records.at(-1)!.offset + 1;
      yield { records, schemas: part.schemas };
    }
    next = Math.max(next, file.last + 1);
  }
}

/** The blocks of a file. */
async function* partsOf(store: ObjectStore, file: HistoryFile): AsyncGenerator<HistoryPart, void, undefined> {
  const reader = new ContainerReader((start, end) => store.read(file.name, start, end), historyType);
  try {
    const schemas = schemasText(await reader.open());
    let last = file.first - 1;
    for (let block = await reader.block(); block !== undefined; block = await reader.block()) {
      const records = block.map(fromHistory);
      for (const { topic, partition, offset } of records) {
        if (topic !== file.topic || partition !== file.partition || offset <= last || offset > file.last)
          throw new DamagedFileError('its records are not those that its name says');
        last = offset;
      }
      yield { records, schemas };
    }
    if (last !== file.last) throw new DamagedFileError('it ends before the offset that its name says');
  } catch (cause) {
    if (!(cause instanceof DamagedFileError)) throw cause;
    throw new DamagedFileError(`history file ${file.name} is damaged: ${cause.message}`, { cause });
  }
}
