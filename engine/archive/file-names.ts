// Names of history files: `<topic>/<partition>/<first>-<last>.avro`, offsets with 20 digits so that names sort as offsets do. A file
// covers all offsets from first to last, the holes of the log included (marks of transactions, what compaction left out): a
// file's first is one more than the last of the file before, unless something is really missing.

import type { TopicPartition } from '../api/index.ts';
import type { StoredObject } from './object-store.ts';

/** A file of a partition's history. */
export interface HistoryFile extends TopicPartition {
  readonly name: string;
  readonly bytes: number;
  /** Offsets that it covers, both inclusive. */
  readonly first: number;
  readonly last: number;
}

const DIGITS = 20;
const NAME = /^([A-Za-z0-9._-]+)\/(\d{1,9})\/(\d{20})-(\d{20})\.avro$/;

const digits = (offset: number) => String(offset).padStart(DIGITS, '0');

/** What the names of a partition's files begin with. */
export const partitionPrefix = ({ topic, partition }: TopicPartition) => `${topic}/${partition}/`;

/** Name of the file that covers `first` to `last`, both inclusive. */
export const fileName = (place: TopicPartition, first: number, last: number) =>
  `${partitionPrefix(place)}${digits(first)}-${digits(last)}.avro`;

/** Comes before the names of all files whose first offset is `first` or more, and after all others. */
export const nameBefore = (place: TopicPartition, first: number) => `${partitionPrefix(place)}${digits(first)}`;

/** What a name says; `undefined` for an object that is no history file. */
export function parseFileName({ name, bytes }: StoredObject): HistoryFile | undefined {
  const [, topic, partition, firstText, lastText] = NAME.exec(name) ?? [];
  if (topic === undefined) return undefined;
  const first = Number(firstText);
  const last = Number(lastText);
  if (!Number.isSafeInteger(last) || first > last) return undefined;
  return { topic, partition: Number(partition), first, last, name, bytes };
}
