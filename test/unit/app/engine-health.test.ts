import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineReadiness, startEngineHealth, type WatchedEngine } from '../../../app/engine-health.ts';
import type { TaskView } from '../../../engine/runtime/index.ts';
import { ListenError } from '../../../serving/index.ts';

const task = (taskId: number, status: TaskView['status'], role: TaskView['role'] = 'active'): TaskView => ({
  taskId,
  role,
  status,
  error: undefined,
  restoreLag: 0,
  commitNumber: 1,
  waitingLists: 0,
});
const engineOf = (...tasks: TaskView[]): WatchedEngine => ({ status: 'RUNNING', assignments: 1, tasks: () => tasks });

test('an instance is ready when the group has spoken and every active task runs', () => {
  const reasonOf = (engine: WatchedEngine | undefined) => engineReadiness(engine).reason ?? 'ready';
  assert.equal(reasonOf(undefined), 'opening');
  assert.equal(reasonOf({ ...engineOf(), status: 'STOPPING' }), 'the engine is STOPPING');
  assert.equal(reasonOf({ ...engineOf(), assignments: 0 }), 'the group has not assigned tasks yet');
  assert.equal(
    reasonOf(engineOf(task(0, 'RUNNING'), task(1, 'RESTORING'), task(2, 'FAILED'))),
    'task 1 is RESTORING, task 2 is FAILED',
  );
  assert.equal(reasonOf(engineOf(task(0, 'RUNNING'), task(1, 'FOLLOWING', 'standby'))), 'ready');
  // There may be more instances than tasks.
  assert.equal(reasonOf(engineOf()), 'ready');
});

test('the process is live from the start, and ready later; nothing else is answered', async () => {
  let engine: WatchedEngine | undefined;
  await using health = (await startEngineHealth({ host: '127.0.0.1', healthPort: 0 }, () => engineReadiness(engine)))!;
  const ask = async (path: string) => {
    const response = await fetch(`${health.url}${path}`);
    return [response.status, await response.text()];
  };
  assert.deepEqual(await ask('/health/live'), [200, '{"status":"live"}']);
  assert.deepEqual(await ask('/health/ready'), [503, '{"status":"not-ready","reason":"opening"}']);
  engine = engineOf(task(0, 'RUNNING'));
  assert.deepEqual(await ask('/health/ready'), [200, '{"status":"ready"}']);
  assert.deepEqual(await ask('/v1/popular'), [404, '']);
});

test('no port is opened unless one is set, and one that is taken is named by its setting', async () => {
  assert.equal(
    await startEngineHealth({ host: '127.0.0.1', healthPort: undefined }, () => engineReadiness(undefined)),
    undefined,
  );
  await using health = (await startEngineHealth({ host: '127.0.0.1', healthPort: 0 }, () =>
    engineReadiness(undefined),
  ))!;
  await assert.rejects(
    startEngineHealth({ host: '127.0.0.1', healthPort: health.port }, () => engineReadiness(undefined)),
    (error) => error instanceof ListenError && error.message.includes('FRESHET_HEALTH_PORT'),
  );
});
