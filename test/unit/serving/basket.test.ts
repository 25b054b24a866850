import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ListView, viewOf, listOf as wholeOf } from '../../../lists/index.ts';
import { combined } from '../../../serving/basket.ts';

function listOf(scores: { readonly [id: string]: number }, at = 0, eventIds: string[] = []): ListView {
  const items = Object.entries(scores)
    .map(([id, score]) => ({ id, score, reasons: [{ kind: 'bought-together' as const, itemId: 'x', part: score }] }))
    .sort((a, b) => b.score - a.score);
  const asOf = { at, topic: 'clicks', partition: 0, offset: 0, eventIds };
  return viewOf({ definition: 'bought-together', owner: 'o', variant: 'default', algorithm: 'a', asOf, items });
}

const ids = ({ ids }: ListView) => ids;

test('what goes with several items of a basket comes before what goes best with one', () => {
  assert.deepEqual(ids(combined([listOf({ a: 10, b: 8 }), listOf({ c: 0.2, b: 0.1 })])), ['b', 'a', 'c']);
});

test('one list is taken as it is', () => {
  const list = listOf({ a: 3, b: 1 });
  assert.equal(combined([list]), list);
});

test('the newest of the lists dates them all, and events of each are named', () => {
  const { asOf } = combined([listOf({ a: 1 }, 5, ['e1']), listOf({ b: 1 }, 9, ['e2', 'e1']), listOf({ c: 1 }, 7)]);
  assert.equal(asOf.at, 9);
  assert.deepEqual(asOf.eventIds, ['e1', 'e2']);
});

test('a score is the sum of the shares of the best in each list, and the parts of its reasons sum to it', () => {
  const scores = fc.dictionary(fc.constantFrom(...'abcdef'), fc.double({ min: 0.01, max: 100, noNaN: true }), {
    minKeys: 1,
  });
  fc.assert(
    fc.property(fc.array(scores, { minLength: 2, maxLength: 5 }), (basket) => {
      const expected = new Map<string, number>();
      for (const list of basket) {
        const best = Math.max(...Object.values(list));
        for (const [id, score] of Object.entries(list)) expected.set(id, (expected.get(id) ?? 0) + score / best);
      }
      const { items } = wholeOf(combined(basket.map((list) => listOf(list))));
      assert.equal(items.length, expected.size);
      for (const [i, { id, score, reasons }] of items.entries()) {
        assert.ok(Math.abs(score - expected.get(id)!) < 1e-9);
        assert.ok(Math.abs(reasons.reduce((sum, { part }) => sum + part, 0) - score) < 1e-9);
        assert.ok(i === 0 || score <= items[i - 1]!.score);
      }
    }),
  );
});
