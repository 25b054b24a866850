import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricAttributes } from '../../../engine/api/index.ts';
import { DAY_MS } from '../../../processors/decay.ts';
import { LiveQuality } from '../../../processors/live-quality.ts';
import { click, START_MS } from '../topology/shop.ts';

function measured() {
  const gauges = new Map<string, () => number>();
  const nothing = { add() {}, record() {} };
  const quality = new LiveQuality({
    counter: () => nothing,
    histogram: () => nothing,
    gauge: (name, read, attributes: MetricAttributes = {}) => {
      gauges.set(`${name} ${attributes['freshet.algorithm']}`, read);
      return () => {};
    },
  });
  return {
    quality,
    figure: (name: string, algorithm = 'f1') => gauges.get(`${name} ${algorithm}`)?.(),
    list: (visitorId: string, ids: readonly string[], algorithm = 'f1') =>
      quality.noted(
        visitorId,
        algorithm,
        ids.map((id, denseId) => ({ id, denseId, score: 1, firstReason: 0, reasonCount: 0 })),
      ),
    look: (visitorId: string, itemId: string, at = START_MS, kind: 'view' | 'addToCart' = 'view') =>
      quality.observed(click({ visitorId, itemId, at, kind })),
  };
}

test('a look is held against the list that was made before it', () => {
  const { list, look, figure } = measured();
  look('v', 'a');
  list('v', ['b', 'c']);
  look('v', 'c');
  list('v', ['d', 'e']);
  look('v', 'b');
  assert.equal(figure('freshet.lists.looks'), 2);
  assert.equal(figure('freshet.lists.hit_rate'), 1 / 2);
  assert.equal(figure('freshet.lists.reciprocal_rank'), 1 / 4);
});

test('an item that was dealt with last, and what is no look, ask nothing', () => {
  const { list, look, figure } = measured();
  list('v', ['b', 'c']);
  look('v', 'c', START_MS, 'addToCart');
  look('v', 'c');
  assert.equal(figure('freshet.lists.looks'), 0);
  look('v', 'b');
  assert.equal(figure('freshet.lists.looks'), 1);
});

test('only the first twenty items of a list count', () => {
  const { list, look, figure } = measured();
  list(
    'v',
    Array.from({ length: 30 }, (_, i) => `i${i}`),
  );
  look('v', 'i19');
  look('v', 'i20');
  assert.equal(figure('freshet.lists.hit_rate'), 1 / 2);
});

test('each algorithm has its own figures', () => {
  const { list, look, figure } = measured();
  list('v', ['a'], 'f1');
  look('v', 'a');
  list('v', ['b'], 'l');
  look('v', 'c');
  assert.equal(figure('freshet.lists.hit_rate', 'f1'), 1);
  assert.equal(figure('freshet.lists.hit_rate', 'l'), 0);
});

test('what was right a day ago counts half, however long the engine runs', () => {
  const { list, look, figure } = measured();
  list('v', ['a', 'b']);
  look('v', 'a');
  look('v', 'x', START_MS + DAY_MS);
  assert.ok(Math.abs(figure('freshet.lists.hit_rate')! - 1 / 3) < 1e-12);
  assert.ok(Math.abs(figure('freshet.lists.looks')! - 1.5) < 1e-12);
  look('v', 'y', START_MS + 3_000 * DAY_MS);
  look('v', 'b', START_MS + 3_000 * DAY_MS);
  assert.ok(Math.abs(figure('freshet.lists.hit_rate')! - 1 / 2) < 1e-12);
  assert.ok(Math.abs(figure('freshet.lists.looks')! - 2) < 1e-12);
});

test('a visitor who was forgotten asks nothing until there is a list again', () => {
  const { quality, list, look, figure } = measured();
  list('v', ['a']);
  quality.forgotten('v');
  look('v', 'a');
  assert.equal(figure('freshet.lists.looks'), 0);
});
