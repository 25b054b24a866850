// A naive recomputation of co-occurrence, popularity and user vectors from raw events: straight loops, plain maps, exact decay at
// the end. It shares the tables of weights and the item signatures with the engine and nothing else. Written from the rules in
// processors/profile/session.ts and contributions.ts, for streams in which no bound overflows.

import { SIGNALS, type Signal } from '../../processors/profile/signals.ts';
import { DIMENSIONS, signatureOf } from '../../processors/user-vector.ts';
import { itemHash } from '../../schemas/item-hash.ts';
import type { Click, Purchase } from '../../schemas/records.ts';

export type OracleEvent =
  | { readonly topic: 'clicks'; readonly value: Click }
  | { readonly topic: 'purchases'; readonly value: Purchase };

/** Something that happened at a time and may be taken back later. */
interface Contribution {
  readonly name: string;
  readonly mass: number;
  readonly at: number;
  /** Order lines (`visitor order item`) any of which takes it back. */
  readonly lines: readonly string[];
}

interface Seen {
  readonly item: string;
  readonly signals: Set<Signal>;
  /** The order line that made it. */
  readonly line: string | undefined;
}

/** A visitor's current session. */
interface Visit {
  id: string | undefined;
  lastAt: number;
  readonly seen: Seen[];
  /** Of the first click that named one. */
  referrer: string | undefined;
  searched: OracleSearch | undefined;
}

/** What was searched for last, unless too much has happened since. */
export interface OracleSearch {
  /** Hashes of words. */
  readonly words: readonly number[];
  /** Interactions since. */
  readonly since: number;
}

/** Takes contributions one by one. Only what may be taken back later is kept until the end. */
interface Contributions {
  push(contribution: Contribution): void;
}

/** Sums at a time, by name: `f a b`, `b a b`, `o a b`, `n a`, `p a`, `repeats a`, `popular segment item`, `vector visitor d`. */
export interface OracleAnswer {
  readonly sums: ReadonlyMap<string, number>;
  /** The greatest sum that a name ever had, against which an error is to be measured. */
  readonly gross: ReadonlyMap<string, number>;
}

export interface OracleHistory extends OracleAnswer {
  /** By visitor, the session that is current at the end; its items in the order of their interactions. */
  readonly visits: ReadonlyMap<
    string,
    {
      readonly id: string | undefined;
      readonly lastAt: number;
      readonly seen: readonly { readonly item: string }[];
      readonly referrer: string | undefined;
      readonly searched: OracleSearch | undefined;
    }
  >;
}

export interface OracleHalfLives {
  readonly rowsMs: number;
  readonly userVectorMs: number;
  readonly popularMs: number;
}

const GAP_MS = 30 * 60_000;
/** Interactions that a search outlives. */
const SEARCH_OUTLIVES = 5;
const SEARCH_WORDS = 8;

