// Which commits are over when lists have been published, while some lists wait in a backlog.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnpublishedCommits } from '../../../engine/runtime/unpublished-commits.ts';

/** Commits as `[number, since]`. */
function commitsOf(...commits: readonly (readonly [number, number])[]) {
  const unpublished = new UnpublishedCommits();
  for (const [commitNumber, since] of commits)
    unpublished.add({ commitNumber, since, appendTimes: { times: [], counts: [] }, offsets: new Map() });
  return {
    take: (published: number, waitingSince = Infinity) =>
      unpublished.take(published, waitingSince).map(({ commitNumber }) => commitNumber),
  };
}

test('where nothing waits, the commits up to the published one are over', () => {
  const { take } = commitsOf([1, 1], [2, 2], [3, 3]);
  assert.deepEqual(take(2), [1, 2]);
  assert.deepEqual(take(2), []);
  assert.deepEqual(take(3), [3]);
});

test('a commit of which a list waits is not over, nor are those behind it', () => {
  const { take } = commitsOf([1, 1], [2, 2], [3, 3]);
  assert.deepEqual(take(3, 2), [1]);
  assert.deepEqual(take(3), [2, 3]);
});

test('a list that waited is on its way with the commit that made it', () => {
  const { take } = commitsOf([1, 1], [2, 2], [3, 2]);
  assert.deepEqual(take(2), [1], 'that of 2 comes with 3');
  assert.deepEqual(take(3), [2, 3]);
});
