// What an event does to a visitor's profile and what it contributes to the deltas of its batch. All decisions are functions of
// the event and the profile; nothing reads a clock.
//
// Lateness: an event older than the visitor's session counts by its own time. Where it lands is said in session.ts. `recent` and
// `bought` are sorted by time, so a late event enters them where it belongs.
//
// With limited consent what was bought and disliked is remembered like the session, so that it is not recommended, and forgotten
// with it; so are device and region.

import { itemHash } from '../../schemas/item-hash.ts';
import type { Click, Impression, Privacy, Purchase, Visitor } from '../../schemas/records.ts';
import { termsOfSearch } from '../content/terms.ts';
import { DAY_MS, type HalfLives, landmarkAt } from '../decay.ts';
import { addToVector } from '../user-vector.ts';
import { advanceAsOf, type EventRef } from './as-of.ts';
import { contributeOrder, contributeSignal } from './contributions.ts';
import { putDated, removeDated } from './dated-list.ts';
import type { DeltaBatch } from './delta-batch.ts';
import { subtractLines, takeBack } from './orders.ts';
import {
  BOUGHT_ITEMS,
  DISLIKED_ITEMS,
  EVENT_IDS,
  emptyProfile,
  type Interaction,
  type Profile,
  RECEIPT_LINES,
  RECEIPTS,
  RECENT_ITEMS,
  type ReceiptLine,
  SEARCH_REACH,
  SEARCH_WORDS,
  SESSION_INTERACTIONS,
  type Session,
  VISITOR_SEGMENTS,
} from './profile.ts';
import { CATEGORIES, eachSegment, referrerOf, referrerSegment } from './segments.ts';
import { copyForPairing, type EnteredSession, enterSession, revokeKind } from './session.ts';
import { forgetShown, noteShown } from './shown.ts';
import { kindBit, revokedBit, type Signal, type SignalTable, signalOf } from './signals.ts';

/** Things worth counting. */
export type Noted =
  | 'duplicate'
  | 'late'
  | 'late-own-session'
  | 'without-consent'
  | 'return-without-receipt'
  | 'return-over-quantity'
  | 'link-ignored'
  | 'unknown-item';

export interface ProfileUpdaterOptions {
  readonly halfLives: HalfLives;
  readonly deltas: DeltaBatch;
  readonly signals: SignalTable;
  /** Categories of an item, empty where it is unknown. */
  readonly categoriesOf: (item: string) => readonly string[];
  /** Whether the catalog has an item. What it does not have counts all the same, and is noted. */
  readonly isListed: (item: string) => boolean;
  readonly note: (what: Noted, count: number) => void;
  /** After so many impressions in vain an item makes room; more than 0. */
  readonly mostUnclicked: () => number;
}

/** What an event did. */
export interface Update {
  /** The profile to keep; `undefined`: none. May be the one that was given, changed. */
  readonly profile: Profile | undefined;
  /** Session that is no longer the visitor's. */
  readonly endedSessionId: string | undefined;
  /** What was bought or disliked in that session, or where it took place, is forgotten with it. */
  readonly isForgotten: boolean;
  /** The event is the first of a session or, as some sessions never end, of a day (UTC). */
  readonly isNewVisit: boolean;
}

/** Applies events to profiles in place. */
export class ProfileUpdater {
  readonly #options: ProfileUpdaterOptions;

  constructor(options: ProfileUpdaterOptions) {
    this.#options = options;
  }

  /** Whether an event has no effect: it is a repetition, or the visitor allows nothing. Counted. */
  isIgnored(profile: Profile | undefined, eventId: string): boolean {
    if (profile === undefined) return false;
    const what =
      profile.consent === 'none'
        ? 'without-consent'
        : profile.eventIds.includes(itemHash(eventId))
          ? 'duplicate'
          : undefined;
    if (what !== undefined) this.#options.note(what, 1);
    return what !== undefined;
  }

