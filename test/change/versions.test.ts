// A change of version, step by step as docs/operations.md has it, on real servers under load: the old version serves, a new one with another
// setting catches up beside it, the endpoint is switched, switched back, and the old one is retired. Everything is seen by asking.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { explained } from '../support/outage-rig.ts';
import { Serving } from '../support/outage-serving.ts';
import { EngineInstance } from '../support/production-instance.ts';
import { ProductionRig } from '../support/production-rig.ts';
import {
  createApplication,
  type Environment,
  type ProductionStack,
  productionStack,
} from '../support/production-stack.ts';
import { asking, poll } from '../support/redis-topologies.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const APP = 'change';
const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');
const PARTITIONS = 4;
/** Two versions, an endpoint and commands share the machine: enough events that lists change, and few enough that a version can catch up. */
const EVENTS_PER_SECOND = 60;
/** Items of the new version's lists: fewer than the old one's, so that an answer tells which version it is of. */
const NEW_LENGTH = 12;
const POPULAR = '/v1/popular?n=50';
const PATIENCE_MS = 120_000;
const ROLLBACK_MS = 30_000;

/** A busy machine is late, and that must not look like a Redis that is away. */
const patient = (environment: Environment): Environment => ({ ...environment, FRESHET_SERVE_READ_TIMEOUT_MS: '2000' });

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface VersionLine {
  readonly version: string;
  readonly isActive: boolean;
  readonly isPrevious: boolean;
  readonly instances: number;
  readonly lagRecords: number;
  readonly newestEventMs: number | null;
}

