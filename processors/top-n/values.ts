// What list makers produce, as plain values, and the port that turns them into keys and bytes. The folder `lists` owns the
// formats; the topology hands them in, because processors and lists lie in one layer.

import type { Placement } from '../../schemas/list-settings.ts';

/** Why an item is in a list. The parts of an item's reasons sum to its score. */
export interface Reason {
  readonly kind:
    | 'viewed'
    | 'carted'
    | 'bought'
    | 'wished'
    | 'liked'
    | 'similar'
    | 'bought-together'
    | 'popular'
    | 'trending'
    | 'repeat'
    | 'campaign'
    | 'buy-again'
    | 'content'
    | 'preference'
    | 'new'
    | 'variety'
    | 'model'
    | 'searched'
    | 'reranked';
  readonly itemId?: string | undefined;
  readonly title?: string | undefined;
  readonly campaignId?: string | undefined;
  readonly segment?: string | undefined;
  /** Share of the score; less than 0 where a campaign buries the item. */
  readonly part: number;
}

/** A reason without its part. The items of a list share a few. */
export type Cause = Omit<Reason, 'part'>;

/** An item of a list. */
export interface ListedItem {
  readonly id: string;
  /** In the process's index of items. */
  readonly denseId: number;
  /** Sum of the parts of its reasons. */
  readonly score: number;
  /** Place of its first reason; the others follow. */
  readonly firstReason: number;
  readonly reasonCount: number;
}

/** The items of a list, best first. Reasons lie in arrays of one order: that of an item's largest part first. */
export interface ListedItems {
  readonly items: readonly ListedItem[];
  readonly causes: readonly Cause[];
  /** Place of each reason's cause in `causes`. */
  readonly reasonCauses: readonly number[];
  readonly reasonParts: readonly number[];
  /** What put the items in order, one after the other; `undefined` where that was one thing only. */
  readonly steps?: readonly string[] | undefined;
  /** Ranks (from 1) of the items after each step, a row of `steps.length` for each; 0 where an item was not among the candidates yet. */
  readonly ranks?: readonly number[] | undefined;
}

/** What is published of a list besides its items. */
export interface ListHead {
  readonly definition: string;
  readonly owner: string;
  readonly variant: string;
  readonly algorithm: string;
  readonly asOf: {
    readonly at: number;
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly eventIds: readonly string[];
  };
  /** The span under which it was made; `undefined` where it is not traced. */
  readonly traceparent: string | undefined;
}

/** An item as answers show it. */
export interface ItemCard {
  readonly id: string;
  readonly title: string;
  readonly categories: readonly string[];
  readonly brand?: string;
  readonly price?: number;
  readonly currency?: string;
  readonly image?: string;
  readonly stock?: number;
  readonly validFrom?: number;
  readonly validTo?: number;
  readonly attributeHashes?: readonly number[];
}

/** What is published of a visitor beside the lists. */
export interface VisitorBlock {
  /** Bought and disliked items. */
  readonly items: readonly string[];
  readonly segments?: readonly string[];
  readonly region?: string;
  readonly device?: string;
}

/** What is published of a campaign; the fields are explained in lists/list.ts. */
export interface CampaignRule {
  readonly kind: 'boost' | 'bury' | 'pin' | 'exclude' | 'sponsor';
  readonly validFrom?: number;
  readonly validTo?: number;
  readonly exclusion?: {
    readonly itemHashes: readonly number[];
    readonly categories: readonly string[];
    readonly brands: readonly string[];
    readonly attributeHashes: readonly number[];
    readonly placements: readonly string[];
    readonly audience: {
      readonly segments: readonly string[];
      readonly regions: readonly string[];
      readonly devices: readonly string[];
    };
  };
}

/** Who a list is for. */
export type ListOwnerKind = 'visitor' | 'session' | 'item' | 'segment';

/** What a published key stands for. */
export type PublishedKey =
  | {
      readonly kind: 'list';
      readonly ownerKind: ListOwnerKind;
      readonly definition: string;
      readonly variant: string;
      readonly owner: string;
    }
  | { readonly kind: 'card' | 'item-block'; readonly owner: string }
  | { readonly kind: 'visitor-block' | 'campaign' | 'placement'; readonly owner: string };

/** Keys and bytes of what is published to the lists sink. */
export interface ListFormat {
  listKey(ownerKind: ListOwnerKind, definition: string, variant: string, owner: string): string;
  cardKey(itemId: string): string;
  itemBlockKey(itemId: string): string;
  visitorBlockKey(visitorId: string): string;
  campaignKey(campaignId: string): string;
  placementKey(name: string): string;
  /** What a key stands for; `undefined` where it is none of ours. */
  parseKey(key: string): PublishedKey | undefined;
  /** What {@link encodeList} takes: the lists of several owners can share it, until items are encoded again. */
  encodeItems(items: ListedItems): Uint8Array;
  encodeList(head: ListHead, encodedItems: Uint8Array): Uint8Array;
  encodeCard(card: ItemCard): Uint8Array;
  encodeItemBlock(reason: 'sold-out' | 'withdrawn'): Uint8Array;
  encodeVisitorBlock(block: VisitorBlock): Uint8Array;
  /** @throws {RangeError} when it takes more than a published value may. */
  encodeCampaign(rule: CampaignRule): Uint8Array;
  encodePlacement(placement: Placement): Uint8Array;
}