  click(profile: Profile, click: Click, event: EventRef): Update {
    const isNewDay = receive(profile, event);
    const entered = this.#enter(profile, click.at, click.sessionId ?? undefined);
    if (!entered.isLate) takeContext(profile, click);
    const { session } = profile;
    const referrer = referrerOf(click.referrer);
    if (session !== undefined && !entered.isOwn) session.referrer ??= referrer;
    const signal = signalOf(click);
    if (signal === undefined || click.itemId === null) {
      if (session !== undefined && !entered.isLate && click.query !== null) noteSearch(session, click.query);
      return updated(profile, isNewDay, entered);
    }
    const { deltas, signals, isListed, note } = this.#options;
    if (!isListed(click.itemId)) note('unknown-item', 1);
    deltas.setEvent(event, click.at, 1);
    if (signals.of(signal).pair > 0) {
      contributeSignal(entered.interactions, click.itemId, signal, deltas, signals);
      trim(entered.interactions);
      if (session !== undefined && !entered.isOwn) moveOnFromSearch(session);
    }
    revokeKind(entered.interactions, click.itemId, revokedBit(signal));
    this.#count(click.itemId, signal, click, this.#options.categoriesOf(click.itemId));
    const { popularity } = signals.of(signal);
    if (referrer !== undefined && popularity > 0) deltas.popular(referrerSegment(referrer), click.itemId, popularity);
    this.#remember(profile, click.itemId, signal, click.at, entered.isOwn);
    return updated(profile, isNewDay, entered);
  }

