// What is decoded of an entry stays with it. The reader gives the same entry for the same version of a key, so a value is decoded once and not
// for every answer.
import type { StoredEntry } from '../../lists/index.ts';

const DECODED = Symbol('decoded');

/** The entry's value, by `decode` at the first time. A key is always decoded by the same function. */
export function decodedOnce<V>(entry: StoredEntry & { [DECODED]?: V }, decode: (value: Uint8Array) => V): V {
  if (!Object.hasOwn(entry, DECODED)) entry[DECODED] = decode(entry.value);
  return entry[DECODED] as V;
}
