// The candidates of a query and what is known of each, for F2 and the learned ranking:
//
//   R(j) = Σ_i w_i · (f_ij + 0.5 b_ij) / ((F_i + 0.5 B_i + 5)^0.75 · (n_j + 5)^0.25)   over the query's items, w_i = 0.6^back
//   W(j) = Σ_h R(h)/max R · (f_hj + 0.5 b_hj) / (the same norms)                         over the 30 best h of R: the second hop
//   100 candidates by R/max R + 0.5 W/max W + 10/(1 + back), the last if j itself is in the session; those that may be shown
//   cos(q, c_j) with the user vector q = Σ 0.5^back c_i/|c_i|
//
// All masses are brought to the list's time before constants are added. Equal values are told apart by the ids' texts, so nothing
// depends on dense ids. (n + 5)^0.25 where trials had 0.3: two square roots instead of a power, for the same hit rate.

import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import { DIMENSIONS } from '../user-vector.ts';
import type { QueryItem } from './f1.ts';
import type { ListTimes, RowSource } from './related-scorer.ts';
import { TopK } from './top-k.ts';

/** Candidates that are scored. With 200 the lists are no better (docs/evaluation.md) and half as dear again. */
export const CANDIDATES = 100;
/** Items whose rows make the second hop. */
export const HOPS = 30;
const BACKWARD_WEIGHT = 0.5;
const SHRINKAGE = 5;
/** Share of the second hop in the choice of candidates. */
const HOP_CHOICE = 0.5;
/** A session's own items are candidates whatever else. */
const SESSION_CHOICE = 10;
/** Mark of the newest item of the session; those before it have the numbers below. */
const IN_SESSION = -2;
/** How much less each older item counts in the user vector of a query. */
const VECTOR_BASE = 0.5;

/** Gathers candidates into arrays by their number, 0 to {@link count} - 1. One per task. */
export class Gatherer {
  readonly #index: ItemIndex;
  /** Dense ids, best by the choice first. */
  readonly candidates = new Int32Array(CANDIDATES);
  count = 0;
  /** R / max R. */
  readonly related = new Float64Array(CANDIDATES);
  /** W / max W. */
  readonly secondHop = new Float64Array(CANDIDATES);
  /** Items of the query whose rows hold the candidate. */
  readonly support = new Int32Array(CANDIDATES);
  /** Items of the second hop whose rows hold it. */
  readonly hopSupport = new Int32Array(CANDIDATES);
  /** Cosine of the user vector and the item's; 0 where one is missing. */
  readonly cosine = new Float64Array(CANDIDATES);
  /** Place in the query, if the candidate is an item of the session; else -1. */
  readonly back = new Int32Array(CANDIDATES);
  /** User vector of the query, of length 1 or all 0. */
  readonly #userVector = new Float64Array(DIMENSIONS);
  /** Place + 1 by dense id; 0 where an item has none. All that is known of an item while a query lasts lies at its place, close together. */
  #places = new Int32Array(0);
  /** Dense ids by place. */
  #touched = new Int32Array(0);
  #touchedCount = 0;
  #r = new Float64Array(0);
  #w = new Float64Array(0);
  /** Rows that R and W come from. */
  #supportR = new Int32Array(0);
  #supportW = new Int32Array(0);
  /** (n_j + 5)^0.25. */
  #norms = new Float64Array(0);
  /** Candidate number, -1 where it is none. */
  #numbers = new Int32Array(0);
  #highestR = 1;
  #highestW = 1;
  /** Places. */
  readonly #hops = new Int32Array(HOPS);
  readonly #hopRecords: (NeighbourRecord | undefined)[] = [];
  #hopCount = 0;
  readonly #top: TopK;

  constructor(index: ItemIndex) {
    this.#index = index;
    this.#top = new TopK((place) => index.textOf(this.#touched[place]!));
  }

  /** Number of a candidate by dense id, -1 where it is none. */
  numberOf(denseId: number): number {
    const place = this.#places[denseId] ?? 0;
    return place === 0 ? -1 : this.#numbers[place - 1]!;
  }

  /** max R before it is divided by: how much speaks for the best candidate. */
  get highestRelated(): number {
    return this.#highestR;
  }

