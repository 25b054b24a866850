// What can be set in the recommendation topology, with one default for all data.

import type { Metrics } from '../engine/api/index.ts';
import { DEFAULT_HALF_LIVES, type HalfLives } from '../processors/decay.ts';
import type { SourceSerdes } from '../schemas/index.ts';

/** How lists are made. */
export interface ListSettings {
  readonly halfLives: HalfLives;
  /** Items of a stored list: two to three times what a page shows, because serving drops what may not be shown. */
  readonly listLength: number;
  /** Least stream time between two publications of an item's neighbours and lists, ms. */
  readonly neighboursIntervalMs: number;
  /** Least stream time between two publications of a segment's lists, ms. */
  readonly segmentsIntervalMs: number;
  /**
   * Lists of each kind that a task may make anew in a second because items, campaigns or neighbours changed. 0, the default, is for
   * replays: what is due lies in memory, so lists would not be a function of the log.
   */
  readonly refreshListsPerSecond: number;
}

export const DEFAULT_LIST_SETTINGS: ListSettings = {
  halfLives: DEFAULT_HALF_LIVES,
  listLength: 40,
  neighboursIntervalMs: 1_000,
  segmentsIntervalMs: 1_000,
  refreshListsPerSecond: 0,
};

/** What the topology is built from. */
export interface RecommendationOptions {
  readonly serdes: SourceSerdes;
  /** Number of tasks, among which the memory is shared out. */
  readonly partitions: number;
  /** Memory for decoded state over all tasks and stores, bytes. */
  readonly cacheMaxBytes: number;
  readonly metrics?: Metrics;
  readonly lists?: Partial<ListSettings>;
}

/** Shares of the memory, by how much a miss costs and how large the working set is. They sum to 1. */
export const CACHE_SHARES = {
  profiles: 0.27,
  rows: 0.29,
  waitingItems: 0.01,
  segments: 0.05,
  segmentItems: 0.01,
  publishedSegments: 0.03,
  cards: 0.02,
  ownCampaigns: 0.005,
  neighbours: 0.2,
  popular: 0.02,
  catalog: 0.08,
  campaigns: 0.005,
  settings: 0.005,
  ownSettings: 0.005,
} as const;
