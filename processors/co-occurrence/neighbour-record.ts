// What of a row is published to `neighbours`.

import { itemHash } from '../../schemas/item-hash.ts';
import { landmarkAt, rebaseFactor, recentFactor } from '../decay.ts';
import { itemVector, type QuantisedVector } from '../item-vector.ts';
import { type NeighbourRecord, roundedMass } from '../neighbours.ts';
import { B, ENTRY_NUMBERS, F, HASH, type ItemRow, O } from './item-row.ts';
import { heaviestEntries } from './row-update.ts';

/** Partners that are published: at most 1.2 kB, of which every instance keeps a copy. */
export const PUBLISHED_PARTNERS = 100;

/** Decayed interactions of an item by its hash, at a time (epoch ms); 0 where it is not known. */
export type CountOf = (hash: number, atMs: number) => number;

/**
 * The record of a row: its totals, its heaviest partners in order of their hashes, and the vector that the whole row makes. The masses
 * are brought to the landmark of the newest event and rounded as the record's bytes hold them, so that a record is the same before and
 * after it was written.
 */
export function neighbourRecordOf(itemId: string, row: ItemRow, halfLifeMs: number, countOf: CountOf): NeighbourRecord {
  const landmarkMs = landmarkAt(row.asOf.at, halfLifeMs);
  const factor = rebaseFactor(row.landmarkMs, landmarkMs, halfLifeMs);
  const heaviest = heaviestEntries(row, PUBLISHED_PARTNERS);
  const size = heaviest.length;
  const partners = new Float64Array(size);
  const f = new Float32Array(size);
  const b = new Float32Array(size);
  const o = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const at = ENTRY_NUMBERS * heaviest[i]!;
    partners[i] = row.entries[at + HASH]!;
    f[i] = roundedMass(row.entries[at + F]! * factor);
    b[i] = roundedMass(row.entries[at + B]! * factor);
    o[i] = roundedMass(row.entries[at + O]! * factor);
  }
  const hash = itemHash(itemId);
  const { vector, scale } = vectorOf(row, hash, factor, landmarkMs, countOf);
  return {
    itemId,
    hash,
    landmarkMs,
    n: Math.fround(row.n * factor),
    recent: Math.fround(row.recent * recentFactor(factor)),
    p: Math.fround(row.p * factor),
    forward: Math.fround(row.forward * factor),
    backward: Math.fround(row.backward * factor),
    together: Math.fround(row.together * factor),
    lastSeenMs: row.lastSeenMs,
    repeatRate: row.n > 0 ? Math.fround(Math.min(1, row.repeats / row.n)) : 0,
    vector,
    vectorScale: scale,
    partners,
    f,
    b,
    o,
    resolved: undefined,
  };
}

function vectorOf(row: ItemRow, hash: number, factor: number, landmarkMs: number, countOf: CountOf): QuantisedVector {
  itemVector.begin();
  const { size, entries } = row;
  for (let at = 0; at < ENTRY_NUMBERS * size; at += ENTRY_NUMBERS) {
    const mass = (entries[at + F]! + entries[at + B]!) * factor;
    if (mass > 0) itemVector.add(entries[at + HASH]!, mass, countOf(entries[at + HASH]!, landmarkMs));
  }
  return itemVector.finish(hash, row.n * factor);
}