/** Recomputes everything from events in the order of their arrival. */
export function recompute(
  events: readonly OracleEvent[],
  atMs: number,
  halfLives: OracleHalfLives,
  categoriesOf: (item: string) => readonly string[],
): OracleHistory {
  const contributions = new Sums(atMs, halfLives);
  const left = new Map<string, number>();
  const ids = new Set<string>();
  const visits = new Map<string, Visit>();
  for (const event of events) {
    const { value } = event;
    const visitor = value.visitorId!;
    if (ids.has(`${visitor} ${value.eventId}`)) continue;
    ids.add(`${visitor} ${value.eventId}`);
    if (event.topic === 'purchases' && event.value.status !== 'placed') {
      for (const { itemId, quantity } of event.value.lines) {
        const line = `${visitor} ${event.value.orderId} ${itemId}`;
        const before = left.get(line);
        if (before !== undefined) left.set(line, Math.max(0, before - quantity));
      }
      continue;
    }
    const visit = visitOf(visits, visitor, value.at, value.sessionId ?? undefined);
    const { seen } = visit;
    if (event.topic === 'clicks') {
      visit.referrer ??= referrerOf(event.value);
      const signal = signalOfClick(event.value);
      if (signal === undefined) {
        if (event.value.query !== null) visit.searched = { words: wordsOf(event.value.query), since: 0 };
        continue;
      }
      if (visit.searched !== undefined && SIGNALS[signal].pair > 0) {
        const { words, since } = visit.searched;
        visit.searched = since === SEARCH_OUTLIVES ? undefined : { words, since: since + 1 };
      }
      addSignal(contributions, seen, event.value.itemId!, signal, value.at, undefined);
      addInterest(contributions, visitor, event.value.itemId!, signal, event.value, [], categoriesOf);
    } else {
      const { orderId, lines, at } = event.value;
      const items = [...new Set(lines.map(({ itemId }) => itemId))];
      const nameOf = (item: string) => `${visitor} ${orderId} ${item}`;
      for (const { itemId, quantity } of lines) left.set(nameOf(itemId), (left.get(nameOf(itemId)) ?? 0) + quantity);
      for (const item of items) {
        addSignal(contributions, seen, item, 'purchase', at, nameOf(item));
        addInterest(contributions, visitor, item, 'purchase', event.value, [nameOf(item)], categoriesOf);
      }
      for (let i = 0; i < items.length; i++) {
        for (let j = 0; j < items.length; j++) {
          if (i === j || Math.abs(i - j) > 10) continue;
          const mass = 1 / Math.min(items.length - 1, 20);
          const both = [nameOf(items[i]!), nameOf(items[j]!)];
          contributions.push({ name: `o ${items[i]} ${items[j]}`, mass, at, lines: both });
        }
      }
    }
  }
  return { ...contributions.total(left), visits };
}

class Sums implements Contributions {
  readonly #sums = new Map<string, number>();
  readonly #gross = new Map<string, number>();
  readonly #revocable: Contribution[] = [];
  readonly #atMs: number;
  readonly #halfLives: OracleHalfLives;

  constructor(atMs: number, halfLives: OracleHalfLives) {
    this.#atMs = atMs;
    this.#halfLives = halfLives;
  }

  push(contribution: Contribution): void {
    const { name, lines } = contribution;
    const decayed = this.#decayed(contribution);
    this.#gross.set(name, (this.#gross.get(name) ?? 0) + Math.abs(decayed));
    if (lines.length === 0) this.#add(name, decayed);
    else this.#revocable.push(contribution);
  }

  total(left: ReadonlyMap<string, number>): OracleAnswer {
    for (const contribution of this.#revocable)
      if (contribution.lines.every((line) => left.get(line)! > 0))
        this.#add(contribution.name, this.#decayed(contribution));
    return { sums: this.#sums, gross: this.#gross };
  }

  #add(name: string, amount: number): void {
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + amount);
  }

