// Publishes what a visitor did, as lists: `recently-viewed`, newest first, and `buy-again`, by how often the visitor buys an item and
// how ripe the next purchase is. Both come from the profile alone; items that are not in the catalog or not available at the time of
// the making are left out. Made only when a placement in force names them.
//
// Buy-again, at the time of the visitor's newest event (now): let t1 <= ... <= tk be the orders of an item that the profile still
// holds, H the half-life and I the usual interval.
//   count    = Σ 2^(-(now - ti) / H)
//   interval = (tk - t1) / (k - 1), at least a day; I where k = 1
//   r        = (now - tk) / interval
//   score    = count · (r < 1 ? r : 2^(1 - r))
// So an item bought just now is not asked for, one due has its count, and one overdue loses half with each interval missed.

import type { ProcessorContext } from '../../engine/api/index.ts';
import type { ItemIndex } from '../item-index.ts';
import type { ListUse } from '../list-use.ts';
import type { Profile } from '../profile/profile.ts';
import { kindBit } from '../profile/signals.ts';
import { ListDraft } from './list-draft.ts';
import type { ListedItems, ListFormat, Reason } from './values.ts';

const RECENTLY_VIEWED = 'recently-viewed';
const BUY_AGAIN = 'buy-again';
const DEFINITIONS = [RECENTLY_VIEWED, BUY_AGAIN] as const;
type OwnDefinition = (typeof DEFINITIONS)[number];

const ALGORITHMS: Readonly<Record<OwnDefinition, string>> = { 'recently-viewed': 'viewed-1', 'buy-again': 'again-1' };
const LOOKS = kindBit.view | kindBit.listClick;
const DAY_MS = 86_400_000;

/** Where the lists come from and go to. */
export interface OwnListsOptions {
  readonly index: ItemIndex;
  readonly use: ListUse;
  readonly format: ListFormat;
  /** Of every list. */
  readonly variant: string;
  /** Node that publishes. */
  readonly listsSink: string;
}

/** What the newest orders of an item say, see above. Times in ms. */
export interface Repurchase {
  /** Distinct, ascending, not empty. */
  readonly times: readonly number[];
  readonly nowMs: number;
  readonly halfLifeMs: number;
  /** For an item bought once. */
  readonly intervalMs: number;
}

/** The score of the head comment: 0 for an item bought now, never negative. */
export function buyAgainScore({ times, nowMs, halfLifeMs, intervalMs }: Repurchase): number {
  let count = 0;
  for (const at of times) count += 2 ** (-Math.max(0, nowMs - at) / halfLifeMs);
  const last = times.at(-1)!;
  const interval = times.length === 1 ? intervalMs : Math.max(DAY_MS, (last - times[0]!) / (times.length - 1));
  const ripeness = Math.max(0, nowMs - last) / interval;
  return count * (ripeness < 1 ? ripeness : 2 ** (1 - ripeness));
}

/** The own lists of visitors. One per task. */
export class OwnLists {
  readonly #options: OwnListsOptions;

  constructor(options: OwnListsOptions) {
    this.#options = options;
  }

  /** Forwards a visitor's lists that are in use; of a visitor who was erased, or where `mayBeEmptied`, that each of the others is gone. */
  forward(visitorId: string, profile: Profile | undefined, mayBeEmptied: boolean, context: ProcessorContext): void {
    for (const definition of DEFINITIONS) this.#forward(definition, visitorId, profile, mayBeEmptied, context);
  }

