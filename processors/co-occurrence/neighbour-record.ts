// What of a row is published to `neighbours`.

import { itemHash } from '../../schemas/item-hash.ts';
import { landmarkAt, rebaseFactor } from '../decay.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import type { ItemRow } from './item-row.ts';
import { heaviestEntries } from './row-update.ts';

/** Partners that are published: about 1 kB, of which every instance keeps a copy. */
export const PUBLISHED_PARTNERS = 48;

/**
 * The record of a row: its totals and its heaviest partners, in order of their hashes. The masses are brought to the landmark of the newest
 * event, where binary32 holds them.
 */
export function neighbourRecordOf(itemId: string, row: ItemRow, halfLifeMs: number): NeighbourRecord {
  const landmarkMs = landmarkAt(row.asOf.at, halfLifeMs);
  const factor = rebaseFactor(row.landmarkMs, landmarkMs, halfLifeMs);
  const entries = heaviestEntries(row, PUBLISHED_PARTNERS);
  const size = entries.length;
  const partners = new Float64Array(size);
  const f = new Float32Array(size);
  const b = new Float32Array(size);
  const o = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const entry = entries[i]!;
    partners[i] = row.hashes[entry]!;
    f[i] = row.f[entry]! * factor;
    b[i] = row.b[entry]! * factor;
    o[i] = row.o[entry]! * factor;
  }
  return {
    itemId,
    hash: itemHash(itemId),
    landmarkMs,
    n: row.n * factor,
    p: row.p * factor,
    forward: row.forward * factor,
    backward: row.backward * factor,
    together: row.together * factor,
    lastSeenMs: row.lastSeenMs,
    repeatRate: row.n > 0 ? Math.fround(Math.min(1, row.repeats / row.n)) : 0,
    vector: new Int8Array(0),
    vectorScale: 0,
    partners,
    f,
    b,
    o,
    resolved: undefined,
  };
}
