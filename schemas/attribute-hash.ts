// The number of an item's attribute: what cards and exclusions hold of it, so that neither grows with the texts.

import { itemHash } from './item-hash.ts';

/** A 53-bit hash of an attribute's name and value. The length of the name keeps `a` `bc` and `ab` `c` apart. */
export function attributeHash(name: string, value: string): number {
  return itemHash(`${name.length}:${name}${value}`);
}
