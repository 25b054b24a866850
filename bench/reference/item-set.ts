// Some items, as one record: ( id length u8, id )*.

import type { ItemIds } from './item-ids.ts';

export function encodeItems(items: readonly number[], { arena, starts }: ItemIds): Uint8Array {
  let length = 0;
  for (const item of items) length += 1 + starts[item + 1]! - starts[item]!;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const item of items) {
    const to = starts[item + 1]!;
    bytes[at++] = to - starts[item]!;
    for (let k = starts[item]!; k < to; k++) bytes[at++] = arena[k]!;
  }
  return bytes;
}

/** @throws {RangeError} when the bytes end too early. */
export function readItems(bytes: Uint8Array, ids: ItemIds, into: Set<number>): void {
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]!) {
    if (at + 1 + bytes[at]! > bytes.length) throw new RangeError('the bytes end too early');
    into.add(ids.ofBytes(bytes, at + 1, bytes[at]!));
  }
}
