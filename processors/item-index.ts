// Dense numbers for items, per instance and never persisted: scoring adds into arrays instead of maps. Per-item scalars that
// candidates need lie in typed arrays beside them, and what reasons and segments call items. Fed by the global stores `neighbours` and `catalog`, at start and with
// every update.
//
// Invariants: a hash keeps its dense id for the life of the process; results never depend on dense ids (ties are broken by
// text). What is known of an item is what the two stores hold of it, so it is the same after a restart. Masses of different items
// are stored against one common landmark, so one factor brings all of them to a list's time; landmarks are whole half-lives, so
// moving a mass is exact, and which landmark is the common one (that of the first record) changes no bit of a result.

import { itemHash } from '../schemas/item-hash.ts';
import { type CatalogEntry, isSoldOut } from './catalog-entry.ts';
import { landmarkAt, RECENT_SHARE, rebaseFactor } from './decay.ts';
import { HashNumbers } from './hash-numbers.ts';
import type { NeighbourRecord, ResolvedItems } from './neighbours.ts';
import type { PublishedSegment } from './popularity-published.ts';
import { ItemChanges } from './refresh/item-changes.ts';
import { DIMENSIONS } from './user-vector.ts';

const IN_CATALOG = 1;
const SOLD_OUT = 2;
const NO_CATEGORIES: readonly string[] = [];
const INITIAL_CAPACITY = 1024;
/** Half-lives between the common landmark and the newest record before all masses are moved; binary64 allows 1,023, for {@link ItemIndex.recent} an eighth. */
const REBASE_HALF_LIVES = 64;
/** Most that a mass grows by when it is brought to a time before the common landmark, for {@link ItemIndex.recent}: 2^(8 · (64 + 60)) is a number. */
const MOST_BACK = 2 ** 60;
/**
 * An item's neighbours have changed when its mass has moved by this share since they last did: one more view among a thousand turns
 * no list round, and would make the lists of all who saw the item due every second.
 */
const NEIGHBOURS_TOLERANCE = 0.05;

/** Dense ids of items and their scalars. */
export class ItemIndex {
  readonly halfLifeMs: number;
  /** Decayed interactions by dense id, against the common landmark. Replaced when the index grows: do not keep. */
  n = new Float64Array(INITIAL_CAPACITY);
  /** The same, decayed {@link RECENT_SHARE} times as fast. */
  recent = new Float64Array(INITIAL_CAPACITY);
  /** Decayed purchase mass, against the common landmark. */
  p = new Float64Array(INITIAL_CAPACITY);
  /** Event time of the newest interaction, epoch ms; 0 where none was seen. */
  lastSeenMs = new Float64Array(INITIAL_CAPACITY);
  /** Share of the interactions that repeat an item of the same session, by dense id. */
  repeatRate = new Float32Array(INITIAL_CAPACITY);
  /** Item vectors one after the other, {@link DIMENSIONS} components each; all 0 where there is none. */
  vectors = new Int8Array(INITIAL_CAPACITY * DIMENSIONS);
  /** 1 / length of the vector by dense id; 0 where there is none. */
  inverseNorms = new Float32Array(INITIAL_CAPACITY);
  /** Code of the first category, see {@link nameOf}; 0 where there is none. */
  categoryCode = new Int32Array(INITIAL_CAPACITY);
  /** Code of the brand; 0 where there is none. */
  brandCode = new Int32Array(INITIAL_CAPACITY);
  /** Grows with every change of an item's catalog entry: lets others cache what they derive from it. */
  catalogVersion = new Int32Array(INITIAL_CAPACITY);
  /** What changes here, for those who keep lists fresh. */
  readonly changes = new ItemChanges();
  /** {@link n} when the item's neighbours last counted as changed. */
  #notedN = new Float64Array(INITIAL_CAPACITY);
  /** Items whose validity begins or ends at some time. */
  readonly #timed = new Set<number>();
  #flags = new Uint8Array(INITIAL_CAPACITY);
  #validFromMs = new Float64Array(INITIAL_CAPACITY);
  #validToMs = new Float64Array(INITIAL_CAPACITY);
  readonly #texts: (string | undefined)[] = [];
  readonly #titles: (string | undefined)[] = [];
  /** Items of the store `neighbours`. */
  #hasNeighbours = new Uint8Array(INITIAL_CAPACITY);
  readonly #categories: (readonly string[] | undefined)[] = [];
  readonly #denseByHash = new HashNumbers();
  readonly #names: string[] = [''];
  readonly #codeByName = new Map<string, number>();
  #landmarkMs: number | undefined;
  /** The last {@link factorAt} that was asked for. */
  #factorAtMs = Number.NaN;
  #factor = 1;

