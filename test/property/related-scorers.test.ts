// F2 and what is known of its candidates against a slow implementation that follows the formulas word by word over maps of texts, and the parts of F2 and of the learned
// ranking against their scores.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ItemIndex } from '../../processors/item-index.ts';
import type { NeighbourRecord } from '../../processors/neighbours.ts';
import { F1Scorer, type QueryItem, queryWeights } from '../../processors/scoring/f1.ts';
import { F2Scorer } from '../../processors/scoring/f2.ts';
import { CandidateFeatures, FEATURE_COUNT, FEATURES } from '../../processors/scoring/features.ts';
import { Gatherer } from '../../processors/scoring/gatherer.ts';
import { LearnedScorer } from '../../processors/scoring/learned.ts';
import { WEIGHT_COUNT } from '../../processors/scoring/ranker-model.ts';
import { OTHER_PARTS, type RelatedScorer, type RowSource } from '../../processors/scoring/related-scorer.ts';
import { DIMENSIONS } from '../../processors/user-vector.ts';
import { itemHash } from '../../schemas/item-hash.ts';
import { indexOf, neighbour } from '../unit/processors/records.ts';

const ITEMS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const mass = fc.integer({ min: 0, max: 40 });
const catalogOfRows = fc.tuple(
  ...ITEMS.map((id) =>
    fc
      .tuple(
        fc.dictionary(fc.constantFrom(...ITEMS), fc.record({ f: mass, b: mass }), { maxKeys: 5 }),
        fc.integer({ min: 0, max: 500 }),
        fc.int8Array({ minLength: DIMENSIONS, maxLength: DIMENSIONS }),
      )
      .map(([partners, n, vector]): NeighbourRecord => ({ ...neighbour(id, partners, { n }), vector })),
  ),
);
const times = { atMs: 0, shownAtMs: 0 };

interface Scene {
  readonly records: ReadonlyMap<string, NeighbourRecord>;
  readonly index: ItemIndex;
  readonly rows: RowSource;
  readonly query: readonly QueryItem[];
  readonly texts: readonly string[];
}

const scenes = fc
  .tuple(catalogOfRows, fc.shuffledSubarray(ITEMS, { minLength: 1, maxLength: 5 }), fc.nat(5))
  .map(([rows, texts, sessionLength]): Scene => {
    const records = new Map(rows.map((record) => [record.itemId, record]));
    const index = indexOf(rows, ITEMS);
    const query = texts.map((id, back) => ({
      denseId: index.internText(id)!,
      record: records.get(id),
      ...queryWeights(back, back < sessionLength ? 1 : 0),
    }));
    return { records, index, query, texts, rows: { recordOf: (id) => records.get(id), loadRecords() {} } };
  });

function rowsTo(records: ReadonlyMap<string, NeighbourRecord>, weights: ReadonlyMap<string, number>) {
  const sums = new Map<string, number>();
  for (const [i, weight] of weights) {
    const row = records.get(i)!;
    const owner = (row.forward + 0.5 * row.backward + 5) ** 0.75;
    for (const j of ITEMS) {
      const at = row.partners.indexOf(itemHash(j));
      const amount = at < 0 ? 0 : row.f[at]! + 0.5 * row.b[at]!;
      if (amount > 0) sums.set(j, (sums.get(j) ?? 0) + (weight * amount) / owner / (records.get(j)!.n + 5) ** 0.25);
    }
  }
  const highest = Math.max(0, ...sums.values()) || 1;
  return new Map([...sums].map(([j, sum]) => [j, sum / highest]));
}

function naiveF2({ records, texts, query }: Scene): Map<string, number> {
  const related = rowsTo(records, new Map(texts.map((id, i) => [id, query[i]!.weight])));
  const second = rowsTo(records, related);
  const unit = (id: string) => {
    const vector = [...records.get(id)!.vector];
    const length = Math.hypot(...vector) || 1;
    return vector.map((component) => component / length);
  };
  const user = new Array<number>(DIMENSIONS).fill(0);
  texts.forEach((id, back) => {
    unit(id).forEach((component, d) => {
      user[d]! += 0.5 ** back * component;
    });
  });
  const length = Math.hypot(...user) || 1;
  const scores = new Map<string, number>();
  for (const j of ITEMS) {
    const back = texts.indexOf(j);
    const isInSession = back >= 0 && query[back]!.times > 0;
    if (!related.has(j) && !second.has(j) && !isInSession) continue;
    const cosine = unit(j).reduce((sum, component, d) => sum + (component * user[d]!) / length, 0);
    const repeat = isInSession ? 1.3 / (1 + back) : 0;
    scores.set(j, (related.get(j) ?? 0) + 0.9 * (second.get(j) ?? 0) + 0.3 * cosine + repeat);
  }
  return scores;
}

function assertPartsSum(scorer: RelatedScorer, { query, rows }: Scene): void {
  const touched = scorer.touched.slice(0, scorer.touchedCount);
  const parts = scorer.parts(touched, query, times, rows);
  const width = query.length + OTHER_PARTS.length;
  touched.forEach((denseId, k) => {
    const sum = parts.subarray(k * width, (k + 1) * width).reduce((total, part) => total + part, 0);
    assert.ok(Math.abs(sum - scorer.scores[denseId]!) < 1e-6, `parts ${sum}, score ${scorer.scores[denseId]}`);
  });
}

