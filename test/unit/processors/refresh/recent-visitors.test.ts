import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentVisitors } from '../../../../processors/refresh/recent-visitors.ts';
import type { QueryItem } from '../../../../processors/scoring/f1.ts';
import type { ListedItems } from '../../../../processors/top-n/values.ts';

const list = (...items: readonly (readonly [denseId: number, score: number])[]): ListedItems => ({
  items: items.map(([denseId, score]) => ({ id: `i${denseId}`, denseId, score, firstReason: 0, reasonCount: 1 })),
  causes: [],
  reasonCauses: [],
  reasonParts: [],
});

const query = (...denseIds: readonly number[]): QueryItem[] =>
  denseIds.map((denseId) => ({ denseId, record: undefined, weight: 1, repeatBonus: 0, times: 1 }));

const marks = (entries: { readonly [denseId: number]: number }): Uint8Array => {
  const bytes = new Uint8Array(10);
  for (const [denseId, urgency] of Object.entries(entries)) bytes[Number(denseId)] = urgency;
  return bytes;
};

test('a list differs when its items, their order or a score by more than one per cent do', () => {
  const recent = new RecentVisitors(10, 5);
  const slot = recent.note('v', 0, query(1), list([2, 1], [3, 0.5]));
  assert.equal(recent.differs(slot, list([2, 1.009], [3, 0.496])), false);
  assert.equal(recent.differs(slot, list([2, 1.02], [3, 0.5])), true);
  assert.equal(recent.differs(slot, list([3, 1], [2, 0.5])), true);
  assert.equal(recent.differs(slot, list([2, 1])), true);
  assert.equal(recent.differs(slot, list([2, 1], [3, 0.5], [4, 0.1])), true);
});

test('a slot is as urgent as the most urgent of what its list holds and comes from', () => {
  const recent = new RecentVisitors(10, 5);
  const slot = recent.note('v', 0, query(1, 4), list([2, 1], [99, 0.5]));
  assert.equal(recent.urgencyOf(slot, marks({ 1: 1, 3: 1 }), marks({ 2: 1 })), 0);
  assert.equal(recent.urgencyOf(slot, marks({ 2: 2 }), marks({ 4: 3 })), 2);
  assert.equal(recent.urgencyOf(slot, marks({ 2: 2 }), marks({ 4: 1 })), 1);
});

test('beyond the bound the visitor who was active longest ago is forgotten', () => {
  const recent = new RecentVisitors(2, 5);
  recent.note('a', 1, query(1), list([2, 1]));
  recent.note('b', 2, query(1), list([2, 1]));
  recent.note('a', 3, query(1), list([2, 1]));
  recent.note('c', 4, query(1), list([2, 1]));
  assert.deepEqual([recent.slotOf('b'), recent.size], [undefined, 2]);
  assert.deepEqual(
    ['a', 'c'].map((id) => recent.visitorOf(recent.slotOf(id)!)),
    ['a', 'c'],
  );
});

test('many visitors keep what was noted of each', () => {
  const recent = new RecentVisitors(5000, 3);
  for (let i = 0; i < 3000; i++) recent.note(`v${i}`, i, query(i % 7), list([i, i + 1]));
  for (let i = 0; i < 3000; i++) {
    const slot = recent.slotOf(`v${i}`)!;
    assert.equal(recent.activeMs(slot), i);
    assert.equal(recent.differs(slot, list([i, i + 1])), false);
  }
});
