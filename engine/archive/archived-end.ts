// How far the history of a partition reaches, from a few listings. A writer stores the files of a partition one after the other and
// begins where the files before it end, so everything below the last offset of the file with the highest first offset is there.
// Another file may reach further (a former owner's): what is written again then is the same, and readers take it once.

import type { TopicPartition } from '../api/index.ts';
import { nameBefore, parseFileName, partitionPrefix } from './file-names.ts';
import type { ObjectStore } from './object-store.ts';

/** Offsets before the task's position that are looked at first: history is seldom further behind than that. */
const FIRST_WINDOW = 100_000;
/** Each further look goes so many times further back. */
const GROWTH = 16;

/**
 * Offset after the last that is archived; `undefined` when nothing is.
 * @param near where it probably is: the search begins there.
 */
export async function archivedEnd(
  store: ObjectStore,
  place: TopicPartition,
  near: number,
): Promise<number | undefined> {
  for (let window = FIRST_WINDOW; ; window *= GROWTH) {
    const from = Math.max(0, near - window);
    const end = await endOfThoseFrom(store, place, from);
    if (end !== undefined || from === 0) return end;
  }
}

async function endOfThoseFrom(store: ObjectStore, place: TopicPartition, first: number): Promise<number | undefined> {
  let end: number | undefined;
  let highest = -1;
  for await (const page of store.list(partitionPrefix(place), nameBefore(place, first))) {
    for (const object of page) {
      const file = parseFileName(object);
      if (file === undefined) continue;
      // Of several with the same first offset the one that reaches furthest comes last.
      if (file.first >= highest) end = file.last + 1;
      highest = Math.max(highest, file.first);
    }
  }
  return end;
}
