// Adds deltas to a row within its bound: work is O(entries of the delta · log of the row) plus a sort when the row is cut.

import { addMass, movedLandmark, RECENT_SHARE, rebaseFactor } from '../decay.ts';
import { advanceAsOf } from '../profile/as-of.ts';
import { B, ENTRY_NUMBERS, F, HASH, type ItemRow, O } from './item-row.ts';
import type { PairDeltas, RowDelta } from './pair-deltas.ts';

/** Partners that a cut keeps (M of F1). At half of it the hit rate loses 0.1 points, at double it gains none. */
export const ROW_ENTRIES = 100;
/** A row grows to this before it is cut, so that a cut is paid for by many additions. */
export const ROW_GROWN_ENTRIES = ROW_ENTRIES * 1.25;

/** Room of a row with its first entry; it doubles when it is full. */
const FIRST_ENTRIES = 8;

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
    entries: new Float64Array(0),
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
    let at = placeOf(row, hash);
    if (at < 0) {
      if (f <= 0 && b <= 0 && o <= 0) {
        dropped += (f < 0 ? 1 : 0) + (b < 0 ? 1 : 0) + (o < 0 ? 1 : 0);
        continue;
      }
      at = ~at;
      insertEntry(row, at, hash);
    }
    const own = row.entries;
    dropped += addTo(own, at + F, f) + addTo(own, at + B, b) + addTo(own, at + O, o);
    hasEmpty ||= own[at + F] === 0 && own[at + B] === 0 && own[at + O] === 0;
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
  const { size, entries: own } = row;
  const entries = new Int32Array(Math.min(size, most));
  if (size <= most) {
    for (let entry = 0; entry < size; entry++) entries[entry] = entry;
    return entries;
  }
  const weights = new Float64Array(size);
  for (let entry = 0, at = 0; entry < size; entry++, at += ENTRY_NUMBERS)
    weights[entry] = own[at + F]! + own[at + B]! + own[at + O]!;
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

function addTo(entries: Float64Array, at: number, amount: number): 0 | 1 {
  const mass = entries[at]!;
  if (amount < 0 && mass === 0) return 1;
  entries[at] = addMass(mass, amount);
  return 0;
}

/** Where the entry of a hash begins, or ~ of where it belongs. */
function placeOf({ size, entries }: ItemRow, hash: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = entries[ENTRY_NUMBERS * middle + HASH]!;
    if (found === hash) return ENTRY_NUMBERS * middle;
    if (found < hash) low = middle + 1;
    else high = middle;
  }
  return ~(ENTRY_NUMBERS * low);
}

function insertEntry(row: ItemRow, at: number, hash: number): void {
  const end = ENTRY_NUMBERS * row.size;
  if (end === row.entries.length) {
    const larger = new Float64Array(Math.max(FIRST_ENTRIES * ENTRY_NUMBERS, 2 * end));
    larger.set(row.entries);
    row.entries = larger;
  }
  const { entries } = row;
  entries.copyWithin(at + ENTRY_NUMBERS, at, end);
  entries[at + HASH] = hash;
  entries[at + F] = 0;
  entries[at + B] = 0;
  entries[at + O] = 0;
  row.size++;
}

/** Entries that hold anything. */
function fullEntries({ size, entries }: ItemRow): number[] {
  const full: number[] = [];
  for (let entry = 0, at = 0; entry < size; entry++, at += ENTRY_NUMBERS) {
    if (entries[at + F] !== 0 || entries[at + B] !== 0 || entries[at + O] !== 0) full.push(entry);
  }
  return full;
}

/** Drops all entries but these, which ascend. */
function keepEntries(row: ItemRow, kept: ArrayLike<number>): void {
  const { entries } = row;
  for (let i = 0; i < kept.length; i++)
    for (let n = 0; n < ENTRY_NUMBERS; n++) entries[ENTRY_NUMBERS * i + n] = entries[ENTRY_NUMBERS * kept[i]! + n]!;
  row.size = kept.length;
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
  const { size, entries } = row;
  for (let at = 0; at < ENTRY_NUMBERS * size; at += ENTRY_NUMBERS) {
    entries[at + F] = entries[at + F]! * factor;
    entries[at + B] = entries[at + B]! * factor;
    entries[at + O] = entries[at + O]! * factor;
  }
}
