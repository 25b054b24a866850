// What the state of an application must be: a plain program over the records of its source topics, which knows bounds and weights and
// nothing else of the engine. It goes by what the load of a production test keeps to (production-load.ts): a visitor's clicks or orders
// lie in one topic, event time does not go back in it, the catalog's items and categories stay.

//
// Each topic's events come in their order, but how those of several topics come between each other is chance: what depends on it is
// told as all that may be, and as much as must be.

import type { CatalogItem, Click, Impression, Purchase, Visitor } from '../../schemas/index.ts';
import { itemHash } from '../../schemas/item-hash.ts';
import {
  type OracleEvent,
  type OracleHalfLives,
  type OracleHistory,
  type OracleSearch,
  recompute,
} from './co-occurrence-oracle.ts';
import type { InputRecord } from './production-input.ts';

/** Interactions that a session keeps. */
const KEPT_INTERACTIONS = 20;

/** What is known of a visitor for certain. */
export interface ExpectedVisitor {
  /** By topic, 53-bit hashes of its events' ids, oldest first, repetitions left out. */
  readonly eventIds: ReadonlyMap<string, readonly number[]>;
  readonly impressions: readonly ExpectedImpression[];
  /** Items that the visitor dealt with in any way. */
  readonly dealtWith: ReadonlySet<string>;
  readonly session:
    | {
        readonly id: string | undefined;
        readonly lastAt: number;
        readonly items: readonly string[];
        readonly referrer: string | undefined;
        readonly searched: OracleSearch | undefined;
      }
    | undefined;
  /** Items bought and not sent back. */
  readonly bought: ReadonlySet<string>;
  readonly disliked: ReadonlySet<string>;
  readonly segments: readonly string[];
  readonly device: string | undefined;
  readonly region: string | undefined;
}

/** What a visitor was shown at a time. Nobody is remembered for it: one that came before all else has left no trace. */
export interface ExpectedImpression {
  /** 53-bit hash. */
  readonly eventId: number;
  readonly at: number;
  readonly items: readonly string[];
}

export interface ExpectedState {
  readonly visitors: ReadonlyMap<string, ExpectedVisitor>;
  /** Decayed sums of pairs, totals, popularity and vectors at {@link atMs}. */
  readonly history: OracleHistory;
  readonly atMs: number;
  /** The newest of each item; withdrawn ones are missing. */
  readonly catalog: ReadonlyMap<string, CatalogItem>;
  /** Ids of campaigns that have not ended by a tombstone. */
  readonly campaigns: ReadonlySet<string>;
  /** Events that count: clicks and orders, repetitions left out. */
  readonly events: number;
}

interface Ledger {
  readonly ids: Map<string, number[]>;
  readonly known: Set<string>;
  readonly impressions: ExpectedImpression[];
  readonly dealtWith: Set<string>;
  readonly left: Map<string, number>;
  readonly disliked: Set<string>;
  segments: readonly string[];
  device: string | undefined;
  region: string | undefined;
}