  /** Gathers the candidates of a query. */
  gather(query: readonly QueryItem[], times: ListTimes, rows: RowSource): void {
    const index = this.#index;
    for (const { record } of query) if (record !== undefined) index.partnersOf(record);
    this.#begin();
    const itemFactor = index.factorAt(times.atMs);
    for (const { record, weight } of query) {
      if (record !== undefined) this.#addRow(this.#r, this.#supportR, record, weight, times.atMs);
    }
    this.#fillNorms(0, itemFactor);
    this.#highestR = this.#divide(this.#r);
    this.#hop(times.atMs, itemFactor, rows);
    this.#choose(query, times.shownAtMs);
    this.#compare(query);
  }

  /**
   * Splits R, W and cosine of some candidates (dense ids) by query item: row k of each result has one share for each item of the query.
   * The shares sum to what {@link related}, {@link secondHop} and {@link cosine} hold.
   */
  shares(denseIds: Int32Array, query: readonly QueryItem[], atMs: number): Shares {
    const width = query.length;
    const related = this.#relatedShares(denseIds, query, atMs);
    const hops = this.#hops.subarray(0, this.#hopCount).map((place) => this.#touched[place]!);
    const ofHops = this.#relatedShares(hops, query, atMs);
    const secondHop = new Float64Array(denseIds.length * width);
    const places = new Map<number, number>();
    for (let k = 0; k < denseIds.length; k++) places.set(denseIds[k]!, k);
    for (let h = 0; h < this.#hopCount; h++) {
      const record = this.#hopRecords[h];
      if (record === undefined) continue;
      const scale = this.#rowScale(record, 1, atMs) / this.#highestW;
      const partners = this.#index.partnersOf(record);
      for (let p = 0; p < partners.length; p++) {
        const k = places.get(partners[p]!);
        if (k === undefined) continue;
        const mass = (scale * (record.f[p]! + BACKWARD_WEIGHT * record.b[p]!)) / this.#norm(partners[p]!, atMs);
        for (let i = 0; i < width; i++) secondHop[k * width + i]! += mass * ofHops[h * width + i]!;
      }
    }
    return { related, secondHop, cosine: this.#cosineShares(denseIds, query) };
  }

  #relatedShares(denseIds: Int32Array, query: readonly QueryItem[], atMs: number): Float64Array {
    const width = query.length;
    const shares = new Float64Array(denseIds.length * width);
    const places = new Map<number, number>();
    for (let k = 0; k < denseIds.length; k++) places.set(denseIds[k]!, k);
    for (let i = 0; i < width; i++) {
      const { record, weight } = query[i]!;
      if (record === undefined) continue;
      const scale = this.#rowScale(record, weight, atMs) / this.#highestR;
      const partners = this.#index.partnersOf(record);
      for (let p = 0; p < partners.length; p++) {
        const k = places.get(partners[p]!);
        if (k === undefined) continue;
        const mass = scale * (record.f[p]! + BACKWARD_WEIGHT * record.b[p]!);
        shares[k * width + i]! += mass / this.#norm(partners[p]!, atMs);
      }
    }
    return shares;
  }

