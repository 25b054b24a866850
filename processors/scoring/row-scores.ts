// Scores of an item's own row: related(j) = m_ij / ((M_i + 20)^0.75 · (c_j + 20)^0.5), divided by the best of the row. The masses
// are brought to the list's time by one factor first. `similar` and `bought-together` differ in what m, M and c are.

import { SHRINKAGE } from './f1.ts';

/** Exponents: 0.75 for the row's owner, 0.5 for the partner, as in F1. */
const OWNER_EXPONENT = 0.75;

/** One kind of mass of a row, by position in the row, and what it is compared with. */
export interface RowMass {
  /** m_ij by position; a position with 0 or less is no candidate. */
  readonly masses: ArrayLike<number>;
  /** M_i: the sum, evicted partners included. */
  readonly total: number;
  /** What brings `masses` and `total` to the list's time. */
  readonly factor: number;
  /** c_j by dense id. */
  readonly counts: Float64Array;
  /** What brings `counts` to the list's time. */
  readonly countFactor: number;
}

/** Score of each position of a row, 0 to 1, the best 1; 0 where the position is no candidate. */
export function rowScores(row: RowMass, denseIds: Int32Array): Float64Array {
  const scores = new Float64Array(denseIds.length);
  const owner = row.factor * (row.factor * Math.max(0, row.total) + SHRINKAGE) ** -OWNER_EXPONENT;
  let highest = 0;
  for (let i = 0; i < denseIds.length; i++) {
    const mass = row.masses[i]!;
    if (mass <= 0) continue;
    const score = (owner * mass) / Math.sqrt(row.counts[denseIds[i]!]! * row.countFactor + SHRINKAGE);
    scores[i] = score;
    if (score > highest) highest = score;
  }
  if (highest > 0) for (let i = 0; i < scores.length; i++) scores[i]! /= highest;
  return scores;
}