  /** Forwards that those are gone of a visitor's lists that there is nothing for. */
  forwardGone(visitorId: string, profile: Profile, context: ProcessorContext): void {
    const kept = this.keysOf(visitorId, profile);
    const timestampMs = profile.asOf?.at ?? context.streamTimeMs;
    for (const definition of DEFINITIONS) {
      const key = this.#key(definition, visitorId);
      if (!kept.includes(key)) context.forward({ key, value: null, timestampMs }, this.#options.listsSink);
    }
  }

  /** Forwards those of a visitor's lists whose keys are wanted, and takes them out. */
  republish(wanted: Set<string>, visitorId: string, profile: Profile | undefined, context: ProcessorContext): void {
    for (const definition of DEFINITIONS)
      if (wanted.delete(this.#key(definition, visitorId))) this.#forward(definition, visitorId, profile, true, context);
  }

  /** The keys under which there may be lists of a visitor. */
  keysOf(visitorId: string, { recent, bought }: Profile): string[] {
    const { use } = this.#options;
    const keys: string[] = [];
    if (recent.length > 0 && use.isInUse(RECENTLY_VIEWED)) keys.push(this.#key(RECENTLY_VIEWED, visitorId));
    if (bought.length > 0 && use.isInUse(BUY_AGAIN)) keys.push(this.#key(BUY_AGAIN, visitorId));
    return keys;
  }

  #forward(
    definition: OwnDefinition,
    visitorId: string,
    profile: Profile | undefined,
    mayBeEmptied: boolean,
    context: ProcessorContext,
  ): void {
    const { format, use, variant, listsSink } = this.#options;
    const asOf = profile?.asOf;
    const key = this.#key(definition, visitorId);
    const mayHaveItems = use.isInUse(definition) && (definition !== BUY_AGAIN || profile?.bought.length !== 0);
    if (profile === undefined || asOf === undefined || !mayHaveItems) {
      // Who never bought has no list to take back either: most visitors.
      if (asOf === undefined || mayBeEmptied)
        context.forward({ key, value: null, timestampMs: asOf?.at ?? context.streamTimeMs }, listsSink);
      return;
    }
    const shownAtMs = Math.max(asOf.at, context.streamTimeMs);
    const listed =
      definition === BUY_AGAIN ? this.#again(profile, asOf.at, shownAtMs) : this.#viewed(profile, shownAtMs);
    const { traceparent } = context;
    const head = { definition, owner: visitorId, variant, algorithm: ALGORITHMS[definition], asOf, traceparent };
    const value = listed.items.length === 0 ? null : format.encodeList(head, format.encodeItems(listed));
    context.forward({ key, value, timestampMs: asOf.at }, listsSink);
  }

  /** Scores are 1, 1/2, 1/3 ...: they say the order and nothing else. */
  #viewed({ recent }: Profile, atMs: number): ListedItems {
    const { length } = this.#options.use.parameters(RECENTLY_VIEWED);
    const draft = draftOf('repeat');
    for (let i = recent.length - 1; i >= 0 && draft.items.length < length; i--) {
      const { item, kinds } = recent[i]!;
      if ((kinds & LOOKS) !== 0) this.#add(draft, item, 1 / (draft.items.length + 1), atMs);
    }
    return draft;
  }

  #again(profile: Profile, nowMs: number, shownAtMs: number): ListedItems {
    const { length, halfLifeDays, intervalDays } = this.#options.use.parameters(BUY_AGAIN);
    const scored: { readonly item: string; readonly score: number }[] = [];
    for (const { item, at } of profile.bought) {
      if (profile.disliked.some((disliked) => disliked.item === item)) continue;
      const times = new Set([at]);
      for (const receipt of profile.receipts)
        if (receipt.lines.some((line) => line.item === item && line.quantityLeft > 0)) times.add(receipt.at);
      const score = buyAgainScore({
        times: [...times].sort((a, b) => a - b),
        nowMs,
        halfLifeMs: halfLifeDays * DAY_MS,
        intervalMs: intervalDays * DAY_MS,
      });
      scored.push({ item, score });
    }
    scored.sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1));
    const draft = draftOf(BUY_AGAIN);
    for (const { item, score } of scored) {
      if (draft.items.length === length) break;
      this.#add(draft, item, score, shownAtMs);
    }
    return draft;
  }

  #add(draft: ListDraft, itemId: string, score: number, atMs: number): void {
    const { index } = this.#options;
    const denseId = index.internText(itemId);
    if (denseId === undefined || !index.isAvailable(denseId, atMs)) return;
    draft.addReason(0, score);
    draft.addItem(itemId, denseId);
  }

  #key(definition: OwnDefinition, visitorId: string): string {
    return this.#options.format.listKey('visitor', definition, this.#options.variant, visitorId);
  }
}

function draftOf(kind: Reason['kind']): ListDraft {
  return new ListDraft([{ kind }]);
}
