// F2 against a slow implementation that follows the formulas word by word over maps of texts, and the parts of F2 and of the learned
// ranking against their scores.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ItemIndex } from '../../processors/item-index.ts';
import type { NeighbourRecord } from '../../processors/neighbours.ts';
import { type QueryItem, queryWeights } from '../../processors/scoring/f1.ts';
import { F2Scorer } from '../../processors/scoring/f2.ts';
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
    scores.set(j, (related.get(j) ?? 0) + 0.6 * (second.get(j) ?? 0) + 0.8 * cosine + repeat);
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