/** Recomputes everything from all records, each partition's in its order. */
export function expectedState(records: readonly InputRecord[], halfLives: OracleHalfLives): ExpectedState {
  const catalog = new Map<string, CatalogItem>();
  const campaigns = new Map<string, number>();
  const ledgers = new Map<string, Ledger>();
  const events: OracleEvent[] = [];
  let counted = 0;
  let atMs = 0;
  for (const { topic, key, value } of records) {
    if (topic === 'catalog') {
      const item = value as CatalogItem | null;
      if (item === null) catalog.delete(key!);
      else if (item.at >= (catalog.get(key!)?.at ?? 0)) catalog.set(key!, item);
    } else if (topic === 'campaigns') {
      if (value === null) campaigns.delete(key!);
      else campaigns.set(key!, 1);
    } else if (topic !== 'settings' && topic !== 'privacy') {
      const event = value as Click | Purchase | Visitor | Impression;
      const ledger = ledgerOf(ledgers, event.visitorId!);
      if (ledger.known.has(event.eventId)) continue;
      ledger.known.add(event.eventId);
      const eventId = itemHash(event.eventId);
      const ids = ledger.ids.get(topic) ?? [];
      ledger.ids.set(topic, ids);
      ids.push(eventId);
      if (topic === 'impressions') {
        const items = (event as Impression).items.map(({ itemId }) => itemId);
        ledger.impressions.push({ eventId, at: event.at, items });
        continue;
      }
      atMs = Math.max(atMs, event.at);
      if (topic === 'visitors') {
        ledger.segments = (event as Visitor).segments;
        continue;
      }
      counted += 1;
      if (topic === 'clicks') {
        noteClick(ledger, event as Click);
        events.push({ topic, value: event as Click });
      } else {
        noteOrder(ledger, event as Purchase);
        events.push({ topic, value: event as Purchase });
      }
    }
  }
  const history = recompute(events, atMs, halfLives, (item) => catalog.get(item)?.categories ?? []);
  const visitors = new Map<string, ExpectedVisitor>();
  for (const [visitorId, ledger] of ledgers) {
    const isKnown = [...ledger.ids.keys()].some((topic) => topic !== 'impressions');
    if (isKnown) visitors.set(visitorId, visitorOf(ledger, history.visits.get(visitorId)));
  }
  return { visitors, history, atMs, catalog, campaigns: new Set(campaigns.keys()), events: counted };
}

function ledgerOf(ledgers: Map<string, Ledger>, visitorId: string): Ledger {
  let ledger = ledgers.get(visitorId);
  if (ledger === undefined) {
    ledger = {
      ids: new Map(),
      known: new Set(),
      impressions: [],
      dealtWith: new Set(),
      left: new Map(),
      disliked: new Set(),
      segments: [],
      device: undefined,
      region: undefined,
    };
    ledgers.set(visitorId, ledger);
  }
  return ledger;
}

function noteClick(ledger: Ledger, { kind, itemId, rating, device, region }: Click): void {
  ledger.device = device ?? ledger.device;
  ledger.region = region ?? ledger.region;
  if (itemId === null) return;
  ledger.dealtWith.add(itemId);
  const isDislike = kind === 'dislike' || (kind === 'rate' && rating! < 3);
  const isWish = kind === 'like' || kind === 'addToCart' || (kind === 'rate' && rating! > 3);
  if (isDislike) ledger.disliked.add(itemId);
  else if (isWish) ledger.disliked.delete(itemId);
}

function noteOrder(ledger: Ledger, { orderId, status, lines, device, region }: Purchase): void {
  if (status === 'placed') {
    ledger.device = device ?? ledger.device;
    ledger.region = region ?? ledger.region;
  }
  for (const { itemId, quantity } of lines) {
    ledger.dealtWith.add(itemId);
    const line = `${orderId} ${itemId}`;
    const before = ledger.left.get(line) ?? 0;
    ledger.left.set(line, status === 'placed' ? before + quantity : Math.max(0, before - quantity));
  }
}

function visitorOf(ledger: Ledger, visit: ReturnType<OracleHistory['visits']['get']>): ExpectedVisitor {
  const { ids, impressions, dealtWith, left, disliked, segments, device, region } = ledger;
  const bought = new Set<string>();
  for (const [line, quantity] of left) if (quantity > 0) bought.add(line.slice(line.indexOf(' ') + 1));
  return {
    eventIds: ids,
    impressions,
    dealtWith,
    session: visit && {
      id: visit.id,
      lastAt: visit.lastAt,
      items: visit.seen.slice(-KEPT_INTERACTIONS).map(({ item }) => item),
      referrer: visit.referrer,
      searched: visit.searched,
    },
    bought,
    disliked,
    segments,
    device,
    region,
  };
}
