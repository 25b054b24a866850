// Adds deltas to a row within its bound: work is O(entries of the delta · log of the row) plus a sort when the row is cut.

import { addMass, movedLandmark, RECENT_SHARE, rebaseFactor } from '../decay.ts';
import { advanceAsOf } from '../profile/as-of.ts';
import type { ItemRow } from './item-row.ts';
import type { PairDeltas, RowDelta } from './pair-deltas.ts';

/** Partners that a cut keeps (M of F1). At half of it the hit rate loses 0.1 points, at double it gains none. */
export const ROW_ENTRIES = 100;
/** A row grows to this before it is cut, so that a cut is paid for by many additions. */
export const ROW_GROWN_ENTRIES = ROW_ENTRIES * 1.25;

/** The row of an item that gets its first delta. */
export function emptyRow(landmarkMs: number, first: RowDelta): ItemRow {
  return {
    landmarkMs,
    n: 0,
    recent: 0,
    p: 0,
    repeats: 0,
    forward: 0,
    backward: 0,
    together: 0,
    lastSeenMs: 0,
    asOf: advanceAsOf(undefined, first.newest),
    publishedAsOf: undefined,
    publishedAtMs: undefined,
    isWaiting: false,
    isBoughtWith: false,
    size: 0,
    hashes: new Float64Array(0),
    f: new Float64Array(0),
    b: new Float64Array(0),
    o: new Float64Array(0),
  };
}

/**
 * Adds a delta of a record in place; the record's hashes are NaN for items that are refused.
 * @returns how many masses were dropped: to be taken back, but absent (their partner was evicted).
 */
export function addRowDelta(
  row: ItemRow,
  delta: RowDelta,
  { landmarkMs, hashes, entries }: Pick<PairDeltas, 'landmarkMs' | 'hashes' | 'entries'>,
  halfLifeMs: number,
): number {
  const moved = movedLandmark(row.landmarkMs, landmarkMs, halfLifeMs);
  if (moved !== row.landmarkMs) scaleRow(row, rebaseFactor(row.landmarkMs, moved, halfLifeMs), moved);
  const factor = rebaseFactor(landmarkMs, row.landmarkMs, halfLifeMs);
  row.n = addMass(row.n, delta.n * factor);
  row.recent = addMass(row.recent, delta.recent * factor ** RECENT_SHARE);
  row.p = addMass(row.p, delta.p * factor);
  row.repeats = addMass(row.repeats, delta.repeats * factor);
  row.lastSeenMs = Math.max(row.lastSeenMs, delta.lastSeenMs);
  row.asOf = advanceAsOf(row.asOf, delta.newest);
  let dropped = 0;
  let hasEmpty = false;
  for (let i = delta.from; i < delta.to; i++) {
    const hash = hashes[entries.partners[i]!]!;
    if (Number.isNaN(hash)) continue;
    const f = entries.f[i]! * factor;
    const b = entries.b[i]! * factor;
    const o = entries.o[i]! * factor;
    row.forward = addMass(row.forward, f);
    row.backward = addMass(row.backward, b);
    row.together = addMass(row.together, o);
    if (o > 0) row.isBoughtWith = true;
    let entry = entryOf(row, hash);
    if (entry < 0) {
      if (f <= 0 && b <= 0 && o <= 0) {
        dropped += (f < 0 ? 1 : 0) + (b < 0 ? 1 : 0) + (o < 0 ? 1 : 0);
        continue;
      }
      entry = ~entry;
      insertEntry(row, entry, hash);
    }
    dropped += addTo(row.f, entry, f) + addTo(row.b, entry, b) + addTo(row.o, entry, o);
    hasEmpty ||= row.f[entry] === 0 && row.b[entry] === 0 && row.o[entry] === 0;
  }
  if (hasEmpty) keepEntries(row, fullEntries(row));
  if (row.size > ROW_GROWN_ENTRIES) keepEntries(row, heaviestEntries(row, ROW_ENTRIES));
  return dropped;
}

/**
 * The `most` heaviest entries of a row (by f + b + o; of equals the smaller hash first), in ascending order: a function of the row's
 * sums. Ascending, because what is kept stays sorted by hash; so only a threshold has to be found, on plain numbers.
 */
export function heaviestEntries(row: ItemRow, most: number): Int32Array {
  const { size, f, b, o } = row;
  const entries = new Int32Array(Math.min(size, most));
  if (size <= most) {
    for (let entry = 0; entry < size; entry++) entries[entry] = entry;
    return entries;
  }
  const weights = new Float64Array(size);
  for (let entry = 0; entry < size; entry++) weights[entry] = f[entry]! + b[entry]! + o[entry]!;
  const threshold = weights.slice().sort()[size - most]!;
  let atThreshold = most;
  for (let entry = 0; entry < size; entry++) if (weights[entry]! > threshold) atThreshold--;
  let count = 0;
  for (let entry = 0; entry < size; entry++) {
    const weight = weights[entry]!;
    if (weight > threshold || (weight === threshold && atThreshold-- > 0)) entries[count++] = entry;
  }
  return entries;
}

function addTo(masses: Float64Array, entry: number, amount: number): 0 | 1 {
  const mass = masses[entry]!;
  if (amount < 0 && mass === 0) return 1;
  masses[entry] = addMass(mass, amount);
  return 0;
}

/** Position of a hash, or ~position where it belongs. */
function entryOf(row: ItemRow, hash: number): number {
  let low = 0;
  let high = row.size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = row.hashes[middle]!;
    if (found === hash) return middle;
    if (found < hash) low = middle + 1;
    else high = middle;
  }
  return ~low;
}

function insertEntry(row: ItemRow, position: number, hash: number): void {
  if (row.size === row.hashes.length) {
    const capacity = Math.max(8, 2 * row.size);
    row.hashes = grown(row.hashes, capacity);
    row.f = grown(row.f, capacity);
    row.b = grown(row.b, capacity);
    row.o = grown(row.o, capacity);
  }
  const masses = [row.hashes, row.f, row.b, row.o] as const;
  for (const array of masses) {
    array.copyWithin(position + 1, position, row.size);
    array[position] = 0;
  }
  row.hashes[position] = hash;
  row.size++;
}

/** Entries that hold anything. */
function fullEntries({ size, f, b, o }: ItemRow): number[] {
  const entries: number[] = [];
  for (let entry = 0; entry < size; entry++) {
    if (f[entry] !== 0 || b[entry] !== 0 || o[entry] !== 0) entries.push(entry);
  }
  return entries;
}

/** Drops all entries but these, which ascend. */
function keepEntries(row: ItemRow, entries: ArrayLike<number>): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    row.hashes[i] = row.hashes[entry]!;
    row.f[i] = row.f[entry]!;
    row.b[i] = row.b[entry]!;
    row.o[i] = row.o[entry]!;
  }
  row.size = entries.length;
}

function scaleRow(row: ItemRow, factor: number, landmarkMs: number): void {
  row.landmarkMs = landmarkMs;
  row.n *= factor;
  row.recent *= factor ** RECENT_SHARE;
  row.p *= factor;
  row.repeats *= factor;
  row.forward *= factor;
  row.backward *= factor;
  row.together *= factor;
  for (let entry = 0; entry < row.size; entry++) {
    row.f[entry] = row.f[entry]! * factor;
    row.b[entry] = row.b[entry]! * factor;
    row.o[entry] = row.o[entry]! * factor;
  }
}

function grown(from: Float64Array, capacity: number): Float64Array {
  const to = new Float64Array(capacity);
  to.set(from);
  return to;
}
