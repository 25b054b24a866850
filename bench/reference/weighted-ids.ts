// Weighted ids as bytes: ( weight f32 | id length u8, id )*. What rows and neighbours consist of.

import type { ItemIds } from './item-ids.ts';

/** Most that an entry takes. */
export const MAX_ENTRY_BYTES = 5 + 255;

const float = new Float32Array(1);
const floatBytes = new Uint8Array(float.buffer);
const NOTHING: Expected = { items: new Int32Array(0), from: 0, count: 0 };

/** Writes an entry and returns the place after it. */
export function writeEntry(into: Uint8Array, start: number, ids: ItemIds, item: number, weight: number): number {
  const { arena, starts } = ids;
  const from = starts[item]!;
  const to = starts[item + 1]!;
  float[0] = weight;
  into[start] = floatBytes[0]!;
  into[start + 1] = floatBytes[1]!;
  into[start + 2] = floatBytes[2]!;
  into[start + 3] = floatBytes[3]!;
  into[start + 4] = to - from;
  let at = start + 5;
  for (let k = from; k < to; k++) into[at++] = arena[k]!;
  return at;
}

/** What is expected to be read: `count` items from place `from` on, most of them, in this order. */
export interface Expected {
  items: Int32Array;
  from: number;
  count: number;
}

/**
 * Reads `count` entries from `start` on and returns the place after them. An expected item is known without being looked up.
 * @throws {RangeError} when the bytes end too early.
 */
export function readEntries(
  bytes: Uint8Array,
  start: number,
  count: number,
  ids: ItemIds,
  items: Int32Array,
  weights: Float32Array,
  expected: Expected = NOTHING,
): number {
  let at = start;
  let next = expected.from;
  const end = next + expected.count;
  for (let i = 0; i < count; i++) {
    if (at + 5 > bytes.length || at + 5 + bytes[at + 4]! > bytes.length)
      throw new RangeError('the bytes end too early');
    floatBytes[0] = bytes[at]!;
    floatBytes[1] = bytes[at + 1]!;
    floatBytes[2] = bytes[at + 2]!;
    floatBytes[3] = bytes[at + 3]!;
    weights[i] = float[0]!;
    const length = bytes[at + 4]!;
    // One that has moved up is met early, and its old place is passed over.
    if (next < end && ids.is(expected.items[next]!, bytes, at + 5, length)) items[i] = expected.items[next++]!;
    else if (next + 1 < end && ids.is(expected.items[next + 1]!, bytes, at + 5, length)) {
      items[i] = expected.items[next + 1]!;
      next += 2;
    } else items[i] = ids.ofBytes(bytes, at + 5, length);
    at += 5 + length;
  }
  return at;
}
