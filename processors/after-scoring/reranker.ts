// The port through which a shop puts a model of its own behind the scoring: it is given what is known of each candidate, as numbers, and
// gives each a new score. See examples/onnx-reranker for one that runs a gradient-boosted model.
//
// A reranker answers at once and the same for the same numbers: lists are made in the middle of a batch and are made again from
// state after a crash. One that has to wait for something waits inside (as the example does for its worker).

/** What a reranker is told of a candidate, in this order. */
export const RERANK_FEATURES = [
  /** Score so far; the best candidate's is usually about 1. */
  'score',
  /** Parts of it: related items, content and search, preferences, popularity. */
  'related',
  'content',
  'preference',
  'popular',
  /** Decayed interactions of the item. */
  'interactions',
  /** Days since its last interaction; 3650 where there was none. */
  'ageDays',
  /** Natural logarithm of its price; 0 where it has none. */
  'logPrice',
  /** Place so far, from 0. */
  'place',
] as const;

/** Scores candidates anew. */
export interface Reranker {
  /** Name and version of the model, for reasons and logs. */
  readonly name: string;
  /**
   * A new score for each candidate, finite, 0 or more, higher is better.
   * @param features {@link RERANK_FEATURES} of each candidate, one after the other.
   * @param count number of candidates, 1 or more.
   */
  score(features: Float32Array, count: number): Float32Array;
}