  #cosineShares(denseIds: Int32Array, query: readonly QueryItem[]): Float64Array {
    const { vectors, inverseNorms } = this.#index;
    const width = query.length;
    const shares = new Float64Array(denseIds.length * width);
    const length = this.#sumVectors(query);
    if (length === 0) return shares;
    for (let i = 0; i < width; i++) {
      const source = query[i]!.denseId;
      const scale = (VECTOR_BASE ** i * inverseNorms[source]!) / length;
      if (scale === 0) continue;
      for (let k = 0; k < denseIds.length; k++) {
        const candidate = denseIds[k]!;
        let product = 0;
        for (let d = 0; d < DIMENSIONS; d++) {
          product += vectors[source * DIMENSIONS + d]! * vectors[candidate * DIMENSIONS + d]!;
        }
        shares[k * width + i] = product * scale * inverseNorms[candidate]!;
      }
    }
    return shares;
  }

  /** (n_j + 5)^0.25 at a time. */
  #norm(denseId: number, atMs: number): number {
    return Math.sqrt(Math.sqrt(this.#index.n[denseId]! * this.#index.factorAt(atMs) + SHRINKAGE));
  }

  /** What brings the masses of a row to their share of R or W, but for the candidate's norm. */
  #rowScale(record: NeighbourRecord, weight: number, atMs: number): number {
    const factor = 2 ** ((record.landmarkMs - atMs) / this.#index.halfLifeMs);
    return weight * factor * (factor * (record.forward + BACKWARD_WEIGHT * record.backward) + SHRINKAGE) ** -0.75;
  }

  #addRow(sums: Float64Array, support: Int32Array, record: NeighbourRecord, weight: number, atMs: number): void {
    const scale = this.#rowScale(record, weight, atMs);
    const partners = this.#index.partnersOf(record);
    const { f, b } = record;
    const places = this.#places;
    for (let p = 0; p < partners.length; p++) {
      const mass = scale * (f[p]! + BACKWARD_WEIGHT * b[p]!);
      if (!(mass > 0)) continue;
      const candidate = partners[p]!;
      const at = (places[candidate]! || this.#touch(candidate)) - 1;
      sums[at]! += mass;
      support[at]!++;
    }
  }

  /** Gives an item a place, and returns it + 1. */
  #touch(denseId: number): number {
    const at = this.#touchedCount++;
    this.#touched[at] = denseId;
    this.#r[at] = 0;
    this.#w[at] = 0;
    this.#supportR[at] = 0;
    this.#supportW[at] = 0;
    this.#numbers[at] = -1;
    this.#places[denseId] = at + 1;
    return at + 1;
  }

  /** Norms of the items that were touched from a place on: once for each item, not for each pair. */
  #fillNorms(from: number, itemFactor: number): void {
    const { n } = this.#index;
    const touched = this.#touched;
    const norms = this.#norms;
    const count = this.#touchedCount;
    for (let t = from; t < count; t++) norms[t] = Math.sqrt(Math.sqrt(n[touched[t]!]! * itemFactor + SHRINKAGE));
  }

  /** Divides sums by the candidates' norms and by the greatest of them, which is returned (1 where there is none). */
  #divide(sums: Float64Array): number {
    const norms = this.#norms;
    const count = this.#touchedCount;
    let highest = 0;
    for (let t = 0; t < count; t++) {
      const value = sums[t]! / norms[t]!;
      sums[t] = value;
      if (value > highest) highest = value;
    }
    if (highest === 0) return 1;
    for (let t = 0; t < count; t++) sums[t]! /= highest;
    return highest;
  }

  #hop(atMs: number, itemFactor: number, rows: RowSource): void {
    const index = this.#index;
    const top = this.#top;
    const r = this.#r;
    const touched = this.#touched;
    const related = this.#touchedCount;
    top.clear(HOPS);
    let threshold = top.threshold;
    for (let t = 0; t < related; t++) {
      if (r[t]! < threshold) continue;
      top.offer(t, r[t]!);
      threshold = top.threshold;
    }
    this.#hopCount = top.drain(this.#hops);
    const texts: string[] = [];
    for (let h = 0; h < this.#hopCount; h++) {
      const text = index.textOf(touched[this.#hops[h]!]!);
      if (text !== undefined) texts.push(text);
    }
    rows.loadRecords(texts);
    for (let h = 0; h < this.#hopCount; h++) {
      const text = index.textOf(touched[this.#hops[h]!]!);
      const record = text === undefined ? undefined : rows.recordOf(text);
      // Resolved before the arrays are written to: it may make the index, and so the arrays, grow.
      if (record !== undefined) index.partnersOf(record);
      this.#hopRecords[h] = record;
    }
    this.#grow();
    for (let h = 0; h < this.#hopCount; h++) {
      const record = this.#hopRecords[h];
      if (record !== undefined) this.#addRow(this.#w, this.#supportW, record, this.#r[this.#hops[h]!]!, atMs);
    }
    this.#fillNorms(related, itemFactor);
    this.#highestW = this.#divide(this.#w);
  }

  #choose(query: readonly QueryItem[], shownAtMs: number): void {
    const index = this.#index;
    const top = this.#top;
    const others = this.#touchedCount;
    top.clear(CANDIDATES);
    for (let back = 0; back < query.length; back++) {
      const { denseId, repeatBonus } = query[back]!;
      if (repeatBonus <= 0) continue;
      const place = (this.#places[denseId]! || this.#touch(denseId)) - 1;
      // Below -1 until the candidates have their numbers: a session's item is offered once, with its bonus.
      this.#numbers[place] = IN_SESSION - back;
      if (!index.isAvailable(denseId, shownAtMs)) continue;
      top.offer(place, this.#r[place]! + HOP_CHOICE * this.#w[place]! + SESSION_CHOICE / (1 + back));
    }
    const touched = this.#touched;
    const numbers = this.#numbers;
    const r = this.#r;
    const w = this.#w;
    let threshold = top.threshold;
    for (let t = 0; t < others; t++) {
      const score = r[t]! + HOP_CHOICE * w[t]!;
      if (score < threshold || numbers[t]! <= IN_SESSION || !index.isAvailable(touched[t]!, shownAtMs)) continue;
      top.offer(t, score);
      threshold = top.threshold;
    }
    const { candidates } = this;
    this.count = top.drain(candidates);
    for (let c = 0; c < this.count; c++) {
      const place = candidates[c]!;
      const mark = numbers[place]!;
      this.back[c] = mark <= IN_SESSION ? IN_SESSION - mark : -1;
      this.related[c] = r[place]!;
      this.secondHop[c] = w[place]!;
      this.support[c] = this.#supportR[place]!;
      this.hopSupport[c] = this.#supportW[place]!;
      numbers[place] = c;
      candidates[c] = touched[place]!;
    }
    // Those of the session's items that may not be shown are no candidates.
    for (const { denseId } of query) {
      const place = this.#places[denseId]! - 1;
      if (place >= 0 && numbers[place]! <= IN_SESSION) numbers[place] = -1;
    }
  }

  #compare(query: readonly QueryItem[]): void {
    const { vectors, inverseNorms } = this.#index;
    const user = this.#userVector;
    const length = this.#sumVectors(query);
    if (length > 0) for (let d = 0; d < DIMENSIONS; d++) user[d]! /= length;
    for (let c = 0; c < this.count; c++) {
      const candidate = this.candidates[c]!;
      const inverse = inverseNorms[candidate]!;
      this.cosine[c] = inverse > 0 && length > 0 ? inverse * dotProduct(user, vectors, candidate * DIMENSIONS) : 0;
    }
  }

  /** Fills the user vector with the sum of the items' vectors and returns its length. */
  #sumVectors(query: readonly QueryItem[]): number {
    const { vectors, inverseNorms } = this.#index;
    const user = this.#userVector.fill(0);
    for (let back = 0; back < query.length; back++) {
      const { denseId } = query[back]!;
      const scale = VECTOR_BASE ** back * inverseNorms[denseId]!;
      if (scale === 0) continue;
      const start = denseId * DIMENSIONS;
      for (let d = 0; d < DIMENSIONS; d++) user[d]! += scale * vectors[start + d]!;
    }
    let square = 0;
    for (let d = 0; d < DIMENSIONS; d++) square += user[d]! * user[d]!;
    return Math.sqrt(square);
  }

  #begin(): void {
    for (let t = 0; t < this.#touchedCount; t++) this.#places[this.#touched[t]!] = 0;
    this.#touchedCount = 0;
    this.count = 0;
    this.#grow();
  }

  #grow(): void {
    const { size } = this.#index;
    if (this.#r.length >= size) return;
    const capacity = Math.max(1024, size * 2);
    this.#places = grown(this.#places, new Int32Array(capacity));
    this.#touched = grown(this.#touched, new Int32Array(capacity));
    this.#numbers = grown(this.#numbers, new Int32Array(capacity));
    this.#r = grown(this.#r, new Float64Array(capacity));
    this.#w = grown(this.#w, new Float64Array(capacity));
    this.#supportR = grown(this.#supportR, new Int32Array(capacity));
    this.#supportW = grown(this.#supportW, new Int32Array(capacity));
    this.#norms = grown(this.#norms, new Float64Array(capacity));
  }
}

/** What the query items contribute to candidates, see {@link Gatherer.shares}. */
export interface Shares {
  readonly related: Float64Array;
  readonly secondHop: Float64Array;
  readonly cosine: Float64Array;
}

/** Four sums at a time: each addition to one sum waits for the one before. DIMENSIONS is a multiple of four. */
function dotProduct(user: Float64Array, vectors: Int8Array, start: number): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let d = 0; d < DIMENSIONS; d += 4) {
    first += user[d]! * vectors[start + d]!;
    second += user[d + 1]! * vectors[start + d + 1]!;
    third += user[d + 2]! * vectors[start + d + 2]!;
    fourth += user[d + 3]! * vectors[start + d + 3]!;
  }
  return first + second + (third + fourth);
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
