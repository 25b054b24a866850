// The features of the learned ranking: for each candidate of a query a row of numbers of ordinary size, most between 0 and 2, 0 where
// nothing is known; and six numbers about the query itself, the context of the network. Shares of a row are shrunk by 5 interactions.
//
// An item of the session has the features of a repetition and its popularity, and 0 in the others: what it has in rows and when it
// was seen last comes to a part from this very session, which is in the rows when the ranking learns and may not be there yet when it
// serves. (Without this, the learned ranking lost 1.2 points of MRR in a trial.)
//
// Each feature belongs to a group that says whose merit it is, so that a score can be told in reasons: of the newest item's row, of the
// older items' rows, of R, of W, of the vectors, of the session (repetition), of the item itself.

import { RECENT_SHARE } from '../decay.ts';
import type { ItemIndex } from '../item-index.ts';
import type { QueryItem } from './f1.ts';
import { CANDIDATES, type Gatherer, HOPS } from './gatherer.ts';

/** Whose merit a feature is. */
export const FEATURE_GROUPS = ['newest', 'older', 'related', 'second-hop', 'vector', 'repeat', 'item'] as const;
export type FeatureGroup = (typeof FEATURE_GROUPS)[number];

/** Features of a candidate and their groups. The order is part of the format of stored weights and examples. */
export const FEATURES: readonly (readonly [name: string, group: FeatureGroup])[] = [
  ['newest forward, root', 'newest'],
  ['newest forward, log', 'newest'],
  ['newest backward, root', 'newest'],
  ['newest backward, log', 'newest'],
  ['older forward, root', 'older'],
  ['older forward, log', 'older'],
  ['older backward, root', 'older'],
  ['older backward, log', 'older'],
  ['R', 'related'],
  ['R, root', 'related'],
  ['R, log', 'related'],
  ['R, share of items that support it', 'related'],
  ['R, supported twice', 'related'],
  ['R, number of items that support it, log', 'related'],
  ['R against popularity, log', 'related'],
  ['W', 'second-hop'],
  ['W, root', 'second-hop'],
  ['W, log', 'second-hop'],
  ['W, share of items that support it', 'second-hop'],
  ['W, number of items that support it, log', 'second-hop'],
  ['cosine', 'vector'],
  ['cosine, square', 'vector'],
  ['cosine, log', 'vector'],
  ['in the session', 'repeat'],
  ['in the session, by place', 'repeat'],
  ['newest of the session', 'repeat'],
  ['second newest', 'repeat'],
  ['fourth or older', 'repeat'],
  ['times in the session, log', 'repeat'],
  ['in the session, by its repeat rate', 'repeat'],
  ['in the session, by repeat rate and place', 'repeat'],
  ['interactions, log', 'item'],
  ['interactions these days, log', 'item'],
  ['interactions these days against before, log', 'item'],
  ['repeat rate, root', 'item'],
  ['time since the last interaction, log', 'item'],
  ['seen within days', 'item'],
];
export const FEATURE_COUNT = FEATURES.length;
const REPEAT_AT = FEATURES.findIndex(([, group]) => group === 'repeat');
const REPEAT_COUNT = FEATURES.filter(([, group]) => group === 'repeat').length;

/** Numbers about the query. */
export const CONTEXT_COUNT = 6;

const SHRINKAGE = 5;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const OLDER_BASE = 0.6;

/** ln(1 + n) for small whole n. */
const LOGARITHMS = Float64Array.from({ length: 64 }, (_, n) => Math.log(1 + n));

/** ln((value + ε) / ε): 0 at 0, and about the same for every tenfold. */
function logOver(value: number, epsilon: number): number {
  // Most are 0, and a logarithm is what most of the time goes to.
  return value === 0 ? 0 : Math.log(value / epsilon + 1);
}

/** Features of the candidates that a gatherer holds. One per task. */
export class CandidateFeatures {
  readonly #index: ItemIndex;
  /** Row-major, {@link FEATURE_COUNT} for each candidate. */
  readonly values = new Float64Array(CANDIDATES * FEATURE_COUNT);
  readonly context = new Float64Array(CONTEXT_COUNT);
  readonly #newestForward = new Float64Array(CANDIDATES);
  readonly #newestBackward = new Float64Array(CANDIDATES);
  readonly #olderForward = new Float64Array(CANDIDATES);
  readonly #olderBackward = new Float64Array(CANDIDATES);

  constructor(index: ItemIndex) {
    this.#index = index;
  }