test('F2 gives every candidate the score of the formula, in parts that sum to it', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const { index, query, rows } = scene;
      const scorer = new F2Scorer(index, new Gatherer(index));
      scorer.score(query, times, rows);
      scorer.score(query, times, rows);
      const expected = naiveF2(scene);
      const touched = [...scorer.touched.slice(0, scorer.touchedCount)];
      assert.deepEqual(touched.map((denseId) => index.textOf(denseId)!).sort(), [...expected.keys()].sort());
      for (const denseId of touched) {
        const difference = Math.abs(scorer.scores[denseId]! - expected.get(index.textOf(denseId)!)!);
        assert.ok(difference < 1e-6, `${index.textOf(denseId)}: off by ${difference}`);
      }
      assertPartsSum(scorer, scene);
    }),
  );
});

/** Rows of these items that speak for each item. */
function supporters(records: ReadonlyMap<string, NeighbourRecord>, owners: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const owner of owners)
    for (const [j] of rowsTo(records, new Map([[owner, 1]]))) counts.set(j, (counts.get(j) ?? 0) + 1);
  return counts;
}

test('a candidate knows how many rows speak for it, of the query’s items and of the second hop', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const { index, query, rows, records, texts } = scene;
      const gatherer = new Gatherer(index);
      gatherer.gather(query, times, rows);
      gatherer.gather(query, times, rows);
      const related = supporters(records, texts);
      const hop = supporters(records, related.keys());
      for (let c = 0; c < gatherer.count; c++) {
        const id = index.textOf(gatherer.candidates[c]!)!;
        assert.deepEqual([gatherer.support[c], gatherer.hopSupport[c]], [related.get(id) ?? 0, hop.get(id) ?? 0], id);
      }
    }),
  );
});

test('the features of an item tell what is dealt with these days against before; a session’s own item has those of a repetition', () => {
  const RECENT_AT = FEATURES.findIndex(([name]) => name === 'interactions these days, log');
  const rows = [
    neighbour('a', { b: { f: 9 }, c: { f: 9 } }),
    neighbour('b', {}, { n: 80, recent: 10, repeatRate: 0.25 }),
    neighbour('c', {}, { n: 80, recent: 40 }),
  ];
  const index = indexOf(rows, ['a', 'b', 'c']);
  const records = new Map(rows.map((record) => [record.itemId, record]));
  const query = [{ denseId: index.internText('a')!, record: rows[0], ...queryWeights(0, 1) }];
  const gatherer = new Gatherer(index);
  gatherer.gather(query, times, { recordOf: (id) => records.get(id), loadRecords() {} });
  const features = new CandidateFeatures(index);
  features.fill(gatherer, query, 0);
  const recentOf = (id: string) => {
    const at = gatherer.numberOf(index.internText(id)!) * FEATURE_COUNT + RECENT_AT;
    return [...features.values.slice(at, at + 3)];
  };
  // A recent mass that stands still is an eighth of the other.
  assert.deepEqual(recentOf('b'), [Math.log(11) / 3, 0, 0.5]);
  assert.deepEqual(recentOf('c'), [Math.log(41) / 3, Math.log(40.5 / 10.5) / 2, 0]);
  assert.deepEqual(recentOf('a'), [0, 0, 0]);
});

test('every scorer answers a query without items with no candidate, also after another query', () => {
  const scene = fc.sample(scenes, { numRuns: 1, seed: 7 })[0]!;
  const { index, query, rows } = scene;
  const learned = new LearnedScorer(index, new Gatherer(index));
  learned.use({ examples: 1, weights: new Float32Array(WEIGHT_COUNT).fill(0.1) });
  const scorers: RelatedScorer[] = [new F1Scorer(index), new F2Scorer(index, new Gatherer(index)), learned];
  for (const scorer of scorers) {
    scorer.score(query, times, rows);
    const before = scorer.touched.slice(0, scorer.touchedCount);
    assert.ok(before.length > 0);
    scorer.score([], times, rows);
    assert.equal(scorer.touchedCount, 0);
    for (const denseId of before) assert.equal(scorer.scores[denseId], 0);
    // What other sources bring for such a visitor has no part of the scorer's.
    assert.ok(scorer.parts(before, [], times, rows).every((part) => part === 0));
  }
});

test('the learned ranking orders by its model, scores more than 0, and its parts sum to the score with one constant for all', () => {
  fc.assert(
    fc.property(scenes, fc.nat(1000), (scene, seed) => {
      const { index, query, rows } = scene;
      const scorer = new LearnedScorer(index, new Gatherer(index));
      const weights = Float32Array.from({ length: WEIGHT_COUNT }, (_, i) => Math.sin(seed + i * i));
      scorer.use({ examples: 1, weights });
      scorer.score(query, times, rows);
      const touched = scorer.touched.slice(0, scorer.touchedCount);
      for (const denseId of touched) {
        assert.ok(scorer.scores[denseId]! > 0);
      }
      assertPartsSum(scorer, scene);
      const parts = scorer.parts(touched, query, times);
      const width = query.length + OTHER_PARTS.length;
      const constants = new Set(Array.from(touched, (_, k) => parts[(k + 1) * width - 1]));
      assert.ok(constants.size <= 1);
    }),
  );
});
