import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RankHistory } from '../../../../processors/top-n/rank-history.ts';

const order = (...denseIds: number[]) =>
  denseIds.map((denseId) => ({ denseId, id: `i${denseId}`, score: 0, extra: [] }));

test('the ranks after each step that changed the order are known, 0 before an item came in', () => {
  const history = new RankHistory();
  history.begin(order(7, 8, 9), 'sources');
  history.after(order(7, 8, 9), 'preference');
  history.after(order(8, 7, 9), 'variety');
  history.after(order(5, 8, 9), 'campaign');
  assert.deepEqual(history.steps, ['sources', 'variety', 'campaign']);
  assert.deepEqual(history.ranksOf(order(5, 9)), [0, 0, 1, 3, 3, 3]);
});

test('an order that no step changed has no history, whatever the list before had', () => {
  const history = new RankHistory();
  history.begin(order(1, 2), 'sources');
  history.after(order(2, 1), 'variety');
  history.begin(order(1, 2), 'sources');
  history.after(order(1, 2), 'variety');
  assert.equal(history.steps, undefined);
});
