// Generated from the .avsc files by schemas/generate.ts: do not edit.

/**
 * What a campaign does to its items: raises their scores, lowers them, puts them on top, keeps them out, shows them as
 * paid for. The first 20 items that a pin or sponsor names come into lists of visitors and segments though nothing else
 * speaks for them; lists about an item, `similar` and `bought-together`, are reordered only. An exclusion counts in the
 * next answer, everything else when a list is next made; the end of any campaign counts in the next answer. A reader
 * turns a symbol that it does not know into `unknown`, and then refuses the record with `unknown-kind`; nobody may send
 * `unknown`.
 */
export type CampaignKind = 'boost' | 'bury' | 'pin' | 'exclude' | 'sponsor';

/** Who sees a campaign: a visitor who is in one of the values of each field that is not empty. All empty: everybody. */
export interface Audience {
  /** Visitor segments; at most 256. */
  readonly segments: readonly string[];
  /** Regions; at most 256. */
  readonly regions: readonly string[];
  /** Device classes; at most 256. */
  readonly devices: readonly string[];
}

/**
 * A merchandiser's rule. Topic `campaigns`, key campaignId, compacted: the newest record counts whole, a tombstone ends
 * the campaign. An item is its target when it matches any of items, categories and brands that are given, and all
 * attributes that are given.
 */
export interface Campaign {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The campaign; also the record's key. 1 to 256 bytes. */
  readonly campaignId: string;
  /**
   * When the merchandiser set it. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time
   * at which the log accepted the record is refused.
   */
  readonly at: number;
  /** What it does to its items. */
  readonly kind: CampaignKind;
  /** Target items by id; at most 10,000. */
  readonly items: readonly string[];
  /** Target categories; at most 256. */
  readonly categories: readonly string[];
  /** Target brands; at most 256. */
  readonly brands: readonly string[];
  /** Values that a target's attributes must have, all of them; at most 256. */
  readonly attributes: { readonly [name: string]: string };
  /** Who sees it; by default everybody. */
  readonly audience: Audience;
  /** Placements where it counts; at most 256. Empty: all. */
  readonly placements: readonly string[];
  /** From when it counts, epoch ms, inclusive; null: from the beginning. Before validTo. */
  readonly validFrom: number | null;
  /** Until when it counts, epoch ms, exclusive; null: until its tombstone. */
  readonly validTo: number | null;
  /**
   * How strong it is, 0 to 1,000, by default 1: a boost multiplies the score by 1 + weight, a bury divides it by that,
   * a sponsor adds in proportion to it, among pins the higher comes first.
   */
  readonly weight: number;
  /**
   * How often its items are to be shown in all, 0 or more; null: no limit. Kept with the campaign, not counted down
   * yet.
   */
  readonly budget: number | null;
}

/** A vector that a model of the shop's computed for the item. */
export interface Embedding {
  /** Name and version of the model, 1 to 256 bytes; only vectors of the same model are compared. */
  readonly model: string;
  /** The vector, 1 to 4,096 finite numbers; the same length for all items of a model. */
  readonly vector: readonly number[];
}

/**
 * An item as the shop sells it. Topic `catalog`, key itemId, compacted: the newest record counts whole, a tombstone
 * removes the item from every answer.
 */
export interface CatalogItem {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The item; also the record's key. 1 to 256 bytes. */
  readonly itemId: string;
  /**
   * When the shop set it. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time at which
   * the log accepted the record is refused.
   */
  readonly at: number;
  /** Name to show; 1 to 1,024 characters. */
  readonly title: string;
  /** Text to show and to compare items by; at most 32,768 characters. */
  readonly description: string | null;
  /**
   * Categories, from the broadest to the narrowest or in any order; at most 64 of 1 to 256 characters. Popularity is
   * counted per category.
   */
  readonly categories: readonly string[];
  /** Free tags; at most 256 of 1 to 256 characters. */
  readonly tags: readonly string[];
  /** Brand; at most 256 characters. */
  readonly brand: string | null;
  /** Price of one piece in `currency`, finite, 0 or more. */
  readonly price: number | null;
  /** ISO 4217 code of `price`, e.g. `GBP`; at most 16 characters. */
  readonly currency: string | null;
  /**
   * Pieces that can be sold; 0 or less (back orders) is sold out and the item is shown nowhere. Null: not tracked,
   * always available.
   */
  readonly stock: number | null;
  /** Address of a picture; at most 2,048 characters. */
  readonly image: string | null;
  /**
   * Attributes by name, e.g. colour; at most 256, values of at most 4,096 characters. Campaigns can choose items by
   * them.
   */
  readonly attributes: { readonly [name: string]: string };
  /** From when the item may be shown, epoch ms, inclusive; null: from the beginning. Before validTo. */
  readonly validFrom: number | null;
  /** Until when the item may be shown, epoch ms, exclusive; null: for good. */
  readonly validTo: number | null;
  /** Content vector, where the shop has one. */
  readonly embedding: Embedding | null;
}

