// Popularity and trending against a naive recomputation from all sales, in any order of arrival, with late sales and returns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { publishedSegment, trendOf } from '../../processors/popularity-published.ts';
import { addDelta } from '../../processors/popularity-segment.ts';
import { DAY } from '../unit/processors/records.ts';
import { deltasOf, HALF_LIVES, type Sale, StoredSegment } from '../unit/processors/segment-sales.ts';

const sale = fc.record({
  item: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  // Up to 40 long half-lives: the landmarks of the short one move on the way.
  atMs: fc.integer({ min: 0, max: 800 * DAY }),
  weight: fc.integer({ min: 1, max: 5 }),
  isReturned: fc.boolean(),
});

test('sums equal a naive recomputation, whatever the order, the batches and the returns', () => {
  fc.assert(
    fc.property(fc.array(sale, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (sales, batchSize) => {
      // A return comes after its sale, at the sale's own time.
      const arriving: Sale[] = [
        ...sales,
        ...sales.filter(({ isReturned }) => isReturned).map((one) => ({ ...one, weight: -one.weight })),
      ];
      const stored = new StoredSegment();
      for (let i = 0; i < arriving.length; i += batchSize) {
        const deltas = deltasOf(arriving.slice(i, i + batchSize));
        // A restart between any two batches changes nothing.
        const state = stored.read(deltas);
        addDelta(state, deltas, deltas.segments[0]!, HALF_LIVES);
        stored.write(state);
      }
      const published = publishedSegment('global', stored.read(), HALF_LIVES);
      const atMs = published.asOf.at;
      assert.equal(atMs, Math.max(...sales.map((one) => one.atMs)));

      const naive = (item: string, halfLifeMs: number) =>
        sales
          .filter((one) => one.item === item && !one.isReturned)
          .reduce((sum, one) => sum + one.weight * 0.5 ** ((atMs - one.atMs) / halfLifeMs), 0);
      const kept = new Set<string>(sales.filter((one) => !one.isReturned).map(({ item }) => item));
      for (const item of ['a', 'b', 'c', 'd', 'e']) {
        const i = published.items.indexOf(item);
        const popular = naive(item, HALF_LIVES.popularMs);
        // A sum below a billionth of what was taken back is told from rounding error by nothing, and goes with it.
        const returned = sales
          .filter((one) => one.item === item && one.isReturned)
          .reduce((sum, one) => sum + one.weight, 0);
        const close = (actual: number, expected: number, what: string) =>
          assert.ok(
            Math.abs(actual - expected) <= 1e-9 * Math.max(1, expected, returned),
            `${what}: ${actual}, not ${expected}`,
          );
        if (i < 0) assert.ok(!kept.has(item) || popular <= 1e-9 * returned, `${item} is missing with ${popular}`);
        else {
          close(published.popular[i]!, popular, `popular ${item}`);
          close(
            published.trending[i]!,
            trendOf(popular, naive(item, HALF_LIVES.trendingMs), HALF_LIVES),
            `trend ${item}`,
          );
        }
      }
    }),
  );
});

const FROM_MS = Date.UTC(2000, 0, 1);
const UNTIL_MS = Date.UTC(2026, 0, 1);
const anyTime = fc.integer({ min: FROM_MS, max: UNTIL_MS });
/** Half-lives from a sum's own time to its landmark up to which what matters of the sum is held in full. */
const HELD_HALF_LIVES = 900;

test('events of any age beside newer ones give sums that are numbers, and those of a recomputation as far as they can be held', () => {
  const batch = fc.record({
    sales: fc.array(
      fc.record({ item: fc.constantFrom('a', 'b', 'c'), atMs: anyTime, weight: fc.constantFrom(1, 2, 5) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    batchMs: anyTime,
  });
  fc.assert(
    fc.property(fc.array(batch, { minLength: 1, maxLength: 6 }), (batches) => {
      const stored = new StoredSegment();
      for (const { sales, batchMs } of batches) {
        const deltas = deltasOf(sales, batchMs);
        const state = stored.read(deltas);
        addDelta(state, deltas, deltas.segments[0]!, HALF_LIVES);
        stored.write(state);
        const published = publishedSegment('global', state, HALF_LIVES);
        assert.ok(published.popular.every(Number.isFinite) && published.trending.every(Number.isFinite));
      }
      const state = stored.read();
      const published = publishedSegment('global', state, HALF_LIVES);
      const atMs = published.asOf.at;
      const all = batches.flatMap(({ sales }) => sales);
      const isHeld = (state.trendingLandmarkMs - atMs) / HALF_LIVES.trendingMs < HELD_HALF_LIVES;
      const naive = (item: string, halfLifeMs: number) =>
        all
          .filter((one) => one.item === item)
          .reduce((sum, one) => sum + one.weight * 0.5 ** ((atMs - one.atMs) / halfLifeMs), 0);
      const close = (actual: number, expected: number) =>
        assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, expected), `${actual}, not ${expected}`);
      assert.deepEqual(new Set(published.items), new Set(all.map(({ item }) => item)));
      published.items.forEach((item, i) => {
        const popular = naive(item, HALF_LIVES.popularMs);
        close(published.popular[i]!, popular);
        if (isHeld) close(published.trending[i]!, trendOf(popular, naive(item, HALF_LIVES.trendingMs), HALF_LIVES));
      });
    }),
  );
});