  purchase(profile: Profile, purchase: Purchase, event: EventRef): Update {
    const isNewDay = receive(profile, event);
    if (purchase.status !== 'placed') {
      this.#takeBack(profile, purchase, event);
      return updated(profile, isNewDay);
    }
    const entered = this.#enter(profile, purchase.at, purchase.sessionId ?? undefined);
    if (!entered.isLate) takeContext(profile, purchase);
    const context = copyForPairing(entered.interactions);
    const lines: ReceiptLine[] = [];
    const quantities = new Map<string, number>();
    for (const { itemId, quantity } of purchase.lines) {
      quantities.set(itemId, (quantities.get(itemId) ?? 0) + quantity);
    }
    for (const [item, quantityLeft] of quantities) {
      if (!this.#options.isListed(item)) this.#options.note('unknown-item', 1);
      lines.push({ item, quantityLeft, categories: this.#options.categoriesOf(item).slice(0, CATEGORIES) });
    }
    this.#options.deltas.setEvent(event, purchase.at, 1);
    const { deltas, signals } = this.#options;
    contributeOrder(entered.interactions, [...quantities.keys()], () => true, deltas, signals);
    trim(entered.interactions);
    for (const { item, categories } of lines) {
      this.#count(item, 'purchase', purchase, categories);
      revokeKind(entered.interactions, item, revokedBit('purchase'));
      this.#remember(profile, item, 'purchase', purchase.at, entered.isOwn);
    }
    if (profile.consent === 'full') {
      const { orderId, at } = purchase;
      const [device, region] = [purchase.device ?? undefined, purchase.region ?? undefined];
      profile.receipts.push({ orderId, at, device, region, context, lines });
      trimReceipts(profile);
    }
    return updated(profile, isNewDay, entered);
  }

  /**
   * What a placement showed. `undefined` unless the visitor has seen an item in vain often enough (see shown.ts) for a new list: only
   * then is the profile as new as the impression.
   */
  impression(profile: Profile, impression: Impression, event: EventRef): Update | undefined {
    if (profile.consent !== 'full') return undefined;
    const most = this.#options.mostUnclicked();
    let isTired = false;
    for (const { itemId } of impression.items)
      if (noteShown(profile.shown, itemId, impression.at, most)) isTired = true;
    if (isTired) return updated(profile, receive(profile, event));
    noteId(profile, event.eventId);
    return undefined;
  }

  /** What the shop says of the visitor; `null` forgets it. */
  visitor(profile: Profile, visitor: Visitor | null, event: EventRef | undefined): Update {
    const isNewDay = event !== undefined && receive(profile, event);
    profile.segments = profile.consent === 'full' ? (visitor?.segments.slice(0, VISITOR_SEGMENTS) ?? []) : [];
    return { ...updated(profile, isNewDay), isForgotten: visitor === null };
  }

  /**
   * Consent and erasure. Erasing, and taking full consent back, subtract what the receipts hold at the original times; what has left
   * the receipts, and what clicks contributed, stays in the (anonymous) sums. Erasing drops the profile but for a word that limits
   * what may be kept: it outlives what it is about.
   */
  privacy(profile: Profile | undefined, privacy: Privacy, event: EventRef): Update {
    const endedSessionId = profile?.session?.id;
    if (privacy.action === 'link' || privacy.action === 'unlink') {
      this.#options.note('link-ignored', 1);
      return updated(profile, false);
    }
    if (privacy.action === 'erase' || privacy.consent === 'none') {
      this.#subtractReceipts(profile, event);
      const consent = privacy.action === 'consent' ? 'none' : (profile?.consent ?? 'full');
      const left: Profile | undefined = consent === 'full' ? undefined : { ...emptyProfile(), consent };
      return { ...updated(left, false), endedSessionId, isForgotten: true };
    }
    const kept = profile ?? emptyProfile();
    const isNewDay = receive(kept, event);
    kept.consent = privacy.consent ?? kept.consent;
    if (kept.consent === 'limited') {
      this.#subtractReceipts(kept, event);
      const sessionStart = kept.session?.startedAt ?? Number.POSITIVE_INFINITY;
      kept.recent = [];
      kept.bought = kept.bought.filter(({ at }) => at >= sessionStart);
      kept.disliked = kept.disliked.filter(({ at }) => at >= sessionStart);
      kept.receipts = [];
      kept.segments = [];
      kept.vector = undefined;
      kept.shown = [];
    }
    return { ...updated(kept, isNewDay), isForgotten: kept.consent === 'limited' };
  }

  #subtractReceipts(profile: Profile | undefined, event: EventRef): void {
    const { deltas, signals } = this.#options;
    for (const receipt of profile?.receipts ?? []) subtractLines(receipt, () => true, event, deltas, signals);
  }

  #enter(profile: Profile, at: number, sessionId: string | undefined): EnteredSession {
    const entered = enterSession(profile, at, sessionId);
    if (entered.isLate) this.#options.note('late', 1);
    if (entered.isOwn) this.#options.note('late-own-session', 1);
    return entered;
  }

  /** Popularity. */
  #count(
    item: string,
    signal: Signal,
    event: { readonly at: number; readonly device: string | null; readonly region: string | null },
    categories: readonly string[],
  ): void {
    const weight = this.#options.signals.of(signal).popularity;
    if (weight === 0) return;
    const { deltas } = this.#options;
    eachSegment(event.at, event.device ?? undefined, event.region ?? undefined, categories, (name) =>
      deltas.popular(name, item, weight),
    );
  }

  /** What the profile keeps of a signal about an item beside the session's interactions. */
  #remember(profile: Profile, item: string, signal: Signal, at: number, isOwn: boolean): void {
    if (profile.consent === 'full') {
      const { pair, profile: weight } = this.#options.signals.of(signal);
      this.#taste(profile, item, weight, at);
      forgetShown(profile.shown, item);
      rememberRecent(profile, item, signal, at, pair > 0);
    } else if (isOwn) return;
    if (signal === 'purchase') putDated(profile.bought, BOUGHT_ITEMS, at, { item, at });
    if (signal === 'dislike') putDated(profile.disliked, DISLIKED_ITEMS, at, { item, at });
    else if (signal === 'like' || signal === 'addToCart' || signal === 'purchase') removeDated(profile.disliked, item);
  }

  #taste(profile: Profile, item: string, weight: number, at: number): void {
    if (weight === 0) return;
    profile.vector = addToVector(profile.vector, item, weight, at, this.#options.halfLives.userVectorMs);
  }

  #takeBack(profile: Profile, purchase: Purchase, event: EventRef): void {
    const { deltas, signals } = this.#options;
    const share = signals.others[purchase.status === 'cancelled' ? 'cancelled' : 'returned'];
    for (const { itemId, quantity } of purchase.lines) {
      const { found, missing, emptied } = takeBack(profile.receipts, purchase.orderId, itemId, quantity);
      if (!found) this.#options.note('return-without-receipt', 1);
      else if (missing > 0) this.#options.note('return-over-quantity', 1);
      for (const receipt of emptied) {
        subtractLines(receipt, (line) => line.item === itemId, event, deltas, signals, share);
        this.#taste(profile, itemId, -share * signals.of('purchase').profile, receipt.at);
      }
      // Without a receipt nobody knows how many pieces are left: what came back is not blocked and not called bought.
      if ((emptied.length > 0 || !found) && !isStillBought(profile, itemId)) {
        removeDated(profile.bought, itemId);
        revokeRecent(profile, itemId, kindBit.purchase);
        if (profile.session !== undefined) revokeKind(profile.session.interactions, itemId, kindBit.purchase);
      }
    }
  }
}

