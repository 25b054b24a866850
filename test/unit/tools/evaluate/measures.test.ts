import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { median, medianUs } from '../../../../tools/evaluate/cpu-time.ts';
import { HISTORY_BUCKETS, historyBucket, ListSums, RankSums } from '../../../../tools/evaluate/measures.ts';
import { PopularityPercentiles } from '../../../../tools/evaluate/popularity-percentiles.ts';

test('hit rate, MRR and NDCG of a few ranks are what a hand computes', () => {
  const sums = new RankSums([1, 3]);
  for (const rank of [1, 3, 4, 0]) sums.add(rank);
  assert.equal(sums.targets, 4);
  assert.deepEqual(sums.figures(), [
    { k: 1, hitRate: 1 / 4, mrr: 1 / 4, ndcg: 1 / 4 },
    { k: 3, hitRate: 2 / 4, mrr: (1 + 1 / 3) / 4, ndcg: (1 + 1 / 2) / 4 },
  ]);
});

test('a longer list never has lower figures, and MRR <= NDCG <= HR', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (ranks) => {
      const sums = new RankSums([5, 10, 20]);
      for (const rank of ranks) sums.add(rank);
      let before = { hitRate: 0, mrr: 0, ndcg: 0 };
      for (const figures of sums.figures()) {
        assert.ok(figures.hitRate >= before.hitRate && figures.mrr >= before.mrr && figures.ndcg >= before.ndcg);
        assert.ok(figures.mrr <= figures.ndcg + 1e-12 && figures.ndcg <= figures.hitRate + 1e-12);
        before = figures;
      }
    }),
  );
});

test('lengths of history fall into their buckets', () => {
  const names = [0, 1, 2, 3, 4, 5, 6, 50].map((length) => HISTORY_BUCKETS[historyBucket(length)]);
  assert.deepEqual(names, ['0', '1', '2', '3', '4-5', '4-5', '6+', '6+']);
});

test('coverage, popularity and diversity speak of the first k items', () => {
  const sums = new ListSums(2);
  const percentileOf = (item: number) => item / 10;
  const cosine = (one: number, other: number) => (one + other === 3 ? 0.25 : 1);
  sums.add([1, 2, 9], percentileOf, cosine);
  sums.add([], percentileOf, cosine);
  const { coverage, popularity, diversity, meanLength } = sums.figures(4);
  assert.equal(coverage, 2 / 4);
  assert.ok(Math.abs(popularity - 0.15) < 1e-12);
  assert.equal(diversity, 0.75);
  assert.equal(meanLength, 1);
});

test('the place of an item is the share of those dealt with less often', () => {
  const places = new PopularityPercentiles();
  for (const item of [0, 1, 1, 2, 2, 3, 3, 3]) places.add(item);
  assert.deepEqual(
    [0, 1, 2, 3, 99].map((item) => places.of(item)),
    [0, 1 / 4, 1 / 4, 3 / 4, 0],
  );
});

test('the median is the middle value or the mean of the two, and each value is worked on once', () => {
  assert.deepEqual([[], [3], [9, 1, 4], [1, 2, 10, 4]].map(median), [0, 3, 4, 3]);
  const seen: number[] = [];
  const values = Array.from({ length: 50 }, (_, i) => i);
  assert.ok(medianUs(values, (value) => void seen.push(value)) >= 0);
  assert.deepEqual(seen, values);
});
