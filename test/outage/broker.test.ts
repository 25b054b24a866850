// The one broker, leader of everything and coordinator of everybody, goes away: in order and at once, under load, for a moment and for
// longer than every timeout. Kafka 4.3.0 then leaves out marks of transactions whose end it has acknowledged (its log says "likely deleted
// already and hence can be skipped"); the owners find and set them (engine/kafka/settle.ts).
// Longer forms: FRESHET_TEST_BOUNCES (1 unless set), FRESHET_TEST_DOWN_MS (13,000 unless set).

import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { bounce, caughtUp, explained, logOf, resumeLoad } from '../support/outage-rig.ts';
import { ProductionRig } from '../support/production-rig.ts';
import { type ProductionStack, productionStack } from '../support/production-stack.ts';
import { waitFor } from '../support/wait-for.ts';

const BOUNCES = Number(process.env.FRESHET_TEST_BOUNCES ?? 1);
/** Longer than two session timeouts, and than a transaction may last. */
const DOWN_MS = Number(process.env.FRESHET_TEST_DOWN_MS ?? 13_000);
const EVENTS_PER_SECOND = 120;
const CATCH_UP_MS = 240_000;
/** How long a claim tries while nobody answers. */
const CLAIM_PATIENCE_MS = 30_000;
/** Lines that an instance may write about one outage: each of its tasks and connections says once that it is cut and once that it is back. */
const LINES_PER_OUTAGE = 60;

describe('while the broker goes away and comes back', needsServers(), () => {
  const owner = suiteOwner();
  let stack: ProductionStack;
  let rig: ProductionRig;
  let outages = 0;

  before(async () => {
    stack = await productionStack(owner);
    rig = await ProductionRig.open(owner, stack, {
      appId: 'broker-away',
      instances: 2,
      partitions: 4,
      eventsPerSecond: EVENTS_PER_SECOND,
      seed: 4,
    });
    rig.resume();
    await explained(rig, rig.progressed(200));
  });

  async function back(t: TestContext, how: string): Promise<void> {
    outages += 1;
    const tookMs = await explained(rig, caughtUp(rig));
    await resumeLoad(rig, EVENTS_PER_SECOND);
    assert.ok(tookMs < CATCH_UP_MS);
    await explained(rig, rig.progressed(200));
    for (const { name, failure } of rig.instances) assert.equal(failure, undefined, name);
    t.diagnostic(`${how}: caught up ${Math.round(tookMs)} ms after the broker answered`);
  }

  test('bounces under load stop no instance', async (t) => {
    for (let i = 0; i < BOUNCES; i++)
      for (const how of ['SIGTERM', 'SIGKILL'] as const) {
        await bounce(stack.kafka, { how, downMs: 0 });
        await back(t, how);
      }
  });

  test('an outage longer than every timeout stops no instance, nor one that is started meanwhile', async (t) => {
    const late = rig.instances[1]!;
    await stack.kafka.kill();
    await late.kill();
    await delay(DOWN_MS / 2);
    late.start();
    await delay(DOWN_MS / 2);
    await stack.kafka.start();
    await back(t, `${DOWN_MS} ms away`);
    await rig.allTasksRun();
  });

  test('an instance that is told to stop while the broker is away does so, whatever it was waiting for', async (t) => {
    const [stopped] = rig.instances;
    await stack.kafka.kill();
    // Its commits have failed, and nobody answers its claims.
    await waitFor('a claim', () => stopped!.view?.tasks.some(({ status }) => status === 'CLAIMING') === true);
    const startedMs = performance.now();
    await stopped!.stop();
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < CLAIM_PATIENCE_MS / 3, `it took ${Math.round(tookMs)} ms`);
    await stack.kafka.start();
    stopped!.start();
    await back(t, 'stopped meanwhile');
    await rig.allTasksRun();
  });

  test('nothing is lost, doubled or taken back, and the logs stay readable', async (t) => {
    const { faults, counts } = await explained(rig, rig.verdict());
    t.diagnostic(JSON.stringify(counts));
    for (const instance of rig.instances) {
      const { lines, foreign, byEvent } = logOf(instance);
      t.diagnostic(`${instance.name}: ${lines} lines, ${JSON.stringify(byEvent)}`);
      assert.deepEqual(foreign, []);
      assert.ok(lines <= LINES_PER_OUTAGE * outages, `${lines} lines about ${outages} outages`);
    }
    assert.deepEqual(faults, []);
  });
});