function updated(profile: Profile | undefined, isNewDay: boolean, entered?: EnteredSession): Update {
  return {
    profile,
    endedSessionId: entered?.endedSessionId,
    isForgotten: entered?.isForgotten ?? false,
    isNewVisit: isNewDay || (entered?.isFirst ?? false),
  };
}

function rememberRecent(profile: Profile, item: string, signal: Signal, at: number, isInteraction: boolean): void {
  const { recent } = profile;
  if (isInteraction) putDated(recent, RECENT_ITEMS, at, { item, kinds: 0, at }).kinds |= kindBit[signal];
  if (signal === 'dislike') removeDated(recent, item);
  else revokeRecent(profile, item, revokedBit(signal));
}

/** Signals about a recent item hold no longer; an item of which none is left was not dealt with. */
function revokeRecent(profile: Profile, item: string, bit: number): void {
  if (bit === 0) return;
  const entry = profile.recent.find((recent) => recent.item === item);
  if (entry === undefined) return;
  entry.kinds &= ~bit;
  if (entry.kinds === 0) removeDated(profile.recent, item);
}

/** Returns whether the event is the first of its day, and of none before. */
function receive(profile: Profile, event: EventRef): boolean {
  const { asOf } = profile;
  profile.asOf = advanceAsOf(asOf, event);
  noteId(profile, event.eventId);
  return asOf === undefined || landmarkAt(event.at, DAY_MS) > landmarkAt(asOf.at, DAY_MS);
}

function noteId(profile: Profile, eventId: string): void {
  profile.eventIds.push(itemHash(eventId));
  if (profile.eventIds.length > EVENT_IDS) profile.eventIds.shift();
}

function takeContext(
  profile: Profile,
  event: { readonly device: string | null; readonly region: string | null },
): void {
  profile.device = event.device ?? profile.device;
  profile.region = event.region ?? profile.region;
}

function noteSearch(session: Session, query: string): void {
  const words = [...termsOfSearch(query).keys()].slice(0, SEARCH_WORDS);
  if (words.length > 0) session.searched = { words, since: 0 };
}

function moveOnFromSearch(session: Session): void {
  if (session.searched === undefined) return;
  session.searched.since++;
  if (session.searched.since === SEARCH_REACH) session.searched = undefined;
}

function trim(interactions: Interaction[]): void {
  if (interactions.length > SESSION_INTERACTIONS) interactions.splice(0, interactions.length - SESSION_INTERACTIONS);
}

function trimReceipts(profile: Profile): void {
  let lines = 0;
  for (const receipt of profile.receipts) lines += receipt.lines.length;
  while (profile.receipts.length > RECEIPTS || (lines > RECEIPT_LINES && profile.receipts.length > 1)) {
    lines -= profile.receipts.shift()!.lines.length;
  }
}

function isStillBought(profile: Profile, item: string): boolean {
  return profile.receipts.some(({ lines }) => lines.some((line) => line.item === item && line.quantityLeft > 0));
}
