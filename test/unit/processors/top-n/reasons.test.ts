import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inOrder, listItem, partReasons } from '../../../../processors/top-n/reasons.ts';

const sources = ['a', 'b', 'c', 'd', 'e'].map((itemId) => ({ itemId, kind: 'viewed' as const }));

test('the three largest parts are named, the rest is one reason and a repetition its own', () => {
  const parts = Float64Array.of(9, 0.1, 0.5, 0, 0.3, 0.2, 0.7);
  const titles = ['A', 'B', undefined, 'D', 'E'];
  assert.deepEqual(partReasons(parts, 1, sources, titles), [
    { kind: 'viewed', itemId: 'b', title: 'B', part: 0.5 },
    { kind: 'viewed', itemId: 'd', title: 'D', part: 0.3 },
    { kind: 'viewed', itemId: 'e', title: 'E', part: 0.2 },
    { kind: 'viewed', part: 0.1 },
    { kind: 'repeat', part: 0.7 },
  ]);
});

test('an item has its score in rounded parts that sum to it, largest first', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1, max: 3, noNaN: true }), { minLength: 1, maxLength: 6 }), (parts) => {
      const item = listItem(
        'x',
        parts.map((part) => ({ kind: 'viewed', part })),
      );
      if (item === undefined) {
        assert.ok(parts.every((part) => Math.abs(part) <= 0.5e-8));
        return;
      }
      const sum = item.reasons.reduce((total, { part }) => total + part, 0);
      assert.ok(Math.abs(sum - item.score) <= 1e-12);
      assert.ok(Math.abs(parts.reduce((a, b) => a + b, 0) - item.score) <= 1e-7);
      for (let i = 1; i < item.reasons.length; i++) assert.ok(item.reasons[i]!.part <= item.reasons[i - 1]!.part);
    }),
  );
});

test('items of one score are in order of their ids', () => {
  const items = ['b', 'c', 'a'].map((id) => ({ id, score: id === 'c' ? 2 : 1, reasons: [] }));
  assert.deepEqual(
    inOrder(items).map(({ id }) => id),
    ['c', 'a', 'b'],
  );
});
