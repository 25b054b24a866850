// The entries of a row as objects, for what reads them rarely.

import { B, ENTRY_NUMBERS, F, HASH, type ItemRow, O } from '../../processors/co-occurrence/item-row.ts';

/** In order of their hashes. */
export function entriesOf({ size, entries }: ItemRow) {
  return Array.from({ length: size }, (_, i) => {
    const at = ENTRY_NUMBERS * i;
    return { hash: entries[at + HASH]!, f: entries[at + F]!, b: entries[at + B]!, o: entries[at + O]! };
  });
}