  /** Fills {@link values} and {@link context} for what `gathered` holds. */
  fill(gathered: Gatherer, query: readonly QueryItem[], atMs: number): void {
    this.#fillShares(gathered, query, atMs);
    this.#fillContext(gathered, query, atMs);
    const index = this.#index;
    const { values } = this;
    const factor = index.factorAt(atMs);
    const recentFactor = index.recentFactorAt(atMs);
    for (let c = 0; c < gathered.count; c++) {
      const dense = gathered.candidates[c]!;
      const n = index.n[dense]! * factor;
      const r = gathered.related[c]!;
      const w = gathered.secondHop[c]!;
      const cosine = gathered.cosine[c]!;
      const support = gathered.support[c]!;
      const hopSupport = gathered.hopSupport[c]!;
      let at = c * FEATURE_COUNT;
      const back = gathered.back[c]!;
      if (back >= 0) {
        values.fill(0, at, at + FEATURE_COUNT);
        this.#fillRepeat(at + REPEAT_AT, back, query, dense);
        values[at + REPEAT_AT + REPEAT_COUNT] = Math.log(1 + n) / 4;
        continue;
      }
      values[at++] = 2 * Math.sqrt(this.#newestForward[c]!);
      values[at++] = logOver(this.#newestForward[c]!, 1e-3) / 4;
      values[at++] = 2 * Math.sqrt(this.#newestBackward[c]!);
      values[at++] = logOver(this.#newestBackward[c]!, 1e-3) / 4;
      values[at++] = 2 * Math.sqrt(this.#olderForward[c]!);
      values[at++] = logOver(this.#olderForward[c]!, 1e-3) / 4;
      values[at++] = 2 * Math.sqrt(this.#olderBackward[c]!);
      values[at++] = logOver(this.#olderBackward[c]!, 1e-3) / 4;
      values[at++] = r;
      values[at++] = Math.sqrt(r);
      values[at++] = logOver(r, 1e-2) / 4;
      values[at++] = support / query.length;
      values[at++] = support > 1 ? 1 : 0;
      values[at++] = LOGARITHMS[support]!;
      values[at++] = logOver(r / Math.sqrt(Math.sqrt(n + SHRINKAGE)), 1e-2) / 4;
      values[at++] = w;
      values[at++] = Math.sqrt(w);
      values[at++] = logOver(w, 1e-2) / 4;
      values[at++] = hopSupport / HOPS;
      values[at++] = LOGARITHMS[hopSupport]! / 3;
      const positive = cosine > 0 ? cosine : 0;
      values[at++] = cosine;
      values[at++] = positive * positive;
      values[at++] = logOver(positive, 0.05) / 3;
      values.fill(0, at, at + REPEAT_COUNT);
      at += REPEAT_COUNT;
      values[at++] = Math.log(1 + n) / 4;
      const recent = index.recent[dense]! * recentFactor;
      values[at++] = Math.log(1 + recent) / 3;
      values[at++] = Math.log((recent + 0.5) / (n / RECENT_SHARE + 0.5)) / 2;
      values[at++] = Math.sqrt(index.repeatRate[dense]!);
      const ageMs = Math.max(0, atMs - index.lastSeenMs[dense]!);
      values[at++] = Math.log(1 + ageMs / HOUR_MS) / 8;
      values[at] = 1 / (1 + ageMs / (2 * DAY_MS));
    }
  }

  #fillRepeat(start: number, back: number, query: readonly QueryItem[], dense: number): void {
    const { values } = this;
    const rate = this.#index.repeatRate[dense]!;
    let at = start;
    values[at++] = 1;
    values[at++] = 1 / (1 + back);
    values[at++] = back === 0 ? 1 : 0;
    values[at++] = back === 1 ? 1 : 0;
    values[at++] = back > 2 ? 1 : 0;
    values[at++] = Math.log(1 + query[back]!.times);
    values[at++] = Math.sqrt(rate);
    values[at] = rate / (1 + back);
  }

  #fillShares(gathered: Gatherer, query: readonly QueryItem[], atMs: number): void {
    const index = this.#index;
    const count = gathered.count;
    this.#newestForward.fill(0, 0, count);
    this.#newestBackward.fill(0, 0, count);
    this.#olderForward.fill(0, 0, count);
    this.#olderBackward.fill(0, 0, count);
    for (let back = 0; back < query.length; back++) {
      const { record } = query[back]!;
      if (record === undefined) continue;
      const forward = back === 0 ? this.#newestForward : this.#olderForward;
      const backward = back === 0 ? this.#newestBackward : this.#olderBackward;
      const factor = 2 ** ((record.landmarkMs - atMs) / index.halfLifeMs);
      const weight = factor * olderWeight(back);
      const ofForward = weight / (factor * record.forward + SHRINKAGE);
      const ofBackward = weight / (factor * record.backward + SHRINKAGE);
      const partners = index.partnersOf(record);
      for (let p = 0; p < partners.length; p++) {
        const c = gathered.numberOf(partners[p]!);
        if (c < 0) continue;
        forward[c]! += ofForward * record.f[p]!;
        backward[c]! += ofBackward * record.b[p]!;
      }
    }
  }

  #fillContext(gathered: Gatherer, query: readonly QueryItem[], atMs: number): void {
    const { context } = this;
    const newest = query[0]!;
    const index = this.#index;
    let interactions = 0;
    let items = 0;
    for (const { times } of query) {
      interactions += times;
      if (times > 0) items++;
    }
    context[0] = Math.min(1, interactions / 10);
    context[1] = Math.log(1 + index.n[newest.denseId]! * index.factorAt(atMs)) / 6;
    context[2] = Math.log(gathered.highestRelated + 1e-6) / 5;
    context[3] = interactions === 0 ? 0 : (interactions - items) / interactions;
    context[4] = index.repeatRate[newest.denseId]!;
    context[5] = Math.min(1, items / 8);
  }
}

/** What the row of an older item counts. */
export function olderWeight(back: number): number {
  return back === 0 ? 1 : OLDER_BASE ** back;
}

/** Set of weights by the number of interactions in the session: 0 or 1, 2, 3, 4 to 5, 6 and more. */
export const LENGTH_BUCKETS = 5;
export function lengthBucket(query: readonly QueryItem[]): number {
  let interactions = 0;
  for (const { times } of query) interactions += times;
  if (interactions <= 1) return 0;
  if (interactions <= 3) return interactions - 1;
  return interactions <= 5 ? 3 : 4;
}
