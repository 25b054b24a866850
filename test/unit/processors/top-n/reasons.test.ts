import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ListDraft } from '../../../../processors/top-n/list-draft.ts';
import { addPartReasons, addReasons, listed, unnamedCauses } from '../../../../processors/top-n/reasons.ts';
import type { Cause, Reason } from '../../../../processors/top-n/values.ts';
import { plainItems } from '../records.ts';

const sources = ['a', 'b', 'c', 'd', 'e'].map((itemId): Cause => ({ kind: 'viewed', itemId }));

/** Reasons of an item with these parts, of which the last is for a repetition. */
function reasonsOf(parts: readonly number[], of: readonly Cause[] = sources) {
  const count = parts.length - 1;
  const draft = new ListDraft(of.slice(0, count));
  addPartReasons(draft, Float64Array.of(9, ...parts, 0, 0), 1, unnamedCauses(draft, count), 1);
  draft.addItem('x', 0);
  return plainItems(draft)[0]?.reasons ?? [];
}

test('the three largest parts are named, the rest is one reason and a repetition its own; largest first', () => {
  assert.deepEqual(reasonsOf([0.1, 0.5, 0, 0.3, 0.2, 0.7]), [
    { kind: 'repeat', part: 0.7 },
    { kind: 'viewed', itemId: 'b', part: 0.5 },
    { kind: 'viewed', itemId: 'd', part: 0.3 },
    { kind: 'viewed', itemId: 'e', part: 0.2 },
    { kind: 'viewed', part: 0.1 },
  ]);
});

test('the rest is one reason for each kind, and says of no item what is true of another', () => {
  const kinds = ['viewed', 'bought', 'carted', 'bought', 'viewed', 'bought', 'liked'] as const;
  const of = kinds.map((kind, i): Cause => ({ kind, itemId: `i${i}` }));
  assert.deepEqual(reasonsOf([0.9, 0.25, 0.8, 0.5, 0.1, 0.7, 0, 0], of), [
    { kind: 'viewed', itemId: 'i0', part: 0.9 },
    { kind: 'carted', itemId: 'i2', part: 0.8 },
    { kind: 'bought', part: 0.75 },
    { kind: 'bought', itemId: 'i5', part: 0.7 },
    { kind: 'viewed', part: 0.1 },
  ]);
});

test('the rest of one item is not that of the next', () => {
  const draft = new ListDraft(sources.slice(0, 4));
  const unnamed = unnamedCauses(draft, 4);
  const parts = Float64Array.of(0.4, 0.3, 0.2, 0.1, 0, 0, 0, 0.4, 0.3, 0.2, 0, 0, 0, 0);
  for (const [id, start] of [
    ['x', 0],
    ['y', 7],
  ] as const) {
    addPartReasons(draft, parts, start, unnamed, 1);
    draft.addItem(id, 0);
  }
  assert.deepEqual(
    plainItems(draft).map(({ score, reasons }) => [score, reasons.length]),
    [
      [1, 4],
      [0.9, 3],
    ],
  );
});

test('the parts that are named are those that a sort puts first, whatever their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }), (parts) => {
      const own = parts.slice(0, -1).map((part, i) => ({ part, itemId: sources[i]!.itemId }));
      // A stable sort: of equal parts the newer item's is named.
      const sorted = own.filter(({ part }) => part > 0).sort((a, b) => b.part - a.part);
      const named = reasonsOf(parts).filter(({ itemId }) => itemId !== undefined);
      assert.deepEqual(
        named.map(({ itemId, part }) => ({ part, itemId })),
        sorted.slice(0, 3),
      );
    }),
  );
});

const listOf = (items: readonly { readonly id: string; readonly extra: readonly Reason[] }[], length = 10) =>
  plainItems(
    listed(
      items.map(({ id, extra }, denseId) => ({ id, denseId, extra })),
      length,
    ),
  );

test('an item has its score in rounded parts that sum to it, largest first', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1, max: 3, noNaN: true }), { minLength: 1, maxLength: 6 }), (parts) => {
      const [item] = listOf([{ id: 'x', extra: parts.map((part) => ({ kind: 'viewed', part })) }]);
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

test('items are in order of their scores, and those of one score in order of their ids', () => {
  const items = [
    ['b', 1],
    ['c', 2],
    ['a', 1 + 1e-12],
  ] as const;
  assert.deepEqual(
    listOf(items.map(([id, part]) => ({ id, extra: [{ kind: 'viewed', part }] }))).map(({ id }) => id),
    ['c', 'a', 'b'],
  );
});

test('an item without a part after rounding takes no place', () => {
  const items = [1e-9, 1, 0.5].map((part, i) => ({ id: `i${i}`, extra: [{ kind: 'viewed' as const, part }] }));
  assert.deepEqual(
    listOf(items, 1).map(({ id }) => id),
    ['i1'],
  );
});

test('a cause that items share is in the table once', () => {
  const draft = new ListDraft([]);
  for (const id of ['a', 'b']) {
    addReasons(draft, [
      { kind: 'campaign', campaignId: 'c1', part: 1 },
      { kind: 'campaign', campaignId: 'c2', part: 1 },
    ]);
    draft.addItem(id, 0);
  }
  assert.deepEqual(
    draft.causes.map(({ campaignId }) => campaignId),
    ['c1', 'c2'],
  );
});
