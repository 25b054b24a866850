// Holds the state of an application against what the oracle expects: ledgers and counts exactly, decayed sums within 1e-9 of the
// greatest that they ever were, rows and segments entry by entry where no bound was reached. What differs comes as sentences.

import type { KeyValueStore } from '../../engine/api/index.ts';
import type { CatalogEntry } from '../../processors/catalog-entry.ts';
import type { ItemRow } from '../../processors/co-occurrence/item-row.ts';
import { ROW_GROWN_ENTRIES } from '../../processors/co-occurrence/row-update.ts';
import { type HalfLives, valueFactor } from '../../processors/decay.ts';
import { SEGMENT_ITEMS, type SegmentItems, type SegmentState } from '../../processors/popularity-segment.ts';
import type { Profile } from '../../processors/profile/profile.ts';
import { itemHash } from '../../schemas/item-hash.ts';
import type { ExpectedState, ExpectedVisitor } from './production-oracle.ts';
import type { RestoredState } from './production-state.ts';
import { ledgerFaults, shownFaults } from './production-visitors.ts';
import { entriesOf } from './row-entries.ts';

const TOLERANCE = 1e-9;

export interface Comparison {
  readonly faults: readonly string[];
  /** Things that were compared, by kind; and those left out because a bound was reached. */
  readonly counts: Readonly<{ [kind: string]: number }>;
}

/** Compares everything. */
export function compareState(state: RestoredState, expected: ExpectedState, halfLives: HalfLives): Comparison {
  return new StateComparison(state, expected, halfLives).run();
}

class StateComparison implements Comparison {
  readonly faults: string[] = [];
  readonly counts: { [kind: string]: number } = {};
  readonly #state: RestoredState;
  readonly #expected: ExpectedState;
  readonly #halfLives: HalfLives;
  /** Expected names that the state has been asked for, to find those that it lacks. */
  readonly #seen = new Set<string>();
  /** Rows (item) and segments in which entries were cut. */
  readonly #cut = new Set<string>();
  readonly #partners = new Map<string, number>();

  constructor(state: RestoredState, expected: ExpectedState, halfLives: HalfLives) {
    this.#state = state;
    this.#expected = expected;
    this.#halfLives = halfLives;
  }

  run(): Comparison {
    this.#findBounds();
    this.#profiles();
    this.#rows();
    this.#segments();
    this.#cards();
    for (const [name, sum] of this.#expected.history.sums)
      if (!this.#seen.has(name) && !this.#isCut(name)) this.#close(name, sum, 0);
    return this;
  }

  #findBounds(): void {
    const partners = new Map<string, Set<string>>();
    const items = new Map<string, Set<string>>();
    for (const name of this.#expected.history.gross.keys()) {
      const [kind, first, second] = split(name);
      if (kind === 'f' || kind === 'b' || kind === 'o') setOf(partners, first).add(second!);
      else if (kind === 'popular') setOf(items, first).add(second!);
    }
    for (const [item, own] of partners) {
      this.#partners.set(item, own.size);
      if (own.size > ROW_GROWN_ENTRIES) this.#cut.add(`row ${item}`);
    }
    for (const [segment, own] of items) if (own.size > 1.25 * SEGMENT_ITEMS) this.#cut.add(`segment ${segment}`);
  }

  #isCut(name: string): boolean {
    const [kind, first] = split(name);
    if (kind === 'popular') return this.#cut.has(`segment ${first}`);
    return (kind === 'f' || kind === 'b' || kind === 'o') && this.#cut.has(`row ${first}`);
  }

