// Similar items: dealt with in one session, in either order, m = f + b against F + B and the partner's n. Row scores for the rest.

import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import { rowScores } from './row-scores.ts';

/** Scores by position in the record, 0 to 1, at a time (epoch ms). */
export function similarScores(record: NeighbourRecord, index: ItemIndex, atMs: number): Float64Array {
  const denseIds = index.partnersOf(record);
  const masses = new Float64Array(denseIds.length);
  for (let i = 0; i < masses.length; i++) masses[i] = record.f[i]! + record.b[i]!;
  const total = record.forward + record.backward;
  const factor = 2 ** ((record.landmarkMs - atMs) / index.halfLifeMs);
  return rowScores({ masses, total, factor, counts: index.n, countFactor: index.factorAt(atMs) }, denseIds);
}
