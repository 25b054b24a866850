// An engine instance of several threads, each a process: the command that is called starts them, speaks for them, and outlives any of them.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { childProcessesOf } from '../support/child-processes.ts';
import { type CommandProcess, startCommand } from '../support/command-process.ts';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { createApplication, type Environment, productionStack } from '../support/production-stack.ts';
import { poll } from '../support/redis-topologies.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const APP = 'threaded';
const PATIENCE_MS = 180_000;
const ALL_RUN = 'tasks: 0 running | 1 running | 2 running | 3 running\n';

describe('an engine of two threads', needsServers(), () => {
  const owner = suiteOwner();
  const dataDir = temporaryDirectory();
  let environment: Environment;
  let engine: CommandProcess;
  let health: string;

  const threads = () => childProcessesOf(engine.pid);
  const ready = async (): Promise<{ status: number; reason?: string }> => {
    const response = await fetch(`${health}/health/ready`);
    return { ...((await response.json()) as { reason?: string }), status: response.status };
  };
  const isReady = async () => (await ready()).status === 200;
  const tasksIn = async (...folders: string[]) =>
    (await readdir(join(dataDir, APP, ...folders, 'tasks'))).sort().join();

  before(async () => {
    const stack = await productionStack(owner);
    const application = await createApplication(stack, APP, { FRESHET_PARTITIONS: '4' });
    environment = { ...application.environment, FRESHET_THREADS: '2', FRESHET_DATA_DIR: dataDir };
    startCommand(owner, ['shop'], { ...environment, FRESHET_DEMO_EVENTS_PER_SECOND: '20' });
    engine = startCommand(owner, ['engine'], { ...environment, FRESHET_HEALTH_PORT: '0', FRESHET_LOG_LEVEL: 'error' });
    const [, url] = await engine.until(/health: (\S+)\/health\/ready/);
    health = url!;
  });

  test('is ready when all tasks run, which the threads share', async () => {
    await poll('all tasks', async () => engine.printed().endsWith(ALL_RUN), PATIENCE_MS);
    await poll('readiness', isReady, PATIENCE_MS);
    assert.equal((await threads()).length, 2);
    const [one, other] = [(await tasksIn()).split(','), (await tasksIn('thread-1')).split(',')];
    // A thread that came first may have had more for a moment.
    assert.ok(one.length >= 2 && other.length >= 2, `${one} and ${other}`);
    const instances = await readdir(join(dataDir, APP, 'thread-1'));
    assert.ok(!instances.includes('instance-id'), 'a thread is no instance of its own');
  });

  test('is one instance for who asks', async () => {
    const listing = startCommand(owner, ['versions', 'list', '--json'], environment);
    const [line] = await listing.until(/{.*}/);
    assert.equal((JSON.parse(line!) as { instances: number }).instances, 1);
  });

  test('a thread that is killed is started anew, and what it ran runs again', async () => {
    const [killed] = await threads();
    process.kill(killed!, 'SIGKILL');
    await poll('the word that it is gone', async () => !(await isReady()), PATIENCE_MS);
    assert.match((await ready()).reason ?? '', /thread \d: /);
    await poll('readiness', isReady, PATIENCE_MS);
    const now = await threads();
    assert.equal(now.length, 2);
    assert.ok(!now.includes(killed!));
    await poll('all tasks', async () => engine.printed().endsWith(ALL_RUN), PATIENCE_MS);
    assert.match(engine.logged(), /"event":"process-ended"/);
  });

  test('a thread that does not turn makes the instance not ready, by its number', async () => {
    const [, frozen] = await threads();
    process.kill(frozen!, 'SIGSTOP');
    try {
      await poll('the word', async () => /thread \d: silent/.test((await ready()).reason ?? ''), PATIENCE_MS);
    } finally {
      process.kill(frozen!, 'SIGCONT');
    }
    await poll('readiness', isReady, PATIENCE_MS);
  });

  test('one SIGTERM ends them all in order', async () => {
    const running = await threads();
    assert.equal(await engine.stop(), 0);
    assert.match(engine.printed(), /its tasks are free for others/);
    for (const pid of running) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  test('what none of them can do ends the command, with the reason', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const refused = startCommand(owner, ['engine'], { ...environment, FRESHET_METRICS_PORT: String(port) });
    await assert.rejects(refused.until(/nothing that it prints/), /FRESHET_METRICS_PORT/);
    assert.equal(await refused.stop(), 1);
    taken.close();
  });
});
