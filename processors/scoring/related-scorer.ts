// What every scorer of related items offers: scores by dense id for the candidates of a query, and afterwards the parts of some of
// them by cause.

import type { NeighbourRecord } from '../neighbours.ts';
import type { QueryItem } from './f1.ts';

/**
 * Parts of a candidate behind those of the query items, in this order: what it gets for being in the session already, for what the
 * item is in itself (how popular, how new), and the constant of a model, the same for all candidates of a query.
 */
export const OTHER_PARTS = ['repeat', 'popular', 'model'] as const;

/** The times of a list, event time, epoch ms. */
export interface ListTimes {
  /** Of the newest event: where masses are compared. */
  readonly atMs: number;
  /** Of the making, `atMs` or later: what is valid then may be shown. */
  readonly shownAtMs: number;
}

/** Where the rows of items come from that are not in the query. */
export interface RowSource {
  recordOf(itemId: string): NeighbourRecord | undefined;
  /** Brings the records of items into memory with one multi-get. */
  loadRecords(itemIds: readonly string[]): void;
}

/** Scores the candidates of a query into arrays by dense id. One per task; not to be used by two queries at a time. */
export interface RelatedScorer {
  /** Name and version of the algorithm. */
  readonly algorithm: string;
  /** Scores by dense id after {@link score}, 0 for all that are not touched. Replaced when the index grows: do not keep. */
  readonly scores: Float64Array;
  /** Dense ids of the candidates; the first {@link touchedCount} count. */
  readonly touched: Int32Array;
  readonly touchedCount: number;
  /** Fills {@link scores} and {@link touched}. A scorer with a bound on its candidates fills it with items that may be shown. */
  score(query: readonly QueryItem[], times: ListTimes, rows: RowSource): void;
  /**
   * What the scores of some candidates are made of, for the query that was scored last: row k of the result holds, for candidate k,
   * one part for each query item in its order, and then {@link OTHER_PARTS}. A row's sum is the score.
   */
  parts(candidates: Int32Array, query: readonly QueryItem[], times: ListTimes, rows: RowSource): Float64Array;
}
