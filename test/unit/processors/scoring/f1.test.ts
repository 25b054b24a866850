import assert from 'node:assert/strict';
import { test } from 'node:test';
import { F1Scorer, queryWeights } from '../../../../processors/scoring/f1.ts';
import { indexOf, neighbour } from '../records.ts';

const AT_0 = { atMs: 0, shownAtMs: 0 };

test('F1 scores a worked example', () => {
  // The row's own norm is common to both: R(b) ~ (4 + 0.6 · 5) / (16 + 20)^0.5 = 7/6, R(c) ~ 1 / (80 + 20)^0.5 = 1/10.
  const record = neighbour('a', { b: { f: 4, b: 5 }, c: { f: 1 } });
  const index = indexOf([record, neighbour('b', {}, { n: 16 }), neighbour('c', {}, { n: 80 })], []);
  const scorer = new F1Scorer(index);
  const query = [{ denseId: index.internText('a')!, record, ...queryWeights(0, 1) }];
  scorer.score(query, AT_0);
  assert.equal(scorer.scores[index.internText('a')!], 1);
  assert.equal(scorer.scores[index.internText('b')!], 1);
  assert.ok(Math.abs(scorer.scores[index.internText('c')!]! - 6 / 70) < 1e-7);
  assert.equal(scorer.touchedCount, 3);
});

test('an item that was never followed by another is still expected again in its session', () => {
  const index = indexOf([], ['a', 'b']);
  const scorer = new F1Scorer(index);
  const query = ['b', 'a'].map((id, back) => ({
    denseId: index.internText(id)!,
    record: undefined,
    ...queryWeights(back, 1),
  }));
  scorer.score(query, AT_0);
  assert.equal(scorer.scores[index.internText('b')!], 1);
  assert.equal(scorer.scores[index.internText('a')!], 0.7);
});

test('a query leaves nothing behind for the next, also when the index has grown between them', () => {
  const index = indexOf([], []);
  const scorer = new F1Scorer(index);
  const query = (id: string, partner: string) => {
    const record = neighbour(id, { [partner]: { f: 1 } });
    index.applyNeighbours(id, record);
    return [{ denseId: index.internText(id)!, record, ...queryWeights(0, 0) }];
  };
  scorer.score(query('a', 'b'), AT_0);
  for (let i = 0; i < 3000; i++) index.internText(`filler-${i}`);
  scorer.score(query('c', 'd'), AT_0);
  assert.deepEqual([...scorer.touched.slice(0, scorer.touchedCount)], [index.internText('d')]);
  assert.equal(scorer.scores[index.internText('b')!], 0);
});
