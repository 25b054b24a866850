// The learned ranking on a small shop of groups of items that go together, with weights learned from looks within them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type QueryItem, queryWeights } from '../../../../processors/scoring/f1.ts';
import { CandidateFeatures, FEATURE_COUNT, FEATURES, lengthBucket } from '../../../../processors/scoring/features.ts';
import { Gatherer } from '../../../../processors/scoring/gatherer.ts';
import { LearnedScorer } from '../../../../processors/scoring/learned.ts';
import { initialRanker, RankerLearner } from '../../../../processors/scoring/ranker-learning.ts';
import { RankerModel } from '../../../../processors/scoring/ranker-model.ts';
import { indexOf, type Masses, neighbour } from '../records.ts';

const GROUPS = 12;
const OF_GROUP = 8;
const TIMES = { atMs: 0, shownAtMs: 0 };

function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 48_271) + 11) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

function shop() {
  const next = numbers(3);
  const ids = Array.from({ length: GROUPS * OF_GROUP }, (_, i) => `i${i}`);
  const rows = ids.map((id, i) => {
    const partners: Record<string, Masses> = {};
    for (let k = 0; k < 10; k++) {
      const isNear = k < 7;
      const group = isNear ? Math.floor(i / OF_GROUP) : Math.floor(next() * GROUPS);
      const j = group * OF_GROUP + Math.floor(next() * OF_GROUP);
      if (j !== i) partners[ids[j]!] = { f: (isNear ? 12 : 1) * next() + 0.2, b: (isNear ? 12 : 1) * next() + 0.2 };
    }
    return neighbour(id, partners, { n: 5 + 60 * next() });
  });
  const records = new Map(rows.map((row) => [row.itemId, row]));
  const index = indexOf(rows, ids);
  const source = { recordOf: (id: string) => records.get(id), loadRecords() {} };
  const queryOf = (items: readonly number[]): QueryItem[] =>
    items.map((i, back) => ({
      denseId: index.internText(ids[i]!)!,
      record: records.get(ids[i]!),
      ...queryWeights(back, 1),
    }));
  return { index, source, queryOf, next };
}

/** Sessions of three items of one group, whose next item is another of it. */
function learned({ index, source, queryOf, next }: ReturnType<typeof shop>) {
  const gatherer = new Gatherer(index);
  const features = new CandidateFeatures(index);
  const learner = new RankerLearner();
  const state = initialRanker(1);
  for (let round = 0; round < 1_500; round++) {
    const group = Math.floor(next() * GROUPS) * OF_GROUP;
    const items = [...new Set(Array.from({ length: 4 }, () => group + Math.floor(next() * OF_GROUP)))];
    const target = items.pop()!;
    if (items.length === 0) continue;
    const query = queryOf(items);
    gatherer.gather(query, TIMES, source);
    const number = gatherer.numberOf(index.internText(`i${target}`)!);
    if (number < 0) continue;
    features.fill(gatherer, query, 0);
    const order = [number, ...Array.from({ length: gatherer.count }, (_, c) => c).filter((c) => c !== number)];
    const values = new Float64Array(order.length * FEATURE_COUNT);
    order.forEach((c, i) => {
      values.set(features.values.subarray(c * FEATURE_COUNT, (c + 1) * FEATURE_COUNT), i * FEATURE_COUNT);
    });
    const count = order.length;
    learner.learn(state, {
      bucket: lengthBucket(query),
      context: features.context,
      values,
      count,
      drawnFrom: count,
      drawnFor: 1,
    });
  }
  return { examples: state.examples, weights: state.average };
}

test('what a session’s items go with is ranked first, and without the features of its largest part its score is lower', () => {
  const setting = shop();
  const { index, source, queryOf, next } = setting;
  const ranker = learned(setting);
  const gatherer = new Gatherer(index);
  const scorer = new LearnedScorer(index, gatherer);
  scorer.use(ranker);
  const model = new RankerModel(ranker.weights);
  const features = new CandidateFeatures(index);
  const contributions = new Float64Array(FEATURE_COUNT);
  let near = 0;
  let looked = 0;
  for (let round = 0; round < 60; round++) {
    const group = Math.floor(next() * GROUPS) * OF_GROUP;
    const items = [...new Set(Array.from({ length: 4 }, () => group + Math.floor(next() * OF_GROUP)))];
    const query = queryOf(items);
    scorer.score(query, TIMES, source);
    features.fill(gatherer, query, 0);
    model.begin(lengthBucket(query), features.context);
    const ranked = Array.from(scorer.touched.slice(0, scorer.touchedCount)).sort(
      (a, b) => scorer.scores[b]! - scorer.scores[a]!,
    );
    const others = ranked.filter((denseId) => query.every((item) => item.denseId !== denseId)).slice(0, 3);
    for (const denseId of others) {
      looked++;
      const item = Number(index.textOf(denseId)!.slice(1));
      if (Math.floor(item / OF_GROUP) * OF_GROUP === group) near++;
      const at = gatherer.numberOf(denseId) * FEATURE_COUNT;
      model.contributions(features.values, at, contributions);
      const parts = new Map<string, number>();
      FEATURES.forEach(([, of], i) => {
        parts.set(of, (parts.get(of) ?? 0) + contributions[i]!);
      });
      const largest = [...parts].reduce((one, other) => (other[1] > one[1] ? other : one))[0];
      const without = features.values
        .slice(at, at + FEATURE_COUNT)
        .map((x, i) => (FEATURES[i]![1] === largest ? 0 : x));
      assert.ok(model.score(without, 0) < model.score(features.values, at), `${largest} of ${item}`);
    }
  }
  assert.ok(near > 0.9 * looked, `${near} of ${looked} are of the session's group`);
});
