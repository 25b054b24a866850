import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Baseline, type BaselineSession, bestOf } from '../../../../tools/evaluate/baselines/baseline.ts';
import { ItemKnn } from '../../../../tools/evaluate/baselines/item-knn.ts';
import { Popularity } from '../../../../tools/evaluate/baselines/popularity.ts';
import { SequentialRules } from '../../../../tools/evaluate/baselines/sequential-rules.ts';
import { VmisKnn } from '../../../../tools/evaluate/baselines/vmis-knn.ts';

function taught<B extends Baseline>(baseline: B, sessions: readonly (readonly number[])[]): B {
  for (const [number, items] of sessions.entries()) {
    const session: BaselineSession = { items: [], number };
    for (const item of items) {
      baseline.learn(session, item);
      session.items.push(item);
    }
  }
  return baseline;
}

const itemsOf = (baseline: Baseline, query: readonly number[], count = 20) =>
  baseline.best(query, count).map(({ item }) => item);

function near(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);
}

test('the best are in order of their scores, of equals the smaller number first, and no more than asked for', () => {
  const scores = new Map([
    [7, 1],
    [3, 2],
    [5, 1],
    [9, 0],
    [1, 3],
  ]);
  assert.deepEqual(
    bestOf(scores, 3).map(({ item }) => item),
    [1, 3, 5],
  );
  assert.deepEqual(
    bestOf(scores, 10).map(({ item }) => item),
    [1, 3, 5, 7],
  );
});

test('popularity lists what was dealt with most often, also after it has answered before', () => {
  const popularity = taught(new Popularity(), [[1, 2, 2], [3, 2], [3]]);
  assert.deepEqual(itemsOf(popularity, [1]), [2, 3, 1]);
  taught(popularity, [[1, 1, 1]]);
  assert.deepEqual(itemsOf(popularity, []), [1, 2, 3]);
});

test('item-kNN is the regularised cosine of the sessions that hold both items', () => {
  // S_1 = {0, 1}, S_2 = {0, 1, 2}, S_3 = {0}: a repetition within a session does not count.
  const knn = taught(new ItemKnn(), [
    [1, 2, 1, 3],
    [1, 2],
    [2, 4],
  ]);
  const [first, second] = knn.best([9, 1], 20);
  assert.equal(first?.item, 2);
  near(first?.score, 2 / (Math.sqrt(2 * 3) + 20));
  assert.equal(second?.item, 3);
  near(second?.score, 1 / (Math.sqrt(2 * 1) + 20));
  assert.deepEqual(itemsOf(knn, [8]), []);
  near(knn.cosine(1, 2), 2 / Math.sqrt(6));
  near(knn.cosine(3, 3), 1);
  near(knn.cosine(3, 4), 0);
});

test('sequential rules weigh what came after the last item by 1 / distance, up to ten steps, itself too', () => {
  const rules = taught(new SequentialRules(), [
    [1, 2, 3],
    [1, 3],
    [5, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
  ]);
  const [first, second] = rules.best([9, 1], 20);
  assert.equal(first?.item, 3);
  near(first?.score, 1 / 2 + 1);
  assert.equal(second?.item, 2);
  near(second?.score, 1);
  assert.deepEqual(itemsOf(taught(new SequentialRules(), [[4, 6, 4]]), [4]), [6, 4]);
  assert.equal(itemsOf(rules, [5]).includes(29), true);
  assert.equal(itemsOf(rules, [5]).includes(30), false);
});

test('VMIS-kNN sums the votes of the sessions that are like the present one', () => {
  const vmis = taught(new VmisKnn(), [
    [1, 2, 3],
    [2, 4],
    [5, 6],
  ]);
  // Query 1, 2: π(1) = 1/2, π(2) = 1. Session 0 holds both: similarity 3/2, its newest shared item is the last: λ = 0.9. Session 1
  // holds 2: similarity 1, λ = 0.9. Of three sessions, 3 is in one, 4 in one, 1 in one.
  const best = vmis.best([1, 2], 20);
  assert.deepEqual(
    best.map(({ item }) => item),
    [1, 3, 4, 2],
  );
  near(best[1]?.score, 0.9 * 1.5 * Math.log(3));
  near(best[2]?.score, 0.9 * 1 * Math.log(3));
  // In two of the three sessions, both of them like the query.
  near(best[3]?.score, 0.9 * (1.5 + 1) * Math.log(3 / 2));
});

test('VMIS-kNN counts how far from the end of the query the newest shared item is', () => {
  const vmis = taught(new VmisKnn(), [[1, 3], [7]]);
  // π(1) = 1/3 in a query of three; the shared item is third from the end: λ = 0.7.
  near(vmis.best([1, 8, 9], 20).find(({ item }) => item === 3)?.score, 0.7 * (1 / 3) * Math.log(2));
});
