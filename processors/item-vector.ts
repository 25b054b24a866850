// The vector of an item, a sparse random projection of its co-occurrence row (random indexing: Kanerva, Kristofersson, Holst 2000;
// Sahlgren 2005), computed when the row is published:
//
//   c_i = Σ_j (f_ij + b_ij) · r(j) / √(n_j + 1) + 0.3 √(n_i + 1) · r(i)
//
// r is the fixed signature of user-vector.ts. A function of the row and of the partners' counts: it has no state of its own, and what
// is taken back from a row is gone from the vector with the next publication. Items with common partners point the same way.

import { DIMENSIONS, SIGNATURE_ENTRIES, signatureOf } from './user-vector.ts';

/** What the item's own signature counts. At 1 it drowns the partners': the hit rate loses one point. */
const OWN_WEIGHT = 0.3;
/** Largest component of a quantised vector. */
const QUANTISED_MAX = 127;

/** A vector, component = value × scale. */
export interface QuantisedVector {
  readonly vector: Int8Array;
  readonly scale: number;
}

const sums = new Float64Array(DIMENSIONS);
const signature = new Int32Array(SIGNATURE_ENTRIES);

/** Gathers a vector: `begin`, then `add` for each partner, then `finish`. */
export const itemVector = {
  begin(): void {
    sums.fill(0);
  },

  /** @param mass f + b. @param n decayed interactions of the partner, 0 where they are not known. */
  add(hash: number, mass: number, n: number): void {
    addSignature(hash, mass / Math.sqrt(n + 1));
  },

  finish(ownHash: number, ownN: number): QuantisedVector {
    addSignature(ownHash, OWN_WEIGHT * Math.sqrt(ownN + 1));
    let greatest = 0;
    for (let d = 0; d < DIMENSIONS; d++) greatest = Math.max(greatest, Math.abs(sums[d]!));
    const vector = new Int8Array(DIMENSIONS);
    if (greatest === 0) return { vector, scale: 0 };
    for (let d = 0; d < DIMENSIONS; d++) vector[d] = Math.round((sums[d]! * QUANTISED_MAX) / greatest);
    return { vector, scale: Math.fround(greatest / QUANTISED_MAX) };
  },
};

function addSignature(hash: number, weight: number): void {
  signatureOf(hash, signature);
  for (let e = 0; e < SIGNATURE_ENTRIES; e++) {
    const entry = signature[e]!;
    if (entry > 0) sums[entry - 1]! += weight;
    else sums[-entry - 1]! -= weight;
  }
}