  /** @param halfLifeMs that of the store `rows`, which made the masses. */
  constructor(halfLifeMs: number) {
    this.halfLifeMs = halfLifeMs;
  }

  /** Number of dense ids: they run from 0 to `size - 1`. */
  get size(): number {
    return this.#texts.length;
  }

  /** Dense id of a hash; `undefined` where it was never seen. */
  denseOf(hash: number): number | undefined {
    const dense = this.#denseByHash.get(hash);
    return dense < 0 ? undefined : dense;
  }

  /** Dense id of a hash, allotted at first sight. Its text may not be known yet. */
  intern(hash: number): number {
    const known = this.#denseByHash.get(hash);
    if (known >= 0) return known;
    const dense = this.#denseByHash.add(hash);
    if (dense === this.n.length) this.#grow();
    this.#texts.push(undefined);
    this.#titles.push(undefined);
    return dense;
  }

  /** Gives a hash its id's text. `undefined` where the hash belongs to another id: a collision. */
  register(hash: number, itemId: string): number | undefined {
    const dense = this.intern(hash);
    const text = this.#texts[dense];
    if (text === itemId) return dense;
    if (text !== undefined) return undefined;
    this.#texts[dense] = itemId;
    return dense;
  }

  /** Dense id of an item's id, allotted at first sight. `undefined` where its hash is that of another id. */
  internText(itemId: string): number | undefined {
    const dense = this.intern(itemHash(itemId));
    const text = this.#texts[dense];
    return text === undefined || text === itemId ? dense : undefined;
  }

  /** Whether `hash`, the hash of `itemId`, is known as that of another id. */
  collides(hash: number, itemId: string): boolean {
    const dense = this.#denseByHash.get(hash);
    const text = dense < 0 ? undefined : this.#texts[dense];
    return text !== undefined && text !== itemId;
  }

  /** Id of an item; `undefined` where only its hash is known. */
  textOf(dense: number): string | undefined {
    return this.#texts[dense];
  }

  /** What the catalog calls an item; `undefined` where it is not in it. */
  titleOf(dense: number): string | undefined {
    return this.#titles[dense];
  }

  /** Categories of an item as the catalog has them; empty where it is unknown. */
  categoriesOf(itemId: string): readonly string[] {
    const dense = this.#denseByHash.get(itemHash(itemId));
    return dense < 0 || this.#texts[dense] !== itemId ? NO_CATEGORIES : (this.#categories[dense] ?? NO_CATEGORIES);
  }

  /** Whether the catalog has the item, sold out or not. */
  isListed(itemId: string): boolean {
    const dense = this.#denseByHash.get(itemHash(itemId));
    return dense >= 0 && this.#texts[dense] === itemId && (this.#flags[dense]! & IN_CATALOG) !== 0;
  }

  /** Name of a category or brand code. */
  nameOf(code: number): string | undefined {
    return this.#names[code];
  }

  /** Whether an item may be recommended at a time: in the catalog, in stock, inside its validity `[from, to)`. */
  isAvailable(dense: number, atMs: number): boolean {
    return this.#flags[dense] === IN_CATALOG && atMs >= this.#validFromMs[dense]! && atMs < this.#validToMs[dense]!;
  }

  /** {@link isAvailable}, and not another item with the same hash. */
  isShown(dense: number, itemId: string, atMs: number): boolean {
    return this.isAvailable(dense, atMs) && this.#texts[dense] === itemId;
  }

