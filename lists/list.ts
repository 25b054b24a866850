// What the engine publishes and serving reads: lists, item cards, blocks and campaigns. Plain data; list-codec.ts and card-codec.ts make
// bytes of it.

/** Why an item is in a list. A kind's place is its code in stored lists: append only. */
export const REASON_KINDS = [
  'viewed',
  'carted',
  'bought',
  'wished',
  'liked',
  'similar',
  'bought-together',
  'popular',
  'trending',
  'repeat',
  'campaign',
  'buy-again',
  'content',
  'preference',
  'new',
  'variety',
  'model',
  'searched',
  'reranked',
] as const;

export type ReasonKind = (typeof REASON_KINDS)[number];

/** One cause of an item's place in a list. */
export interface Reason {
  readonly kind: ReasonKind;
  /** The item that the shopper viewed, bought, ... or that the list belongs to. */
  readonly itemId?: string;
  /** Its title when the list was made, so that serving need not look it up. */
  readonly title?: string;
  readonly campaignId?: string;
  /** The segment in which the item is popular or trending; of a preference, what is preferred: `category=…`, `brand=…` or `price`. */
  readonly segment?: string;
  /** This cause's share of the score. An item's parts sum to its score (1e-9 relative). */
  readonly part: number;
}

export interface ListItem {
  readonly id: string;
  /** Comparable within one list only. */
  readonly score: number;
  /** Largest part first. */
  readonly reasons: readonly Reason[];
  /** By each of the list's `steps`, in their order, its rank (from 1) after it; 0 where it was not among the candidates yet. */
  readonly ranks?: Readonly<Record<string, number>>;
}

/** A reason without its part. The items of a list share a few. */
export interface Cause {
  readonly kind: ReasonKind;
  readonly itemId?: string | undefined;
  readonly title?: string | undefined;
  readonly campaignId?: string | undefined;
  readonly segment?: string | undefined;
}

/** The items of a list as they are encoded: reasons in arrays of one order, so that making a list makes no object for each. */
export interface ListedItems {
  /** Best first. The reasons of an item are those from place `firstReason` on. */
  readonly items: readonly {
    readonly id: string;
    readonly score: number;
    readonly firstReason: number;
    readonly reasonCount: number;
  }[];
  readonly causes: readonly Cause[];
  /** Place of each reason's cause in `causes`. */
  readonly reasonCauses: readonly number[];
  readonly reasonParts: readonly number[];
  /** As in {@link TopList}. */
  readonly steps?: readonly string[] | undefined;
  /** Ranks of the items, a row of `steps.length` for each. Present with `steps`. */
  readonly ranks?: readonly number[] | undefined;
}

/** The newest event that a list takes into account. */
export interface AsOf {
  /** Its event time, epoch ms. */
  readonly at: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Ids of the last events, newest first, 5 at most. */
  readonly eventIds: readonly string[];
}

/** A top-N list, best item first. Longer than what a page shows: serving drops what may not be shown. */
export interface TopList {
  /** Name of the list definition, e.g. `for-you`. */
  readonly definition: string;
  /** Whose list: a visitor, session, item or segment. */
  readonly owner: string;
  readonly variant: string;
  /** Name and version of what computed the scores. */
  readonly algorithm: string;
  readonly asOf: AsOf;
  readonly items: readonly ListItem[];
  /** What put the items in order, one after the other; absent where that was one thing only. */
  readonly steps?: readonly string[];
  /**
   * The span under which the list was made, as W3C Trace Context writes it, so that an answer with the list can be linked to it. Absent
   * where no record of the batch was traced, and in a list that was published again from state.
   */
  readonly traceparent?: string | undefined;
}

/** A list without its items. */
export type ListHead = Omit<TopList, 'items' | 'steps'>;

/** What a page shows of an item, and what serving filters by. */
export interface ItemCard {
  readonly id: string;
  readonly title: string;
  readonly categories: readonly string[];
  readonly brand?: string;
  readonly price?: number;
  /** ISO 4217. */
  readonly currency?: string;
  /** URL or path. */
  readonly image?: string;
  /** Pieces; `undefined` when stock is not tracked. */
  readonly stock?: number;
  /** Epoch ms; shown from then on. */
  readonly validFrom?: number;
  /** Epoch ms, exclusive. */
  readonly validTo?: number;
  /** A 53-bit hash of each attribute's name and value, for exclusions; absent where there are none. */
  readonly attributeHashes?: readonly number[];
}

/** An item that may not be shown to anybody. */
export interface ItemBlock {
  readonly reason: 'sold-out' | 'withdrawn';
}

/** What may not be shown to one visitor, and what decides which exclusions are meant for the visitor. */
export interface VisitorBlock {
  /** Bought and disliked items. */
  readonly items: readonly string[];
  /** The visitor's segments as the shop set them; absent when there are none. */
  readonly segments?: readonly string[];
  /** Where, and on what device, the visitor was seen last. */
  readonly region?: string;
  readonly device?: string;
}

/** What serving needs of a campaign: when it counts, and what it keeps out of answers. */
export interface CampaignRule {
  readonly kind: 'boost' | 'bury' | 'pin' | 'exclude' | 'sponsor';
  /** Epoch ms; counts from then on. */
  readonly validFrom?: number;
  /** Epoch ms, exclusive. */
  readonly validTo?: number;
  /** Of kind `exclude` only. */
  readonly exclusion?: Exclusion;
}

/** Items that are out: those in any of items, categories and brands that are given, with all given attributes. Nothing given: no item. */
export interface Exclusion {
  /** By `itemHash`: 10,000 ids of any length fit into a value. */
  readonly itemHashes: readonly number[];
  readonly categories: readonly string[];
  readonly brands: readonly string[];
  /** As on cards. */
  readonly attributeHashes: readonly number[];
  /** Empty: all. */
  readonly placements: readonly string[];
  /** A shopper in one of the values of each field that is not empty. */
  readonly audience: {
    readonly segments: readonly string[];
    readonly regions: readonly string[];
    readonly devices: readonly string[];
  };
}
