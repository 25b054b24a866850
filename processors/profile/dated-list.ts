// Bounded lists of distinct items in order of time.

import type { DatedItem } from './profile.ts';

/**
 * Puts an item where its time belongs (after others of the same time), with the later of its old time and `at`. Beyond `most`
 * the oldest goes, which may be the item itself. Returns the entry.
 */
export function putDated<E extends DatedItem>(list: E[], most: number, at: number, fresh: E): E {
  const old = list.findIndex(({ item }) => item === fresh.item);
  const entry = old < 0 ? fresh : list[old]!;
  if (old >= 0) list.splice(old, 1);
  if (at > entry.at) entry.at = at;
  let position = list.length;
  while (position > 0 && list[position - 1]!.at > entry.at) position--;
  list.splice(position, 0, entry);
  if (list.length > most) list.shift();
  return entry;
}

/** Takes an item out, if it is in. */
export function removeDated(list: DatedItem[], item: string): void {
  const position = list.findIndex((entry) => entry.item === item);
  if (position >= 0) list.splice(position, 1);
}