/**
 * What a visitor did: looked at a product page, put into the cart, took out of it, put on a wish list, clicked an item
 * of a recommendation list, searched, rated, liked, said `not interested`, stayed on a product page. A reader turns a
 * symbol that it does not know into `unknown`, and then refuses the record with `unknown-kind`; nobody may send
 * `unknown`.
 */
export type ClickKind =
  | 'view'
  | 'addToCart'
  | 'removeFromCart'
  | 'wishlist'
  | 'listClick'
  | 'search'
  | 'rate'
  | 'like'
  | 'dislike'
  | 'dwell';

/** Something that a visitor did in the shop, other than buying. Topic `clicks`, key visitorId. */
export interface Click {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The visitor, usually a first-party cookie id; also the record's key. 1 to 256 bytes. */
  readonly visitorId: string;
  /** The shop's account id, where the visitor is signed in; 1 to 256 bytes. It keys nothing by itself. */
  readonly userId: string | null;
  /**
   * The visit that the event belongs to, set by the shop; 1 to 256 bytes. Without it a session is cut by inactivity.
   */
  readonly sessionId: string | null;
  /**
   * When the visitor did it. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time at
   * which the log accepted the record is refused.
   */
  readonly at: number;
  /** What the visitor did. All kinds but `search` are about an item and need itemId. */
  readonly kind: ClickKind;
  /** The item it is about; needed by every kind but `search`. 1 to 256 bytes. */
  readonly itemId: string | null;
  /**
   * The recommendation list that the item was taken from, as the answer's `listId` gave it; at most 256 characters.
   * Sent with `listClick`, and with other kinds where the shop knows it.
   */
  readonly listId: string | null;
  /** Where on the page the list stood, by the shop's name for it; at most 256 characters. */
  readonly placement: string | null;
  /** What was searched for, as typed; at most 1,024 characters. Set for `search`. */
  readonly query: string | null;
  /** The visitor's rating, 1 (worst) to 5 (best). Needed by `rate`, of no meaning otherwise. */
  readonly rating: number | null;
  /** How long the visitor stayed on the item's page, ms, 0 or more. Needed by `dwell`, of no meaning otherwise. */
  readonly dwellMs: number | null;
  /** Pieces put into or taken out of the cart, 1 or more; null counts as 1. */
  readonly quantity: number | null;
  /**
   * Coarse device class in the shop's words, e.g. `phone`, `tablet`, `desktop`; at most 256 characters. Popularity is
   * counted per device.
   */
  readonly device: string | null;
  /**
   * Coarse region in the shop's words, e.g. a country code; at most 256 characters. Popularity is counted per region.
   */
  readonly region: string | null;
  /**
   * Where the visitor came from, e.g. `search-engine` or a host name; at most 1,024 characters. Leave personal data out
   * of it.
   */
  readonly referrer: string | null;
}

/** An item that was shown. */
export interface ShownItem {
  /** The item, 1 to 256 bytes. */
  readonly itemId: string;
  /** Place in the list from 0, the first, to 9,999. */
  readonly position: number;
}

/** What a placement showed to a visitor. Topic `impressions`, key visitorId. */
export interface Impression {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The visitor, usually a first-party cookie id; also the record's key. 1 to 256 bytes. */
  readonly visitorId: string;
  /**
   * The visit that the event belongs to, set by the shop; 1 to 256 bytes. Without it a session is cut by inactivity.
   */
  readonly sessionId: string | null;
  /**
   * When it was shown. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time at which
   * the log accepted the record is refused.
   */
  readonly at: number;
  /** The list, as the answer's `listId` gave it; 1 to 256 bytes. */
  readonly listId: string;
  /** Where it was shown, by the shop's name for it; 1 to 256 bytes. */
  readonly placement: string;
  /**
   * The variant of an experiment that the list came from, as the answer gave it; at most 256 characters. Null is the
   * default variant.
   */
  readonly variant: string | null;
  /** The items that were shown; 1 to 1,000. */
  readonly items: readonly ShownItem[];
}

/**
 * What is asked for: set the consent level, erase the visitor, treat another visitor as the same person, stop doing so.
 * A reader turns a symbol that it does not know into `unknown`, and then refuses the record with `unknown-kind`; nobody
 * may send `unknown`.
 */
export type PrivacyAction = 'consent' | 'erase' | 'link' | 'unlink';

/**
 * How much may be kept: everything; the session only; nothing. A reader turns a symbol that it does not know into
 * `unknown`, and then refuses the record with `unknown-kind`; nobody may send `unknown`.
 */
export type ConsentLevel = 'full' | 'limited' | 'none';

/** What a visitor decided about data, or what joins two visitors. Topic `privacy`, key visitorId. */
export interface Privacy {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The visitor, usually a first-party cookie id; also the record's key. 1 to 256 bytes. */
  readonly visitorId: string;
  /**
   * When it was decided. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time at which
   * the log accepted the record is refused.
   */
  readonly at: number;
  /** What is to be done. */
  readonly action: PrivacyAction;
  /** The new level; needed by `consent`, of no meaning otherwise. */
  readonly consent: ConsentLevel | null;
  /**
   * The other visitor, 1 to 256 bytes, another than visitorId; needed by `link` and `unlink`, of no meaning otherwise.
   */
  readonly otherVisitorId: string | null;
}

