// The numbers of the reference workload, those of its Kafka Streams implementation.

/** Interactions that a user's history keeps. */
export const HISTORY = 20;
/** Interactions further apart make no pair, event time. */
export const HISTORY_WINDOW_MS = 24 * 3_600_000;
/** Neighbours that an item's row keeps. */
export const ROW_LIMIT = 200;
/** Neighbours that are published of a row. */
export const NEIGHBOURS = 50;
/** Items of a history that a user's list is made from, newest first. */
export const LIST_SOURCES = 10;
/** Items of a user's list. */
export const LIST_SIZE = 20;
/** What each older item of a history counts of the one before it. */
export const RECENCY = 0.8;