  /** What brings a mass of {@link n} or {@link p} to a time. */
  factorAt(atMs: number): number {
    if (this.#landmarkMs === undefined) return 1;
    if (atMs !== this.#factorAtMs) {
      // The part that rounds does not depend on the common landmark.
      const own = landmarkAt(atMs, this.halfLifeMs);
      this.#factor = 2 ** ((own - atMs) / this.halfLifeMs) * rebaseFactor(this.#landmarkMs, own, this.halfLifeMs);
      this.#factorAtMs = atMs;
    }
    return this.#factor;
  }

  /** What brings a mass of {@link recent} to a time; to one long before the common landmark, as far as the masses remain numbers. */
  recentFactorAt(atMs: number): number {
    // Products round alike on whatever landmark, a power does not: the answer must not depend on what was in memory first.
    let factor = Math.min(this.factorAt(atMs), MOST_BACK);
    for (let share = RECENT_SHARE; share > 1; share /= 2) factor *= factor;
    return factor;
  }

  /** Decayed interactions of an item by its hash at a time (epoch ms); 0 where it is not known. */
  countOf(hash: number, atMs: number): number {
    const dense = this.#denseByHash.get(hash);
    return dense < 0 ? 0 : this.n[dense]! * this.factorAt(atMs);
  }

  /** Dense ids of a record's partners, in its order. Allotted once per record, so scoring looks nothing up. */
  partnersOf(record: NeighbourRecord): Int32Array {
    return record.resolved?.index === this ? record.resolved.denseIds : this.#resolve(record, record.partners);
  }

  /** Dense ids of a segment's items, in its order. Allotted once per value. */
  itemsOf(published: PublishedSegment): Int32Array {
    return published.resolved?.index === this
      ? published.resolved.denseIds
      : this.#resolve(published, published.items.map(itemHash));
  }

  #resolve(value: { resolved: ResolvedItems | undefined }, hashes: ArrayLike<number>): Int32Array {
    const denseIds = new Int32Array(hashes.length);
    for (let i = 0; i < denseIds.length; i++) denseIds[i] = this.intern(hashes[i]!);
    value.resolved = { index: this, denseIds };
    return denseIds;
  }

