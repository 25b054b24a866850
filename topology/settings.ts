// What can be set in the recommendation topology, with one default for all data.

import type { Metrics } from '../engine/api/index.ts';
import type { Reranker } from '../processors/after-scoring/reranker.ts';
import type { ItemListMaker } from '../processors/co-occurrence/list-maker.ts';
import type { Finding } from '../processors/content/nearest.ts';
import { DEFAULT_HALF_LIVES, type HalfLives } from '../processors/decay.ts';
import type { SegmentListMaker } from '../processors/popularity.ts';
import type { VisitorListMaker } from '../processors/profile/list-maker.ts';
import { DEFAULT_SIGNALS, type SignalTable } from '../processors/profile/signals.ts';
import type { VisitorRefresh } from '../processors/refresh/visitor-refresh.ts';
import { ItemLists } from '../processors/top-n/item-lists.ts';
import { SegmentLists } from '../processors/top-n/segment-lists.ts';
import { type ListMakerOptions, VisitorLists } from '../processors/top-n/visitor-lists.ts';
import type { SourceSerdes } from '../schemas/index.ts';
import { DEFAULT_TUNING, type ListTuning } from '../schemas/list-tuning.ts';

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
  /**
   * How the items nearest in content are found in a large catalog. `compared`, the default, is for replays: what a graph finds depends on
   * the order in which a process came to know of the items.
   */
  readonly nearestContent: Finding;
  /** What each signal weighs. */
  readonly signals: SignalTable;
  /** How much each source and each step counts in lists whose definition is not among the shop's settings. */
  readonly tuning: ListTuning;
  /** A model of the shop's that scores the candidates of visitors' lists anew. */
  readonly reranker: Reranker | undefined;
}

export const DEFAULT_LIST_SETTINGS: ListSettings = {
  halfLives: DEFAULT_HALF_LIVES,
  listLength: 40,
  neighboursIntervalMs: 1_000,
  segmentsIntervalMs: 1_000,
  refreshListsPerSecond: 0,
  nearestContent: 'compared',
  signals: DEFAULT_SIGNALS,
  tuning: DEFAULT_TUNING,
  reranker: undefined,
};

/** What the processors of a task have their lists made by. */
export interface ListMakers {
  /** @param refresh is told of every list that is made; `undefined` in a replay. */
  visitors(options: ListMakerOptions, refresh: VisitorRefresh | undefined): VisitorListMaker;
  items(options: ListMakerOptions): ItemListMaker;
  segments(options: ListMakerOptions): SegmentListMaker;
}

/** Those that publish. */
export const PUBLISHING_LISTS: ListMakers = {
  visitors: (options, refresh) => new VisitorLists(options, refresh),
  items: (options) => new ItemLists(options),
  segments: (options) => new SegmentLists(options),
};

/** What the topology is built from. */
export interface RecommendationOptions {
  readonly serdes: SourceSerdes;
  /** Number of tasks, among which the memory is shared out. */
  readonly partitions: number;
  /** Memory for decoded state over all tasks and stores, bytes. */
  readonly cacheMaxBytes: number;
  /** Processes among which the tasks are spread: each has the global stores for itself. @defaultValue 1 */
  readonly processes?: number;
  readonly metrics?: Metrics;
  readonly lists?: Partial<ListSettings>;
  /** An evaluation learns without publishing, and asks for the lists that it wants. @defaultValue {@link PUBLISHING_LISTS} */
  readonly listMakers?: ListMakers;
}

/** Shares of the memory, by how much a miss costs and how large the working set is. They sum to 1. */
export const CACHE_SHARES = {
  profiles: 0.27,
  rows: 0.29,
  waitingItems: 0.01,
  rankerState: 0.005,
  segments: 0.045,
  segmentItems: 0.01,
  publishedSegments: 0.03,
  cards: 0.02,
  ownCampaigns: 0.005,
  neighbours: 0.2,
  popular: 0.02,
  catalog: 0.075,
  campaigns: 0.005,
  settings: 0.005,
  ownSettings: 0.005,
  ranker: 0.005,
} as const;
