// The learned ranking: the candidates of gatherer.ts by the model of ranker-model.ts.
//
// They come into the list's making with s − the lowest s among them plus 0.01: more than 0, as content, campaigns and preferences need it
// to be added to it, and with as much between the first and the last as these find with the other scorers. In parts: s is its
// constant (that of a candidate without merit) plus one contribution for each feature; a feature's contribution goes to the query
// items in the proportions in which they made the feature.

import type { ItemIndex } from '../item-index.ts';
import type { QueryItem } from './f1.ts';
import {
  CandidateFeatures,
  FEATURE_COUNT,
  FEATURES,
  type FeatureGroup,
  lengthBucket,
  olderWeight,
} from './features.ts';
import { CANDIDATES, type Gatherer, type Shares } from './gatherer.ts';
import { RankerModel, WEIGHT_COUNT } from './ranker-model.ts';
import { type ListTimes, OTHER_PARTS, type RelatedScorer, type RowSource } from './related-scorer.ts';

const LOWEST_SCORE = 0.01;
const GROUP_OF: readonly FeatureGroup[] = FEATURES.map(([, group]) => group);

/** Weights that are served, and how many examples they come from. */
export interface ServedRanker {
  readonly examples: number;
  readonly weights: Float32Array;
}

/** Scores by {@link RelatedScorer}. {@link use} weights before {@link score}. */
export class LearnedScorer implements RelatedScorer {
  readonly algorithm = 'learned-1';
  readonly #index: ItemIndex;
  readonly #model = new RankerModel(new Float32Array(WEIGHT_COUNT));
  readonly #gatherer: Gatherer;
  readonly #features: CandidateFeatures;
  scores = new Float64Array(0);
  touched = new Int32Array(CANDIDATES);
  touchedCount = 0;
  #lowest = 0;
  readonly #raw = new Float64Array(CANDIDATES);
  readonly #contributions = new Float64Array(FEATURE_COUNT);

  /** @param gatherer may be shared with another scorer, but not while a query is asked about. */
  constructor(index: ItemIndex, gatherer: Gatherer) {
    this.#index = index;
    this.#gatherer = gatherer;
    this.#features = new CandidateFeatures(index);
  }

  /** Takes these weights from now on. */
  use({ weights }: ServedRanker): void {
    this.#model.weights = weights;
  }

  score(query: readonly QueryItem[], times: ListTimes, rows: RowSource): void {
    for (let i = 0; i < this.touchedCount; i++) this.scores[this.touched[i]!] = 0;
    this.touchedCount = 0;
    // Of a visitor who has looked at nothing there is nothing to gather, and no newest item that the model could be asked about.
    if (query.length === 0) return;
    const gatherer = this.#gatherer;
    const features = this.#features;
    gatherer.gather(query, times, rows);
    features.fill(gatherer, query, times.atMs);
    if (this.scores.length < this.#index.size) this.scores = new Float64Array(2 * this.#index.size);
    const model = this.#model;
    model.begin(lengthBucket(query), features.context);
    const raw = this.#raw;
    const { count, candidates } = gatherer;
    let lowest = Number.POSITIVE_INFINITY;
    for (let c = 0; c < count; c++) {
      const score = model.score(features.values, c * FEATURE_COUNT);
      raw[c] = score;
      if (score < lowest) lowest = score;
    }
    this.#lowest = lowest;
    this.touchedCount = count;
    for (let c = 0; c < count; c++) {
      const candidate = candidates[c]!;
      this.touched[c] = candidate;
      this.scores[candidate] = raw[c]! - lowest + LOWEST_SCORE;
    }
  }

  parts(candidates: Int32Array, query: readonly QueryItem[], { atMs }: ListTimes): Float64Array {
    const gatherer = this.#gatherer;
    const features = this.#features;
    const sources = query.length;
    const width = sources + OTHER_PARTS.length;
    const parts = new Float64Array(candidates.length * width);
    const shares = gatherer.shares(candidates, query, atMs);
    const older = this.#olderShares(candidates, query, atMs);
    const constant = this.#model.constant - this.#lowest + LOWEST_SCORE;
    const contributions = this.#contributions;
    for (let k = 0; k < candidates.length; k++) {
      const number = gatherer.numberOf(candidates[k]!);
      if (number < 0 || this.scores[candidates[k]!] === 0) continue;
      this.#model.contributions(features.values, number * FEATURE_COUNT, contributions);
      const byGroup = { newest: 0, older: 0, related: 0, 'second-hop': 0, vector: 0, repeat: 0, item: 0 };
      for (let i = 0; i < FEATURE_COUNT; i++) byGroup[GROUP_OF[i]!] += contributions[i]!;
      const own = parts.subarray(k * width, (k + 1) * width);
      const from = k * sources;
      own[0]! += byGroup.newest;
      spread(byGroup.older, older, from, own, sources);
      spread(byGroup.related, shares.related, from, own, sources);
      spread(byGroup['second-hop'], shares.secondHop, from, own, sources);
      spread(byGroup.vector, shares.cosine, from, own, sources);
      own[sources] = byGroup.repeat;
      own[sources + 1] = byGroup.item;
      own[sources + 2] = constant;
    }
    return parts;
  }

  /** What the rows of the older items give to candidates, by item. */
  #olderShares(candidates: Int32Array, query: readonly QueryItem[], atMs: number): Shares['related'] {
    const index = this.#index;
    const shares = new Float64Array(candidates.length * query.length);
    const places = new Map<number, number>();
    for (let k = 0; k < candidates.length; k++) places.set(candidates[k]!, k);
    for (let i = 1; i < query.length; i++) {
      const { record } = query[i]!;
      if (record === undefined) continue;
      const factor = 2 ** ((record.landmarkMs - atMs) / index.halfLifeMs);
      const partners = index.partnersOf(record);
      for (let p = 0; p < partners.length; p++) {
        const k = places.get(partners[p]!);
        if (k !== undefined) shares[k * query.length + i] = olderWeight(i) * factor * (record.f[p]! + record.b[p]!);
      }
    }
    return shares;
  }
}

/** Adds an amount to the parts of the query items in proportion to their shares; to the newest where none has any. */
function spread(amount: number, shares: Float64Array, from: number, parts: Float64Array, sources: number): void {
  if (amount === 0) return;
  let sum = 0;
  for (let i = 0; i < sources; i++) sum += Math.abs(shares[from + i]!);
  if (sum === 0) {
    parts[0]! += amount;
    return;
  }
  for (let i = 0; i < sources; i++) parts[i]! += (amount * Math.abs(shares[from + i]!)) / sum;
}
