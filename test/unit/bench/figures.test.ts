// The arithmetic behind reported figures.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Figures, median, quantile } from '../../../bench/figures.ts';

test('a quantile is the smallest sample that is not exceeded by the wanted share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 100 }),
      (samples, percent) => {
        const found = quantile(samples, percent / 100);
        const shareOf = (limit: number) => (100 * samples.filter((sample) => sample <= limit).length) / samples.length;
        const smaller = samples.filter((sample) => sample < found);
        assert.ok(samples.includes(found));
        assert.ok(shareOf(found) >= percent - 1e-9);
        assert.ok(smaller.length === 0 || shareOf(Math.max(...smaller)) < percent + 1e-9);
      },
    ),
  );
});

test('nothing has no quantile', () => {
  assert.throws(() => quantile([], 0.5), RangeError);
});

test('the median of an even number of values lies between the two in the middle', () => {
  assert.equal(median([9, 1, 4, 2]), 3);
  assert.equal(median([9, 1, 4]), 4);
});

test('the table has a line per figure with median and spread, in the order in which they were noted', () => {
  const figures = new Figures();
  figures.note('rate, events/s', 3_000);
  figures.note('commit, ms', 12.345);
  figures.note('rate, events/s', 1_000);
  figures.note('rate, events/s', 2_000);
  assert.deepEqual(figures.table().split('\n').slice(2), [
    '| rate, events/s | 2,000 | 1,000 | 3,000 | 3 |',
    '| commit, ms | 12.3 | 12.3 | 12.3 | 1 |',
  ]);
});