  /** An entry of the global store `neighbours` was found at start, changed, or (`undefined`) went away. */
  applyNeighbours(itemId: string, record: NeighbourRecord | undefined): void {
    if (record === undefined) return;
    const dense = this.register(record.hash, itemId);
    if (dense === undefined) return;
    this.#landmarkMs ??= record.landmarkMs;
    let halfLives = (record.landmarkMs - this.#landmarkMs) / this.halfLifeMs;
    if (halfLives > REBASE_HALF_LIVES) {
      this.#rebase(halfLives);
      halfLives = 0;
    }
    const factor = 2 ** halfLives;
    this.#hasNeighbours[dense] = 1;
    this.n[dense] = record.n * factor;
    this.recent[dense] = record.recent * factor ** RECENT_SHARE;
    this.p[dense] = record.p * factor;
    this.lastSeenMs[dense] = record.lastSeenMs;
    this.repeatRate[dense] = record.repeatRate;
    this.#setVector(dense, record.vector);
    const n = this.n[dense]!;
    const noted = this.#notedN[dense]!;
    if (Math.abs(n - noted) <= NEIGHBOURS_TOLERANCE * noted) return;
    this.#notedN[dense] = n;
    this.changes.add(dense, 'neighbours');
  }

  /** An entry of the global store `catalog` was found at start, changed, or (`undefined`) withdrawn. */
  applyCatalog(itemId: string, entry: CatalogEntry | undefined): void {
    const dense = this.register(itemHash(itemId), itemId);
    if (dense === undefined) return;
    this.catalogVersion[dense] = this.catalogVersion[dense]! + 1;
    const flags = entry === undefined ? 0 : IN_CATALOG | (isSoldOut(entry) ? SOLD_OUT : 0);
    const wasListed = (this.#flags[dense]! & IN_CATALOG) !== 0;
    const isMoved = flags !== this.#flags[dense];
    this.#flags[dense] = flags;
    this.#titles[dense] = entry?.title;
    if (entry === undefined) {
      this.#categories[dense] = undefined;
      this.categoryCode[dense] = 0;
      this.brandCode[dense] = 0;
      this.#timed.delete(dense);
      if (this.#hasNeighbours[dense] === 0) this.#texts[dense] = undefined;
      if (isMoved) this.changes.add(dense, 'availability');
      return;
    }
    const { validFromMs = Number.NEGATIVE_INFINITY, validToMs = Number.POSITIVE_INFINITY, categories } = entry;
    const isTimeMoved = validFromMs !== this.#validFromMs[dense] || validToMs !== this.#validToMs[dense];
    this.#validFromMs[dense] = validFromMs;
    this.#validToMs[dense] = validToMs;
    if (Number.isFinite(validFromMs) || Number.isFinite(validToMs)) this.#timed.add(dense);
    else this.#timed.delete(dense);
    const brandCode = this.#codeOf(entry.brand);
    const isContentMoved = brandCode !== this.brandCode[dense] || !isSame(categories, this.#categories[dense]);
    this.#categories[dense] = categories;
    this.categoryCode[dense] = this.#codeOf(categories[0]);
    this.brandCode[dense] = brandCode;
    // Prices and texts are on cards, which are published with the event; no list depends on them.
    if (isMoved || (wasListed && isTimeMoved)) this.changes.add(dense, 'availability');
    else if (isContentMoved) this.changes.add(dense, 'content');
  }

  /** Items whose validity begins or ends in `(fromMs, untilMs]`. */
  eachCrossed(fromMs: number, untilMs: number, visit: (denseId: number) => void): void {
    for (const dense of this.#timed) {
      const begins = this.#validFromMs[dense]!;
      const ends = this.#validToMs[dense]!;
      if ((begins > fromMs && begins <= untilMs) || (ends > fromMs && ends <= untilMs)) visit(dense);
    }
  }

  /** Items of the catalog that are of one of these brands or categories. */
  eachOf(brands: readonly string[], categories: readonly string[], visit: (denseId: number) => void): void {
    const brandCodes = new Set(brands.map((brand) => this.#codeOf(brand)));
    const wanted = new Set(categories);
    for (let dense = 0; dense < this.size; dense++) {
      if ((this.#flags[dense]! & IN_CATALOG) === 0) continue;
      if (brandCodes.has(this.brandCode[dense]!) || this.#categories[dense]?.some((one) => wanted.has(one)) === true)
        visit(dense);
    }
  }

  #codeOf(name: string | undefined): number {
    if (name === undefined) return 0;
    let code = this.#codeByName.get(name);
    if (code === undefined) {
      code = this.#names.length;
      this.#names.push(name);
      this.#codeByName.set(name, code);
    }
    return code;
  }

  #setVector(dense: number, vector: Int8Array): void {
    const isFull = vector.length === DIMENSIONS;
    let square = 0;
    for (let d = 0; d < DIMENSIONS; d++) {
      const component = isFull ? vector[d]! : 0;
      this.vectors[dense * DIMENSIONS + d] = component;
      square += component * component;
    }
    this.inverseNorms[dense] = square === 0 ? 0 : 1 / Math.sqrt(square);
  }

  #rebase(halfLives: number): void {
    const factor = 2 ** -halfLives;
    for (let dense = 0; dense < this.size; dense++) {
      this.n[dense] = this.n[dense]! * factor;
      this.recent[dense] = this.recent[dense]! * factor ** RECENT_SHARE;
      this.p[dense] = this.p[dense]! * factor;
      this.#notedN[dense] = this.#notedN[dense]! * factor;
    }
    this.#landmarkMs = this.#landmarkMs! + halfLives * this.halfLifeMs;
    this.#factorAtMs = Number.NaN;
  }

  #grow(): void {
    const capacity = this.n.length * 2;
    this.n = grown(this.n, new Float64Array(capacity));
    this.recent = grown(this.recent, new Float64Array(capacity));
    this.p = grown(this.p, new Float64Array(capacity));
    this.repeatRate = grown(this.repeatRate, new Float32Array(capacity));
    this.vectors = grown(this.vectors, new Int8Array(capacity * DIMENSIONS));
    this.inverseNorms = grown(this.inverseNorms, new Float32Array(capacity));
    this.lastSeenMs = grown(this.lastSeenMs, new Float64Array(capacity));
    this.categoryCode = grown(this.categoryCode, new Int32Array(capacity));
    this.brandCode = grown(this.brandCode, new Int32Array(capacity));
    this.catalogVersion = grown(this.catalogVersion, new Int32Array(capacity));
    this.#notedN = grown(this.#notedN, new Float64Array(capacity));
    this.#flags = grown(this.#flags, new Uint8Array(capacity));
    this.#hasNeighbours = grown(this.#hasNeighbours, new Uint8Array(capacity));
    this.#validFromMs = grown(this.#validFromMs, new Float64Array(capacity));
    this.#validToMs = grown(this.#validToMs, new Float64Array(capacity));
  }
}

function grown<A extends Float64Array | Float32Array | Int32Array | Int8Array | Uint8Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

function isSame(a: readonly string[], b: readonly string[] | undefined): boolean {
  if (b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
