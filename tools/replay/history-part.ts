// Which part of a history a replay reads. History grows while it is replayed, so the part is fixed at the start, by offsets: they
// name the same records whatever files are added. Text form: {"from":{"clicks/0":0},"end":{"clicks/0":812}}, end exclusive.
import type { PartitionFiles } from '../../engine/archive/index.ts';
import { ReplayFileError } from './reader.ts';

/** Offsets by `topic/partition`. */
type Offsets = Readonly<{ [place: string]: number }>;

/** See the head of the file. A partition that `from` does not name begins at its first file. */
export interface PartOfHistory {
  readonly from: Offsets;
  readonly end: Offsets;
}

/** Key of a partition in {@link PartOfHistory}. */
export const placeOf = ({ topic, partition }: PartitionFiles) => `${topic}/${partition}`;

/**
 * The part to read: everything the first time, the same again after an interruption, what is new after a replay that is done.
 * @throws {ReplayFileError} when history no longer reaches as far as the part.
 */
export function partToRead(
  partitions: readonly PartitionFiles[],
  earlier: { readonly part: string; readonly isDone: boolean } | undefined,
): PartOfHistory {
  const present = Object.fromEntries(partitions.map((partition) => [placeOf(partition), partition.end]));
  if (earlier === undefined) return { from: {}, end: present };
  const before = JSON.parse(earlier.part) as PartOfHistory;
  for (const [place, end] of Object.entries(before.end)) {
    if ((present[place] ?? 0) < end)
      throw new ReplayFileError(
        `the history of ${place} ends before offset ${end}, to which an earlier replay has read it`,
      );
  }
  const isNew = Object.entries(present).some(([place, end]) => end > (before.end[place] ?? 0));
  return earlier.isDone && isNew ? { from: before.end, end: present } : before;
}
