import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addMass,
  addSigned,
  DAY_MS,
  landmarkAt,
  movedLandmark,
  rebaseFactor,
  valueFactor,
  weightAt,
} from '../../../processors/decay.ts';

const halfLifeMs = 3 * DAY_MS;
const START = Date.UTC(2026, 0, 1);
const time = fc.integer({ min: START - 40 * DAY_MS, max: START + 400 * DAY_MS });
const event = fc.record({ at: time, value: fc.double({ min: 0.1, max: 10, noNaN: true }) });

function sumOf(events: readonly { at: number; value: number }[], landmarkMs: number): number {
  let sum = 0;
  for (const { at, value } of events) sum += value * weightAt(at, landmarkMs, halfLifeMs);
  return sum;
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.abs(expected), `${actual} instead of ${expected}`);
}

describe('Forward decay', () => {
  test('An amount halves with each half-life', () => {
    const landmarkMs = landmarkAt(START, halfLifeMs);
    const sum = 8 * weightAt(START, landmarkMs, halfLifeMs);
    near(sum * valueFactor(START, landmarkMs, halfLifeMs), 8);
    near(sum * valueFactor(START + 3 * halfLifeMs, landmarkMs, halfLifeMs), 1);
    near(sum * valueFactor(START + halfLifeMs / 2, landmarkMs, halfLifeMs), 8 / Math.SQRT2);
  });

  test('A sum equals the decayed amounts, whatever their order and however it is split', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 40 }), time, fc.nat(), (events, landmarkTime, cut) => {
        const landmarkMs = landmarkAt(landmarkTime, halfLifeMs);
        const atMs = START + 400 * DAY_MS;
        const split = cut % events.length;
        const expected = events.reduce((sum, { at, value }) => sum + value * 2 ** ((at - atMs) / halfLifeMs), 0);
        const factor = valueFactor(atMs, landmarkMs, halfLifeMs);
        near(sumOf(events, landmarkMs) * factor, expected);
        near(sumOf(events.toReversed(), landmarkMs) * factor, expected);
        near((sumOf(events.slice(split), landmarkMs) + sumOf(events.slice(0, split), landmarkMs)) * factor, expected);
      }),
    );
  });

  test('Moving the landmark changes no bit of a sum, whenever it is done', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), fc.nat(), time, time, (events, when, from, to) => {
        const [first, second] = [landmarkAt(from, halfLifeMs), landmarkAt(to, halfLifeMs)];
        const factor = rebaseFactor(first, second, halfLifeMs);
        const move = when % events.length;
        let moved = 0;
        for (const [index, { at, value }] of events.entries()) {
          if (index === move) moved *= factor;
          moved += value * weightAt(at, index < move ? first : second, halfLifeMs);
        }
        assert.equal(moved, sumOf(events, second));
        assert.equal(sumOf(events, first) * factor, sumOf(events, second));
      }),
    );
  });

  test('The landmark stays for 64 half-lives and then moves to that of the event', () => {
    const landmarkMs = landmarkAt(START, halfLifeMs);
    assert.equal(movedLandmark(landmarkMs, landmarkMs + 64 * halfLifeMs, halfLifeMs), landmarkMs);
    const late = landmarkMs + 64 * halfLifeMs + 1;
    assert.equal(movedLandmark(landmarkMs, late, halfLifeMs), landmarkMs + 64 * halfLifeMs);
    assert.equal(movedLandmark(landmarkMs, START - 1000 * halfLifeMs, halfLifeMs), landmarkMs);
    assert.ok(Number.isFinite(1e9 * weightAt(late, landmarkMs, halfLifeMs)));
  });

  test('A retraction at the original time leaves nothing, not even a rounding error, and never less', () => {
    const landmarkMs = landmarkAt(START, halfLifeMs);
    const amounts = [0.1, 0.2, 0.3].map(
      (value, index) => value * weightAt(START + index * 1e7, landmarkMs, halfLifeMs),
    );
    let sum = 0;
    for (const amount of amounts) sum = addMass(sum, amount);
    for (const amount of amounts) sum = addMass(sum, -amount);
    assert.equal(sum, 0);
    assert.equal(addMass(1, -2), 0);
    assert.equal(addSigned(1, -2), -1);
    assert.equal(addSigned(0.1 + 0.2, -0.3), 0);
  });
});
