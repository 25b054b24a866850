// What every scorer of related items offers: scores by dense id for all candidates of a query, and afterwards the parts of some of
// them by cause.

import type { QueryItem } from './f1.ts';

/** Parts of a candidate behind those of the query items, in this order. */
export const OTHER_PARTS = ['repeat'] as const;

/** Scores all candidates of a query into arrays by dense id. One per task; not to be used by two queries at a time. */
export interface RelatedScorer {
  /** Name and version of the algorithm. */
  readonly algorithm: string;
  /** Scores by dense id after {@link score}, 0 for all that are not touched. Replaced when the index grows: do not keep. */
  readonly scores: Float64Array;
  /** Dense ids of the candidates; the first {@link touchedCount} count. */
  readonly touched: Int32Array;
  readonly touchedCount: number;
  /** Fills {@link scores} and {@link touched} for a query at a time (epoch ms). */
  score(query: readonly QueryItem[], atMs: number): void;
  /**
   * What the scores of some candidates are made of, for the query that was scored last: row k of the result holds, for candidate k,
   * one part for each query item in its order, and then {@link OTHER_PARTS}. A row's sum is the score.
   */
  parts(candidates: Int32Array, query: readonly QueryItem[], atMs: number): Float64Array;
}
