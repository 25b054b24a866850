// What list makers produce, as plain values, and the port that turns them into keys and bytes. The folder `lists` owns the
// formats; the topology hands them in, because processors and lists lie in one layer.

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
    | 'campaign';
  readonly itemId?: string;
  readonly title?: string;
  readonly campaignId?: string;
  readonly segment?: string;
  /** Share of the score; less than 0 where a campaign buries the item. */
  readonly part: number;
}

/** An item of a list. */
export interface ListItem {
  readonly id: string;
  readonly score: number;
  readonly reasons: readonly Reason[];
}

/** A list as it is published, best item first. */
export interface TopList {
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
  readonly items: readonly ListItem[];
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
  | { readonly kind: 'visitor-block'; readonly owner: string };

/** Keys and bytes of what is published to the lists sink. */
export interface ListFormat {
  listKey(ownerKind: ListOwnerKind, definition: string, variant: string, owner: string): string;
  cardKey(itemId: string): string;
  itemBlockKey(itemId: string): string;
  visitorBlockKey(visitorId: string): string;
  /** What a key stands for; `undefined` where it is none of ours. */
  parseKey(key: string): PublishedKey | undefined;
  encodeList(list: TopList): Uint8Array;
  encodeCard(card: ItemCard): Uint8Array;
  encodeItemBlock(reason: 'sold-out' | 'withdrawn'): Uint8Array;
  encodeVisitorBlock(itemIds: readonly string[]): Uint8Array;
}
