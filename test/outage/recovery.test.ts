// Everything that can die at once dies: engines, endpoint and Redis with all its data, under load. How long until shoppers are answered again
// (RTO), that no acknowledged event is lost (RPO), and how fast lists come back from state. Times are told, and judged by the promise
// of two minutes alone. Longer form: FRESHET_TEST_RECOVERY_CLICKS (500 unless set).

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { before, describe, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { caughtUp, explained, resumeLoad } from '../support/outage-rig.ts';
import { Serving } from '../support/outage-serving.ts';
import { ProductionRig } from '../support/production-rig.ts';
import { type Environment, type ProductionStack, productionStack } from '../support/production-stack.ts';
import { poll } from '../support/redis-topologies.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const CLICKS = Number(process.env.FRESHET_TEST_RECOVERY_CLICKS ?? 500);
const EVENTS_PER_SECOND = 100;
/** The promise: shoppers are answered again after so long. */
const RTO_MS = 120_000;
const PATIENCE_MS = 180_000;
/** No key comes any more when none has come for so long. */
const QUIET_MS = 8_000;
const FEW_KEYS = 10;
const POPULAR = '/v1/popular';

describe('recovery', needsServers(), () => {
  const owner = suiteOwner();
  const servingFolder = temporaryDirectory();
  let stack: ProductionStack;
  let rig: ProductionRig;
  let serving: Serving;
  let redis: Redis;

  before(async () => {
    stack = await productionStack(owner);
    rig = await ProductionRig.open(owner, stack, {
      appId: 'recovery',
      instances: 2,
      partitions: 4,
      eventsPerSecond: EVENTS_PER_SECOND,
      seed: 41,
    });
    rig.resume();
    redis = new Redis(stack.redis.url, { maxRetriesPerRequest: null });
    redis.on('error', () => {});
    owner.after(async () => redis.disconnect());
    await explained(rig, rig.progressed(CLICKS));
    serving = await serve(servingFolder);
    await poll('an answer', async () => (await isAnswered(serving)) === 'well');
  });

  const serve = (folder: string): Promise<Serving> => {
    const environment: Environment = { ...rig.application.environment, FRESHET_DATA_DIR: folder };
    return Serving.start(owner, { ...environment, FRESHET_SERVE_READ_TIMEOUT_MS: '1000' });
  };

  async function isAnswered(asked: Serving): Promise<'well' | 'degraded' | undefined> {
    const { status, items, degraded } = await asked.get(POPULAR);
    if (status !== 200 || (items?.length ?? 0) === 0) return undefined;
    return degraded === true ? 'degraded' : 'well';
  }

  /** Has a new endpoint answer; resolves with the time since `sinceMs` until it does so at all, and with the store. */
  async function answering(
    folder: string,
    sinceMs: number,
  ): Promise<{ readonly atAllMs: number; readonly wellMs: number }> {
    serving = await serve(folder);
    await poll('answers', async () => (await isAnswered(serving)) !== undefined, PATIENCE_MS);
    const atAllMs = performance.now() - sinceMs;
    await poll('answers from the store', async () => (await isAnswered(serving)) === 'well', PATIENCE_MS);
    return { atAllMs, wellMs: performance.now() - sinceMs };
  }

  /** Kills engines, endpoint and Redis in the same moment. Redis comes back without anything. */
  async function killAll(): Promise<void> {
    process.kill(serving.pid, 'SIGKILL');
    await Promise.all([...rig.instances.map((instance) => instance.kill()), stack.redis.kill()]);
    await rm(`${dirname(stack.redis.logPath)}/appendonlydir`, { recursive: true, force: true });
  }

  function told(t: TestContext, what: string, { atAllMs, wellMs }: { atAllMs: number; wellMs: number }): void {
    t.diagnostic(`${what}: answers after ${Math.round(atAllMs)} ms, from Redis after ${Math.round(wellMs)} ms`);
    assert.ok(atAllMs < RTO_MS && wellMs < RTO_MS);
  }

  test('killed all at once, Redis empty: shoppers are answered, and no event is lost', async (t) => {
    const sinceMs = performance.now();
    await killAll();
    await stack.redis.start();
    for (const instance of rig.instances) instance.start();
    told(t, 'the same machines', await explained(rig, answering(servingFolder, sinceMs)));
    await resumeLoad(rig, EVENTS_PER_SECOND);
    t.diagnostic(`caught up ${Math.round(await explained(rig, caughtUp(rig)))} ms later`);
    const { faults, counts } = await explained(rig, rig.verdict({ isRefreshed: false }));
    t.diagnostic(JSON.stringify(counts));
    assert.deepEqual(faults, []);
  });

  test('with every disk lost as well, state comes back from the changelogs, and no event is lost', async (t) => {
    rig.resume();
    await explained(rig, rig.progressed(300));
    const sinceMs = performance.now();
    await killAll();
    await stack.redis.start();
    for (const instance of rig.instances) instance.start({ isEmpty: true });
    told(t, 'new machines', await explained(rig, answering(temporaryDirectory(), sinceMs)));
    await explained(rig, rig.allTasksRun());
    t.diagnostic(`all tasks run again ${Math.round(performance.now() - sinceMs)} ms after the kill`);
    await resumeLoad(rig, EVENTS_PER_SECOND);
    await explained(rig, caughtUp(rig));
    const { faults } = await explained(rig, rig.verdict({ isRefreshed: false }));
    assert.deepEqual(faults, []);
  });

  test('Redis alone, emptied, is filled again from state', async (t) => {
    await rig.load.pause();
    await explained(rig, caughtUp(rig));
    const before = await redis.dbsize();
    const sinceMs = performance.now();
    await redis.flushall();
    let keys = 0;
    let firstMs = 0;
    let lastMs = 0;
    // Lists of sessions that are over, and marks of removed keys, are not made again: it is done when no more come.
    const isDone = async (): Promise<boolean> => {
      const there = await redis.dbsize();
      const nowMs = performance.now() - sinceMs;
      if (there > keys) {
        lastMs = nowMs;
        // The first keys are the server's new generation.
        if (keys <= FEW_KEYS) firstMs = nowMs;
      }
      keys = there;
      return keys > FEW_KEYS && nowMs - lastMs > QUIET_MS;
    };
    await explained(rig, poll('every list', isDone, PATIENCE_MS));
    const perMillionS = ((lastMs - firstMs) / keys) * 1_000;
    t.diagnostic(
      `${keys} keys (of ${before} before) in ${Math.round(lastMs)} ms, the first after ${Math.round(firstMs)} ms: ${Math.round(perMillionS)} s per million by extrapolation, ${rig.instances.length} instances`,
    );
    const { faults, counts } = await explained(rig, rig.verdict());
    t.diagnostic(`published again: ${counts['published again']}`);
    assert.deepEqual(faults, []);
  });
});
