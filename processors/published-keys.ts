// The keys that a processor has published, read from one of its stores. Pages are read whole before their keys are handed out, so
// that commits may lie between two keys: a page begins behind the last key of the one before, whatever has come or gone since.

import type { KeyValueStore } from '../engine/api/index.ts';

/** Entries read at a time: 64 rows of 2 kB are decoded in about 2 ms. */
const PAGE_ENTRIES = 64;

/** All keys that `keysOf` finds in the entries of a store, in the order of the entries. */
export function* publishedKeys<V>(
  store: KeyValueStore<V>,
  keysOf: (key: string, value: V) => readonly string[],
): Generator<string> {
  for (let after: string | undefined; ; ) {
    const keys: string[] = [];
    let entries = 0;
    for (const [key, value] of store.scan({ limit: PAGE_ENTRIES, ...(after !== undefined && { after }) })) {
      entries++;
      after = key;
      for (const published of keysOf(key, value)) keys.push(published);
    }
    yield* keys;
    if (entries < PAGE_ENTRIES) return;
  }
}
