// Every name of the recommendation topology: topics, nodes, stores, sinks and list definitions. Names are kept in logs, column
// families and keys, so they change with a migration only.

/** Source topics, logical names. Key: visitorId, but itemId, campaignId and name for the last three. */
export const TOPICS = {
  clicks: 'clicks',
  purchases: 'purchases',
  impressions: 'impressions',
  visitors: 'visitors',
  privacy: 'privacy',
  catalog: 'catalog',
  campaigns: 'campaigns',
  settings: 'settings',
  /** Internal, compacted, key itemId: what queries need of an item. */
  neighbours: 'neighbours',
  /** Internal, compacted, key segment: what lists need of a segment. */
  popular: 'popular',
  /** Internal, compacted: the weights of the learned ranking. */
  ranker: 'ranker',
} as const;

/** Processors, repartitions and sinks. A source has the name of its topic. */
export const NODES = {
  users: 'users',
  items: 'items',
  popularity: 'popularity',
  catalogCards: 'catalog-cards',
  campaignRules: 'campaign-rules',
  placements: 'placements',
  pairDeltas: 'pair-deltas',
  segmentDeltas: 'segment-deltas',
  neighbours: 'neighbours',
  popular: 'popular',
  examples: 'examples',
  learner: 'learner',
  ranker: 'ranker',
  lists: 'lists',
} as const;

/** Stores of a task. */
export const STORES = {
  profiles: 'profiles',
  rows: 'rows',
  waitingItems: 'waiting-items',
  segments: 'segments',
  segmentItems: 'segment-items',
  publishedSegments: 'published-segments',
  cards: 'cards',
  ownCampaigns: 'own-campaigns',
  ownSettings: 'own-settings',
  rankerState: 'ranker-state',
} as const;

/** Stores that every instance keeps whole. */
export const GLOBAL_STORES = {
  neighbours: 'neighbours',
  popular: 'popular',
  catalog: 'catalog',
  campaigns: 'campaigns',
  settings: 'settings',
  ranker: 'ranker',
} as const;

/** The versioned sink that lists, cards, blocks, campaigns and placements are published to. */
export const LISTS_SINK = 'lists';

/** List definitions. */
export const DEFINITIONS = {
  forYou: 'for-you',
  similar: 'similar',
  boughtTogether: 'bought-together',
  popular: 'popular',
  trending: 'trending',
} as const;