/**
 * Whether an order was placed, cancelled before it was sent, or returned afterwards. A reader turns a symbol that it
 * does not know into `unknown`, and then refuses the record with `unknown-kind`; nobody may send `unknown`.
 */
export type PurchaseStatus = 'placed' | 'cancelled' | 'returned';

/** Pieces of one item in an order. */
export interface OrderLine {
  /** The item, 1 to 256 bytes. */
  readonly itemId: string;
  /** Pieces ordered, or taken back; 1 or more in both cases. */
  readonly quantity: number;
  /** Price of one piece in `currency`, finite, 0 or more. */
  readonly unitPrice: number;
  /** ISO 4217 code, e.g. `GBP`; 1 to 16 characters. */
  readonly currency: string;
}

/**
 * An order, or what was taken back of one. Topic `purchases`, key visitorId, or `user:` and userId where there is no
 * visitor.
 */
export interface Purchase {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The order, 1 to 256 bytes. A cancellation or a return names the order that it takes back from. */
  readonly orderId: string;
  /** The visitor who ordered; 1 to 256 bytes. One of visitorId and userId must be there. */
  readonly visitorId: string | null;
  /** The shop's account id, 1 to 256 bytes; an order without visitorId belongs to the visitor `user:` and this id. */
  readonly userId: string | null;
  /**
   * The visit that the event belongs to, set by the shop; 1 to 256 bytes. Without it a session is cut by inactivity.
   */
  readonly sessionId: string | null;
  /**
   * When it was ordered, cancelled or returned. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes
   * past the time at which the log accepted the record is refused.
   */
  readonly at: number;
  /**
   * What happened to the lines. `cancelled` and `returned` take back what the `placed` record of the same orderId
   * added.
   */
  readonly status: PurchaseStatus;
  /** What was ordered, or what is taken back; 1 to 2,000 lines. */
  readonly lines: readonly OrderLine[];
  /**
   * Coarse device class in the shop's words, e.g. `phone`, `tablet`, `desktop`; at most 256 characters. Popularity is
   * counted per device.
   */
  readonly device: string | null;
  /**
   * Coarse region in the shop's words, e.g. a country code; at most 256 characters. Popularity is counted per region.
   */
  readonly region: string | null;
}

/**
 * Whether a setting defines a list (algorithm, weights, diversity) or a placement (an ordered set of definitions with
 * filters and fallbacks). A reader turns a symbol that it does not know into `unknown`, and then refuses the record
 * with `unknown-kind`; nobody may send `unknown`.
 */
export type SettingKind = 'definition' | 'placement';

/**
 * A list definition or a placement. Topic `settings`, key name, compacted: the newest record counts whole, a tombstone
 * removes the setting.
 */
export interface Setting {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** Name of the definition or placement; also the record's key. 1 to 256 bytes. */
  readonly name: string;
  /**
   * When it was set. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time at which the
   * log accepted the record is refused.
   */
  readonly at: number;
  /** What the body describes. */
  readonly kind: SettingKind;
  /** The definition or placement as a JSON object; at most 262,144 characters. */
  readonly body: string;
}

/**
 * What the shop knows of a visitor, coarsely. Topic `visitors`, key visitorId, compacted: the newest record counts
 * whole, a tombstone forgets it.
 */
export interface Visitor {
  /**
   * Unique id of this event, 1 to 256 bytes of UTF-8 without control characters, set by the producer once and kept when
   * it sends again: a repeated id is dropped and counted.
   */
  readonly eventId: string;
  /** The visitor, usually a first-party cookie id; also the record's key. 1 to 256 bytes. */
  readonly visitorId: string;
  /**
   * When the shop set it. Epoch ms by the producer's clock, from 2000-01-01; more than 5 minutes past the time at which
   * the log accepted the record is refused.
   */
  readonly at: number;
  /**
   * Segments that the visitor is in, in the shop's words, e.g. `new-customer`; at most 64 of at most 256 characters.
   * Campaigns choose their audience by them.
   */
  readonly segments: readonly string[];
  /** Coarse attributes by name; at most 256, values of at most 4,096 characters. Leave personal data out of it. */
  readonly attributes: { readonly [name: string]: string };
}

/** Record type of each source topic. */
export interface SourceRecords {
  readonly campaigns: Campaign;
  readonly catalog: CatalogItem;
  readonly clicks: Click;
  readonly impressions: Impression;
  readonly privacy: Privacy;
  readonly purchases: Purchase;
  readonly settings: Setting;
  readonly visitors: Visitor;
}

/** Name of a source topic. */
export type SourceTopic = keyof SourceRecords;

/** All source topics, in alphabetical order. */
export const sourceTopics: readonly SourceTopic[] = [
  'campaigns',
  'catalog',
  'clicks',
  'impressions',
  'privacy',
  'purchases',
  'settings',
  'visitors',
];
