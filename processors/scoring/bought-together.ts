// Items bought together: in one order, m = o against O and the partner's purchase mass p. Row scores for the rest.

import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import { rowScores } from './row-scores.ts';

/** Scores by position in the record, 0 to 1, at a time (epoch ms). */
export function boughtTogetherScores(record: NeighbourRecord, index: ItemIndex, atMs: number): Float64Array {
  const denseIds = index.partnersOf(record);
  const factor = 2 ** ((record.landmarkMs - atMs) / index.halfLifeMs);
  return rowScores(
    { masses: record.o, total: record.together, factor, counts: index.p, countFactor: index.factorAt(atMs) },
    denseIds,
  );
}
