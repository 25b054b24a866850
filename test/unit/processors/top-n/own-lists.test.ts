import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buyAgainScore } from '../../../../processors/top-n/own-lists.ts';

const DAY = 86_400_000;
const H = 180 * DAY;
const I = 30 * DAY;
const score = (times: readonly number[], nowMs: number) =>
  buyAgainScore({ times, nowMs, halfLifeMs: H, intervalMs: I });
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

test('what was bought just now is not asked for again', () => {
  assert.equal(score([5 * DAY], 5 * DAY), 0);
});

test('an item bought once is due after the usual interval, and half as much an interval later', () => {
  const decay = (ms: number) => 2 ** (-ms / H);
  near(score([0], I / 2), 0.5 * decay(I / 2));
  near(score([0], I), decay(I));
  near(score([0], 2 * I), 0.5 * decay(2 * I));
});

test('the interval is the mean of the gaps between purchases', () => {
  // Days 0, 10 and 30: every 15 days. On day 45 it is due.
  const now = 45 * DAY;
  near(
    score([0, 10 * DAY, 30 * DAY], now),
    [45, 35, 15].reduce((sum, days) => sum + 2 ** (-days / 180), 0),
  );
});

test('the score is highest when the next purchase is due, whatever was bought when', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 2, maxLength: 8 }),
      fc.double({ min: 0.01, max: 4, noNaN: true }),
      (days, elsewhere) => {
        const times = days.sort((a, b) => a - b).map((day) => day * DAY);
        const last = times.at(-1)!;
        const interval = (last - times[0]!) / (times.length - 1);
        // Between purchases the count decays by little, ripeness by much: with a long half-life the peak is at the interval.
        const at = (share: number) =>
          buyAgainScore({ times, nowMs: last + share * interval, halfLifeMs: 1e6 * DAY, intervalMs: I });
        assert.ok(at(elsewhere) <= at(1) * (1 + 1e-3));
      },
    ),
  );
});
