// The value of the store `profiles` (key: visitorId): what is kept of one visitor, and its bounds. Every list of a visitor is a
// function of this state and of nothing that is not committed.
//
// Invariants: each list is within its bound; `recent` is sorted by time; a receipt names everything that is needed to compute
// again what its lines contributed (see contributions.ts).

import type { AsOf } from './as-of.ts';
import type { ShownItem } from './shown.ts';

/** Items of a session that a new interaction is paired with (H of F1). */
export const PARTNERS = 10;
/** Interactions that a session keeps: a strong signal reaches an item up to H back, whose partners are up to H before it. */
export const SESSION_INTERACTIONS = 2 * PARTNERS;
/** Distinct items among the recent interactions. At 50 and ids of 6 bytes they are about 600 bytes. */
export const RECENT_ITEMS = 50;
/** Distinct items remembered as bought; the one bought longest ago goes first. */
export const BOUGHT_ITEMS = 64;
/** Distinct items remembered as disliked; the one disliked longest ago goes first. */
export const DISLIKED_ITEMS = 32;
/** Event ids kept to drop repeated events. */
export const EVENT_IDS = 64;
/** Orders that can still be taken back; the one that arrived longest ago goes first. */
export const RECEIPTS = 8;
/** Lines over all receipts: the oldest receipts go when there are more, but the newest always stays. */
export const RECEIPT_LINES = 256;
/** Segments of a visitor that are kept, in the shop's order. */
export const VISITOR_SEGMENTS = 16;
/** Words of a search that are kept. */
export const SEARCH_WORDS = 8;
/** Interactions after which a search counts no more: 0.6^6 is less than a twentieth. */
export const SEARCH_REACH = 6;
/** A pause longer than this starts a new session. */
export const SESSION_GAP_MS = 30 * 60_000;

/** An item as a session knows it. One interaction gathers signals of several kinds. */
export interface Interaction {
  readonly item: string;
  /** Bits of {@link kindBit} of all its signals: what it was paired for. */
  kinds: number;
  /** Those bits that hold no longer: taken out of the cart, sent back. Pairs do not ask for them, reasons do; 0 in receipts. */
  revoked: number;
}

/** The visitor's current visit. */
export interface Session {
  /** As the shop set it, taken over from its first event that names one; `undefined` when it is cut by inactivity alone. */
  id: string | undefined;
  /** Event time of its first event to arrive, epoch ms. */
  readonly startedAt: number;
  /** Newest event time in it, epoch ms. */
  lastAt: number;
  /** In order of arrival, at most {@link SESSION_INTERACTIONS}. */
  interactions: Interaction[];
  /** Where the visitor came from, by the first event that names it, see segments.ts. */
  referrer: string | undefined;
  /** The last search that was followed by less than {@link SEARCH_REACH} interactions. */
  searched: Searched | undefined;
}

/** What a visitor searched for. */
export interface Searched {
  /** 53-bit hashes of the first distinct words, 1 to {@link SEARCH_WORDS}. The words themselves are not kept. */
  readonly words: readonly number[];
  /** Interactions since. */
  since: number;
}

/** An item that the visitor dealt with. */
export interface RecentItem {
  readonly item: string;
  /** Bits of {@link kindBit} of the signals since it entered the list that still hold: never 0. */
  kinds: number;
  /** Newest event time, epoch ms. */
  at: number;
}

/** An item and when. */
export interface DatedItem {
  readonly item: string;
  /** Event time, epoch ms. */
  at: number;
}

/** A line of an order that can still be taken back. */
export interface ReceiptLine {
  readonly item: string;
  /** Pieces not yet taken back; 0 once the line's contributions have been subtracted. */
  quantityLeft: number;
  /** Categories under which the line was counted as popular. */
  readonly categories: readonly string[];
}

/** An order, with what is needed to subtract each of its lines at the original time. */
export interface Receipt {
  readonly orderId: string;
  /** Event time of the order, epoch ms. */
  readonly at: number;
  readonly device: string | undefined;
  readonly region: string | undefined;
  /** Copy of the session's interactions when the order arrived, oldest first. */
  readonly context: readonly Interaction[];
  /** Distinct items in line order. */
  readonly lines: readonly ReceiptLine[];
}

/**
 * What a visitor allowed: `limited` keeps the session only, with what was bought and disliked in it, device and region, and `none` keeps
 * nothing but this word.
 */
export type Consent = 'full' | 'limited' | 'none';

/** Forward-decayed sum of the signatures of the items that the visitor dealt with, see user-vector.ts. */
export interface UserVector {
  /** Landmark, epoch ms, a multiple of the half-life. */
  landmarkMs: number;
  readonly sums: Float64Array;
}

/** All that is kept of a visitor. */
export interface Profile {
  consent: Consent;
  /** Newest event; `undefined` before the first. */
  asOf: AsOf | undefined;
  session: Session | undefined;
  /** Oldest first, each item once. */
  recent: RecentItem[];
  /** In order of purchase, oldest first, each item once. */
  bought: DatedItem[];
  /** Oldest first, each item once. */
  disliked: DatedItem[];
  /** 53-bit hashes of the last events' ids, oldest first. */
  eventIds: number[];
  /** Oldest arrival first. */
  receipts: Receipt[];
  /** Of the newest event that named one. */
  device: string | undefined;
  region: string | undefined;
  /** As the topic `visitors` gave them. */
  segments: readonly string[];
  vector: UserVector | undefined;
  /** Shown and not taken, see shown.ts. */
  shown: ShownItem[];
}

/** A visitor of whom nothing is known. */
export function emptyProfile(): Profile {
  return {
    consent: 'full',
    asOf: undefined,
    session: undefined,
    recent: [],
    bought: [],
    disliked: [],
    eventIds: [],
    receipts: [],
    device: undefined,
    region: undefined,
    segments: [],
    vector: undefined,
    shown: [],
  };
}
