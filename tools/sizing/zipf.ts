// Popularity after Zipf: the k-th most popular of n has a share in proportion to k^-s. Shops' items and visitors are like that with s near 1
// (items) and below (visitors, of whom none is everybody).

/** Shares of the n most popular, largest first; they sum to 1. @param s 0 (all alike) or more. */
export function zipfShares(n: number, s: number): Float64Array {
  const shares = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < n; k++) {
    shares[k] = (k + 1) ** -s;
    sum += shares[k]!;
  }
  for (let k = 0; k < n; k++) shares[k]! /= sum;
  return shares;
}

/**
 * How many different ones are met on average when so many are drawn: Σ 1 − exp(−draws · share). Above `EXACT` ranks in steps of a thousandth of
 * the rank, within which shares differ by as little.
 */
export function distinctDrawn(n: number, s: number, draws: number): number {
  const sum = harmonic(n, s);
  let distinct = 0;
  for (let k = 1; k <= n; ) {
    const width = k < EXACT ? 1 : Math.min(Math.ceil(k / 1_000), n - k + 1);
    const share = (k + width / 2 - 0.5) ** -s / sum;
    distinct += width * -Math.expm1(-draws * share);
    k += width;
  }
  return distinct;
}

/** Share of the most popular of n. */
export const topShare = (n: number, s: number): number => 1 / harmonic(n, s);

const EXACT = 10_000;

/** Σ k^-s for k from 1 to n: the first ranks exactly, the rest by the integral (Euler–Maclaurin, first terms). */
function harmonic(n: number, s: number): number {
  let sum = 0;
  const exact = Math.min(n, EXACT);
  for (let k = 1; k <= exact; k++) sum += k ** -s;
  if (n === exact) return sum;
  const integral = s === 1 ? Math.log(n / exact) : (n ** (1 - s) - exact ** (1 - s)) / (1 - s);
  return sum + integral + (n ** -s - exact ** -s) / 2;
}
