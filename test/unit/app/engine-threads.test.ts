import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineThreads } from '../../../app/engine-threads.ts';
import type { TaskView } from '../../../engine/runtime/index.ts';

const running = (taskId: number): TaskView => ({
  taskId,
  role: 'active',
  status: 'RUNNING',
  error: undefined,
  restoreLag: 0,
  commitNumber: 1,
  waitingLists: 0,
});
const ready = (...tasks: number[]) => ({ tasks: tasks.map(running), readiness: { isReady: true } });

test('an instance is ready when all of its threads are, and says which is not', () => {
  const threads = new EngineThreads(2, () => 0);
  assert.equal(threads.readiness().reason, 'thread 0: opening; thread 1: opening');
  threads.hear(0, ready(0, 2));
  threads.hear(1, { tasks: [], readiness: { isReady: false, reason: 'task 1 is RESTORING' } });
  assert.equal(threads.readiness().reason, 'thread 1: task 1 is RESTORING');
  threads.hear(1, ready(1, 3));
  assert.deepEqual(threads.readiness(), { isReady: true });
  assert.deepEqual(
    threads.tasks().map(({ taskId }) => taskId),
    [0, 1, 2, 3],
  );
});

test('a thread that is silent is not ready after 5 s, and does not live after 30 s', () => {
  let nowMs = 0;
  const threads = new EngineThreads(2, () => nowMs);
  threads.hear(0, ready(0));
  threads.hear(1, ready(1));
  nowMs = 5_000;
  assert.equal(threads.readiness().isReady, true);
  nowMs = 5_001;
  threads.hear(0, ready(0));
  assert.equal(threads.readiness().reason, 'thread 1: silent');
  nowMs = 30_000;
  assert.equal(threads.isLive(), true);
  nowMs = 30_001;
  assert.equal(threads.isLive(), false);
});

test('a thread that has ended has no tasks, is not ready, and does not keep the others from living', () => {
  let nowMs = 0;
  const threads = new EngineThreads(2, () => nowMs);
  threads.hear(0, ready(0));
  threads.hear(1, ready(1));
  threads.forget(1);
  assert.equal(threads.readiness().reason, 'thread 1: opening');
  assert.equal(threads.tasks().length, 1);
  nowMs = 20_000;
  threads.hear(0, ready(0));
  nowMs = 40_000;
  assert.equal(threads.isLive(), true);
});