  *#entries<V>(name: string): Generator<readonly [string, V, KeyValueStore<V>]> {
    for (const task of this.#state.tasks) {
      const store = task.store<V>(name);
      for (const [key, value] of store.scan()) yield [key, value, store];
    }
  }

  #profiles(): void {
    const { visitors, atMs } = this.#expected;
    const missing = new Set(visitors.keys());
    for (const [visitorId, profile] of this.#entries<Profile>('profiles')) {
      missing.delete(visitorId);
      const expected = visitors.get(visitorId);
      if (expected === undefined) {
        this.faults.push(`visitor ${visitorId} is not in the input`);
        continue;
      }
      this.#profile(visitorId, profile, expected);
      if (profile.vector === undefined) continue;
      const factor = valueFactor(atMs, profile.vector.landmarkMs, this.#halfLives.userVectorMs);
      for (const [d, sum] of profile.vector.sums.entries()) this.#sum(`vector ${visitorId} ${d}`, sum * factor);
    }
    for (const visitorId of missing) this.faults.push(`visitor ${visitorId} is missing`);
  }

  #profile(visitorId: string, profile: Profile, expected: ExpectedVisitor): void {
    const who = `visitor ${visitorId}`;
    this.#count('visitors');
    for (const fault of [...ledgerFaults(profile, expected), ...shownFaults(profile, expected)])
      this.faults.push(`${who}: ${fault}`);
    this.#count('event ids in ledgers', profile.eventIds.length);
    this.#count('items shown in vain', profile.shown.length);
    const { session } = profile;
    this.#equal(
      `${who}: session`,
      session && {
        id: session.id,
        lastAt: session.lastAt,
        items: session.interactions.map(({ item }) => item),
        referrer: session.referrer,
        searched: session.searched,
      },
      expected.session,
    );
    this.#equal(`${who}: bought`, profile.bought.map(({ item }) => item).sort(), [...expected.bought].sort());
    this.#equal(`${who}: disliked`, profile.disliked.map(({ item }) => item).sort(), [...expected.disliked].sort());
    this.#equal(`${who}: segments`, profile.segments, expected.segments);
    this.#equal(`${who}: context`, [profile.device, profile.region], [expected.device, expected.region]);
  }

  #rows(): void {
    const { catalog, atMs } = this.#expected;
    const names = new Map<number, string>();
    for (const item of [...catalog.keys(), ...this.#partners.keys()]) names.set(itemHash(item), item);
    for (const [item, row] of this.#entries<ItemRow>('rows')) {
      const factor = valueFactor(atMs, row.landmarkMs, this.#halfLives.rowsMs);
      this.#sum(`n ${item}`, row.n * factor);
      this.#sum(`p ${item}`, row.p * factor);
      this.#sum(`repeats ${item}`, row.repeats * factor);
      this.#count(this.#cut.has(`row ${item}`) ? 'rows beyond the bound' : 'rows');
      if (this.#cut.has(`row ${item}`)) continue;
      for (const { hash, f, b, o } of entriesOf(row)) {
        const partner = names.get(hash)!;
        this.#sum(`f ${item} ${partner}`, f * factor);
        this.#sum(`b ${item} ${partner}`, b * factor);
        this.#sum(`o ${item} ${partner}`, o * factor);
      }
    }
  }

  #segments(): void {
    for (const task of this.#state.tasks) {
      const bases = task.store<SegmentItems>('segment-items');
      const segments = task.store<SegmentState>('segments');
      for (const [segment] of segments.scan()) {
        if (this.#cut.has(`segment ${segment}`)) {
          this.#count('segments beyond the bound');
          continue;
        }
        const state = segments.get(segment)!;
        state.complete(bases.get(segment));
        this.#count('segments');
        const factor = valueFactor(this.#expected.atMs, state.popularLandmarkMs, this.#halfLives.popularMs);
        for (const [i, item] of state.items.entries())
          this.#sum(`popular ${segment} ${item}`, state.popular[i]! * factor);
      }
    }
  }

  #cards(): void {
    const { catalog, campaigns } = this.#expected;
    const found = new Set<string>();
    for (const [itemId, entry] of this.#entries<CatalogEntry>('cards')) {
      found.add(itemId);
      this.#count('cards');
      const { at, title, stock, price, categories } = catalog.get(itemId) ?? {};
      this.#equal(
        `card of ${itemId}`,
        [entry.atMs, entry.title, entry.stock ?? null, entry.price ?? null, entry.categories],
        [at, title, stock, price, categories],
      );
    }
    this.#equal('items of the catalog', [...found].sort(), [...catalog.keys()].sort());
    const ids = [...this.#entries('own-campaigns')].map(([id]) => id);
    this.#equal('campaigns', ids.sort(), [...campaigns].sort());
    this.#count('campaigns', ids.length);
  }

  #sum(name: string, actual: number): void {
    this.#seen.add(name);
    this.#close(name, this.#expected.history.sums.get(name) ?? 0, actual);
  }

  #close(name: string, expected: number, actual: number): void {
    this.#count('sums');
    if (!(Math.abs(expected - actual) <= TOLERANCE * (this.#expected.history.gross.get(name) ?? 0)))
      this.faults.push(`${name}: ${actual} instead of ${expected}`);
  }

  #equal(what: string, actual: unknown, expected: unknown): void {
    const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (found !== wanted) this.faults.push(`${what}: ${found} instead of ${wanted}`);
  }

  #count(kind: string, by = 1): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + by;
  }
}

/** Names of sums are `kind first second`; a segment's name may have blanks in it, ids have none. */
function split(name: string): readonly [string, string, string | undefined] {
  const begin = name.indexOf(' ');
  const kind = name.slice(0, begin);
  const end = name.lastIndexOf(' ');
  return begin === end
    ? [kind, name.slice(begin + 1), undefined]
    : [kind, name.slice(begin + 1, end), name.slice(end + 1)];
}

function setOf(sets: Map<string, Set<string>>, key: string): Set<string> {
  let set = sets.get(key);
  if (set === undefined) {
    set = new Set();
    sets.set(key, set);
  }
  return set;
}