describe('a change of version', needsServers(), () => {
  const owner = suiteOwner();
  const commands = new Set<ChildProcess>();
  owner.after(async () => {
    for (const command of commands) command.kill('SIGKILL');
  });
  const dataDir = temporaryDirectory();
  let stack: ProductionStack;
  let rig: ProductionRig;
  let serving: Serving;
  let environment: Environment;
  let next: EngineInstance;

  before(async () => {
    stack = await productionStack(owner);
    rig = await ProductionRig.open(owner, stack, {
      appId: APP,
      instances: 1,
      partitions: PARTITIONS,
      eventsPerSecond: EVENTS_PER_SECOND,
      seed: 31,
    });
    environment = { ...rig.application.environment, FRESHET_DATA_DIR: dataDir };
    rig.resume();
    await explained(rig, rig.progressed(800));
    serving = await Serving.start(owner, patient(rig.application.environment));
    // The versions are told apart by the length of this list, so it has to be long enough first.
    await explained(rig, poll('a list longer than those of the new version', isOld, PATIENCE_MS));
  });

  const redisPort = (): number => Number(new URL(stack.redis.url).port);

  /** Runs a command to its end, as an operator would. */
  async function freshet(...args: readonly string[]): Promise<Outcome> {
    const child = spawn(process.execPath, [COMMAND, ...args], { env: { PATH: process.env.PATH, ...environment } });
    commands.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    commands.delete(child);
    return { status, stdout, stderr };
  }

  async function versions(): Promise<readonly VersionLine[]> {
    const { status, stdout, stderr } = await freshet('versions', 'list', '--json');
    assert.equal(status, 0, stderr);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as VersionLine);
  }

  const length = async (): Promise<number> => (await serving.get(POPULAR)).items?.length ?? 0;
  const isNew = async (): Promise<boolean> => (await length()) === NEW_LENGTH;
  const isOld = async (): Promise<boolean> => (await length()) > NEW_LENGTH;

  /** Switches, and resolves with the time from the command's start until an answer is of the other version, ms. */
  async function switched(t: TestContext, version: string, isThere: () => Promise<boolean>): Promise<number> {
    const startedMs = performance.now();
    const work = async (): Promise<void> => {
      const { status, stderr } = await freshet('versions', 'switch', version);
      assert.equal(status, 0, stderr);
      const decidedMs = performance.now() - startedMs;
      await poll(`answers of version ${version}`, isThere, PATIENCE_MS);
      const tookMs = performance.now() - startedMs;
      t.diagnostic(`switch to ${version}: command ${Math.round(decidedMs)} ms, answers ${Math.round(tookMs)} ms`);
      // Requests of the other version, too, are over.
      await delay(1_000);
    };
    const answers = await serving.during([POPULAR, '/v1/trending', '/v1/visitors/nobody/recommendations'], work(), 4);
    assert.deepEqual(answers.byStatus, { 200: answers.filled }, 'every answer has items');
    assert.equal(answers.degraded, 0);
    assert.ok(await isThere());
    t.diagnostic(`${answers.filled} answers meanwhile, longest ${Math.round(answers.longestMs)} ms`);
    return performance.now() - startedMs;
  }

  test('the version that has always run is served, and one that is not there is refused', async () => {
    assert.ok(await isOld(), `${await length()} items`);
    const [only, ...others] = await versions();
    assert.deepEqual(others, []);
    assert.deepEqual([only!.version, only!.isActive, only!.instances], ['1', true, 1]);
    assert.ok(only!.newestEventMs! > 0);
    const refused = await freshet('versions', 'switch', '2');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /there is no version 2/);
  });

  test('a new version that is started beside it reads the same events from the log’s start, and changes no answer', async () => {
    const application = await createApplication(stack, APP, {
      ...rig.application.environment,
      FRESHET_VERSION: '2',
      FRESHET_LIST_LENGTH: String(NEW_LENGTH),
    });
    const refused = await freshet('versions', 'switch', '2');
    assert.match(refused.stderr, /no instance of version 2 runs/);
    next = new EngineInstance('engine-v2', application.environment);
    owner.after(async () => {
      next.thaw();
      await next.kill();
    });
    next.start();
    await explained(
      rig,
      poll('the new tasks', async () => next.runningTasks.length === PARTITIONS, PATIENCE_MS),
    );
    assert.ok(await isOld());
  });

  test('while it is behind, it is not switched to', async () => {
    await next.freezeAt({ step: 'processed', count: 1, whilePublishing: false }, PATIENCE_MS);
    const refused = await freshet('versions', 'switch', '2');
    assert.equal(refused.status, 1, refused.stdout);
    assert.match(refused.stderr, /not caught up|no instance of version 2 runs/);
    assert.ok(await isOld());
    next.thaw();
    await explained(
      rig,
      poll('the new tasks', async () => next.runningTasks.length === PARTITIONS, PATIENCE_MS),
    );
  });

  test('when it has caught up, the endpoint is switched to it, and back within 30 s, and no answer fails', async (t) => {
    // On a machine that is too busy for two versions under load none would ever catch up.
    await rig.load.pause();
    await poll(
      'the new version',
      async () => (await versions()).every(({ lagRecords }) => lagRecords < 500),
      PATIENCE_MS,
    );
    rig.resume();
    await switched(t, '2', isNew);
    const [first, second] = await versions();
    assert.deepEqual([first!.isActive, first!.isPrevious, second!.isActive], [false, true, true]);
    const backMs = await switched(t, '1', isOld);
    assert.ok(backMs < ROLLBACK_MS, `${backMs} ms`);
    await switched(t, '2', isNew);
  });

  test('what is served, or runs, is not retired', async () => {
    const served = await freshet('versions', 'retire', '2');
    assert.deepEqual([served.status, /is served/.test(served.stderr)], [1, true], served.stderr);
    const running = await freshet('versions', 'retire', '1');
    assert.deepEqual([running.status, /stop them first/.test(running.stderr)], [1, true], running.stderr);
    assert.equal((await versions()).length, 2);
  });

  test('a Redis that is emptied does not switch back', async () => {
    await asking(redisPort(), (redis) => redis.flushall());
    await poll('the word which version is served', () =>
      asking(redisPort(), async (redis) => (await redis.get(`freshet:${APP}:#versions`)) !== null),
    );
    const further = await Serving.start(owner, patient(rig.application.environment));
    await poll('lists of the new version', async () => (await further.get(POPULAR)).items?.length === NEW_LENGTH);
    assert.ok(await isNew());
    await further.stop();
  });

  test('the old version is retired whole, and the new one goes on', async (t) => {
    await Promise.all(rig.instances.map((instance) => instance.stop()));
    const retire = async (): Promise<void> => {
      const { status, stdout, stderr } = await freshet('versions', 'retire', '1');
      assert.equal(status, 0, stderr);
      t.diagnostic(stdout.trim());
    };
    const answers = await serving.during([POPULAR, '/v1/trending'], retire(), 2);
    assert.deepEqual(answers.byStatus, { 200: answers.filled });
    assert.ok(await isNew());
    const left = await asking(redisPort(), (redis) => redis.keys(`freshet:${APP}:*`));
    assert.deepEqual(left, [`freshet:${APP}:#versions`]);
    assert.deepEqual(
      (await versions()).map(({ version, isActive }) => [version, isActive]),
      [['2', true]],
    );
    const admin = new kafkajs.Kafka({ brokers: [stack.kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    const [topics, { groups }] = await Promise.all([admin.listTopics(), admin.listGroups()]);
    await admin.disconnect();
    const own = topics.filter((topic) => topic.startsWith(`${APP}-`) && !topic.startsWith(`${APP}-v2-`)).sort();
    assert.ok(
      own.includes(`${APP}-clicks`) && !own.some((topic) => /changelog|neighbours|popular|deltas/.test(topic)),
      own.join(),
    );
    const ids = groups.map(({ groupId }) => groupId);
    assert.deepEqual(
      [APP, `${APP}-claims`, `${APP}-v2`].map((id) => ids.includes(id)),
      [false, false, true],
    );
    const again = await freshet('versions', 'retire', '1');
    assert.equal(again.status, 0, again.stderr);
  });
});