  #decayed({ name, mass, at }: Contribution): number {
    const { userVectorMs, popularMs, rowsMs } = this.#halfLives;
    const halfLifeMs = name.startsWith('vector') ? userVectorMs : name.startsWith('popular') ? popularMs : rowsMs;
    return mass * Math.exp((-Math.LN2 * (this.#atMs - at)) / halfLifeMs);
  }
}

function visitOf(visits: Map<string, Visit>, visitor: string, at: number, id: string | undefined): Visit {
  const current = visits.get(visitor);
  if (current !== undefined) {
    const isSame = current.id && id ? current.id === id : Math.abs(at - current.lastAt) <= GAP_MS;
    if (isSame) {
      current.id ??= id;
      current.lastAt = Math.max(current.lastAt, at);
      return current;
    }
    if (at < current.lastAt) return { id, lastAt: at, seen: [], referrer: undefined, searched: undefined };
  }
  const next: Visit = { id, lastAt: at, seen: [], referrer: undefined, searched: undefined };
  visits.set(visitor, next);
  return next;
}

/** Streams name hosts or words of the shop's, without addresses around them. */
function referrerOf({ referrer }: Click): string | undefined {
  return referrer?.toLowerCase();
}

/** Streams search in words of one alphabet. */
function wordsOf(query: string): number[] {
  const words = query.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  const counted = words.filter((word) => word.length > 2 || /\d/.test(word));
  return [...new Set(counted)].slice(0, SEARCH_WORDS).map(itemHash);
}

function signalOfClick(click: Click): Signal | undefined {
  if (click.kind === 'search') return undefined;
  if (click.kind !== 'rate') return click.kind;
  return ['dislike', 'dislike', 'rate', 'like', 'like'][click.rating! - 1] as Signal;
}

function strength(seen: Seen): number {
  return Math.max(...[...seen.signals].map((signal) => SIGNALS[signal].pair));
}

function addSignal(
  contributions: Contributions,
  seen: Seen[],
  item: string,
  signal: Signal,
  at: number,
  line: string | undefined,
): void {
  const own = SIGNALS[signal].pair;
  if (own === 0) return;
  const isLook = signal === 'view' || signal === 'listClick';
  const mine = line === undefined ? [] : [line];
  // The interaction that the signal may join.
  const reach = seen.slice(isLook ? -1 : -10);
  const match = reach.findLast((one) => one.item === item);
  let weight = own;
  let place = seen.length;
  let isNew = true;
  if (match !== undefined && !(match.signals.has(signal) && (isLook || signal === 'purchase'))) {
    weight = match.signals.has(signal) ? 0 : Math.max(0, own - strength(match));
    place = seen.lastIndexOf(match);
    isNew = false;
    match.signals.add(signal);
  } else {
    seen.push({ item, signals: new Set([signal]), line });
  }
  const before = seen.slice(0, place).slice(-10).reverse();
  const isRepeat = isNew && isLook && before.some((one) => one.item === item);
  contributions.push({ name: `n ${item}`, mass: weight, at, lines: mine });
  if (signal === 'purchase') contributions.push({ name: `p ${item}`, mass: 1, at, lines: mine });
  if (isRepeat) contributions.push({ name: `repeats ${item}`, mass: 1, at, lines: mine });
  for (const [index, partner] of before.entries()) {
    const mass = weight * (index + 1) ** -0.7;
    const isThisOrder = line !== undefined && partner.line !== undefined && sameOrder(partner.line, line);
    const lines = isThisOrder ? [...mine, partner.line!] : mine;
    if (partner.item === item) {
      if (isRepeat) contributions.push({ name: `f ${item} ${item}`, mass, at, lines });
      continue;
    }
    contributions.push({ name: `f ${partner.item} ${item}`, mass, at, lines });
    contributions.push({ name: `b ${item} ${partner.item}`, mass, at, lines });
  }
}

/** Lines are `visitor order item`. */
function sameOrder(one: string, other: string): boolean {
  return one.split(' ')[1] === other.split(' ')[1];
}

function addInterest(
  contributions: Contributions,
  visitor: string,
  item: string,
  signal: Signal,
  event: Pick<Click, 'at' | 'device' | 'region'> & { readonly referrer?: string | null },
  lines: readonly string[],
  categoriesOf: (item: string) => readonly string[],
): void {
  const { at, device, region } = event;
  const date = new Date(at);
  const segments = ['global', `hour=${Math.floor(date.getUTCHours() / 4)}`];
  segments.push(`season=${Math.ceil((date.getUTCMonth() + 1) / 3)}`);
  if (device !== null) segments.push(`device=${device}`);
  if (region !== null) segments.push(`region=${region}`);
  if (event.referrer) segments.push(`referrer=${event.referrer.toLowerCase()}`);
  for (const category of categoriesOf(item).slice(0, 3)) segments.push(`category=${category}`);
  for (const segment of segments) {
    contributions.push({ name: `popular ${segment} ${item}`, mass: SIGNALS[signal].popularity, at, lines });
  }
  const signature = new Int32Array(4);
  signatureOf(itemHash(item), signature);
  for (const entry of signature) {
    const d = Math.abs(entry) - 1;
    if (d >= DIMENSIONS) throw new RangeError('dimension');
    contributions.push({ name: `vector ${visitor} ${d}`, mass: Math.sign(entry) * SIGNALS[signal].profile, at, lines });
  }
}
