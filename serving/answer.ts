// From stored lists to an answer: walks down the ladder, drops what must not be shown, tops up from the next step until there are
// enough. Pure. Invariants: no item twice, no blocked item, at most `n`; within a step the stored order is kept.
import type { AsOf, ListView } from '../lists/index.ts';
import type { ListDefinition } from '../schemas/list-settings.ts';
import type { Rung } from './ladder.ts';

/** A step of the ladder whose list was found. */
export interface FoundList {
  readonly rung: Rung;
  /** Place of the list in the placement; -1 for a fallback. */
  readonly place: number;
  readonly definition: ListDefinition;
  readonly key: string;
  /** Commit number under which the list was published. */
  readonly version: number;
  readonly list: ListView;
}

/**
 * The list at a place in the order of the ladder, from 0, `undefined` behind the last. One is read when it is asked for. (Not an iterator: V8 keeps
 * what a generator that was left early has seen for longer than it keeps anything else of a request.)
 */
export type FoundLists = (i: number) => FoundList | undefined;

/** Every list. */
export function allOf(found: FoundLists): FoundList[] {
  const all: FoundList[] = [];
  for (let step = found(0); step !== undefined; step = found(all.length)) all.push(step);
  return all;
}

/** An item that was chosen: the step that gave it, and its place in that step's list. */
export interface Chosen {
  readonly id: string;
  readonly from: FoundList;
  readonly place: number;
}

/** Most items with something in common. */
export interface Cap {
  readonly most: number;
  /** What is counted; an item for which it is `undefined` is not. */
  keyOf(itemId: string): string | undefined;
}

/** What an answer is chosen by. */
export interface Choosing {
  /** Items at most. */
  readonly n: number;
  /** Most items of the list at each place; `undefined`: any number. */
  readonly shares?: readonly (number | undefined)[];
  /** Hold over the whole answer, fallbacks too. */
  readonly caps?: readonly Cap[];
  /** Says whether an item may not be shown to this shopper now. */
  isHidden(id: string, score: number, from: FoundList): boolean;
}

/** What `choose` decided. `served` is `undefined` when no step had anything to show. */
export interface Choice {
  readonly served: FoundList | undefined;
  readonly chosen: readonly Chosen[];
}

/** Text that names a list and its version, for attribution: base36 of a 53-bit hash of the key, then the version. */
export function listId(key: string, version: number): string {
  return `${hash53(key).toString(36)}-${version}`;
}

/**
 * cyrb-style hash of 53 bits from two 32-bit lanes with different multipliers. Not cryptographic: it only keeps a visitor's id out of
 * the list's name and makes two lists' names differ.
 */
function hash53(text: string): number {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0xcc9e2d51);
    high = Math.imul(high ^ unit, 0x1b873593);
    low ^= low >>> 15;
    high ^= high >>> 13;
  }
  low = Math.imul(low ^ (high >>> 16), 0x85ebca6b);
  high = Math.imul(high ^ (low >>> 13), 0xc2b2ae35);
  return ((high >>> 0) & 0x1fffff) * 0x1_0000_0000 + ((low ^ (high >>> 11)) >>> 0);
}

/** Picks items in the order of the ladder. A list is asked for only while items are wanted. */
export function choose(found: FoundLists, { n, shares = [], caps = [], isHidden }: Choosing): Choice {
  const chosen: Chosen[] = [];
  const seen = new Set<string>();
  const taken: number[] = [];
  const counts = caps.map(() => new Map<string, number>());
  let served: FoundList | undefined;

  /** Counts an item, unless a cap is reached. */
  const isWithinCaps = (itemId: string): boolean => {
    if (caps.length === 0) return true;
    const keys = caps.map((cap) => cap.keyOf(itemId));
    const count = (i: number, key: string): number => counts[i]!.get(key) ?? 0;
    if (keys.some((key, i) => key !== undefined && count(i, key) >= caps[i]!.most)) return false;
    keys.forEach((key, i) => {
      if (key !== undefined) counts[i]!.set(key, count(i, key) + 1);
    });
    return true;
  };

  for (let i = 0, step = found(i); step !== undefined; step = found(++i)) {
    const share = shares[step.place] ?? Infinity;
    const { ids, scores } = step.list;
    for (let place = 0; place < ids.length; place++) {
      const id = ids[place]!;
      if (chosen.length === n) return { served, chosen };
      if ((taken[step.place] ?? 0) >= share) break;
      if (seen.has(id) || isHidden(id, scores[place]!, step) || !isWithinCaps(id)) continue;
      seen.add(id);
      served ??= step;
      chosen.push({ id, from: step, place });
      if (step.place >= 0) taken[step.place] = (taken[step.place] ?? 0) + 1;
    }
    if (chosen.length === n) break;
  }
  return { served, chosen };
}

/** Milliseconds between an event and now, at least 0: an event may be stamped a little ahead of our clock. */
export function ageMs(asOf: AsOf, nowMs: number): number {
  return Math.max(0, nowMs - asOf.at);
}
