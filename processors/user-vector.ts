// The user vector: a forward-decayed sum of the fixed, sparse signatures of the items that a visitor dealt with (random
// indexing: Kanerva, Kristofersson, Holst 2000; Sahlgren 2005). A sum of signatures is free of order and invertible: a return
// subtracts its item at the original time.
//
// A signature has 4 entries of +1 or -1 among 64 dimensions, derived from the item's 53-bit hash. Two items meet in a dimension
// by chance in about a quarter of the cases, with random sign, so vectors of unrelated items are nearly orthogonal on average.

import { itemHash } from '../schemas/item-hash.ts';
import { addSigned, landmarkAt, movedLandmark, rebaseFactor, weightAt } from './decay.ts';
import type { UserVector } from './profile/profile.ts';

/** Dimensions of a vector, a power of two. At half of it chance meetings double; at double a stored vector does. */
export const DIMENSIONS = 64;
/** Entries of a signature that are not 0. */
export const SIGNATURE_ENTRIES = 4;

const scratch = new Int32Array(SIGNATURE_ENTRIES);

/**
 * Signature of an item as {@link SIGNATURE_ENTRIES} numbers, written to `out`: dimension + 1, negative where the entry is -1. The
 * dimensions differ. Part of the stored format: it may never change.
 */
export function signatureOf(hash: number, out: Int32Array): void {
  // Steps of the splitmix32 kind over both halves of the hash.
  let state = (hash | 0) ^ Math.imul(Math.floor(hash / 0x1_0000_0000), 0x9e3779b1);
  for (let count = 0; count < SIGNATURE_ENTRIES; ) {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    mixed ^= mixed >>> 15;
    const dimension = (mixed & (DIMENSIONS - 1)) + 1;
    let isTaken = false;
    for (let i = 0; i < count; i++) isTaken ||= Math.abs(out[i]!) === dimension;
    if (!isTaken) out[count++] = mixed < 0 ? -dimension : dimension;
  }
}

/** Adds an item to a vector (made at its first item) with a weight, which may be negative, at an event time. */
export function addToVector(
  vector: UserVector | undefined,
  item: string,
  weight: number,
  atMs: number,
  halfLifeMs: number,
): UserVector {
  const sums = vector?.sums ?? new Float64Array(DIMENSIONS);
  let landmarkMs = vector?.landmarkMs ?? landmarkAt(atMs, halfLifeMs);
  const moved = movedLandmark(landmarkMs, atMs, halfLifeMs);
  if (moved !== landmarkMs) {
    const factor = rebaseFactor(landmarkMs, moved, halfLifeMs);
    for (let i = 0; i < DIMENSIONS; i++) sums[i] = sums[i]! * factor;
    landmarkMs = moved;
  }
  const amount = weight * weightAt(atMs, landmarkMs, halfLifeMs);
  signatureOf(itemHash(item), scratch);
  for (let i = 0; i < SIGNATURE_ENTRIES; i++) {
    const entry = scratch[i]!;
    const dimension = Math.abs(entry) - 1;
    sums[dimension] = addSigned(sums[dimension]!, entry < 0 ? -amount : amount);
  }
  if (vector === undefined) return { landmarkMs, sums };
  vector.landmarkMs = landmarkMs;
  return vector;
}
