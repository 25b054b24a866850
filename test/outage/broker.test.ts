// The one broker, leader of everything and coordinator of everybody, goes away: at once and under load, for a moment and for longer than
// every timeout. In order only when asked for: a broker that hands over what it leads, and finds nobody to take it, takes partitions without
// a leader for deleted ones and leaves out the marks of transactions whose end it has acknowledged ("likely deleted already and hence can
// be skipped", Kafka 4.3.0); what it never marked is aborted with the transaction behind it.
// Longer forms: FRESHET_TEST_BOUNCES (1 unless set), FRESHET_TEST_DOWN_MS (13,000 unless set), FRESHET_TEST_BOUNCES_IN_ORDER=1.

import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { bounce, caughtUp, explained, logOf, resumeLoad } from '../support/outage-rig.ts';
import { ProductionRig } from '../support/production-rig.ts';
import { type ProductionStack, productionStack } from '../support/production-stack.ts';

const BOUNCES = Number(process.env.FRESHET_TEST_BOUNCES ?? 1);
/** Longer than two session timeouts, and than a transaction may last. */
const DOWN_MS = Number(process.env.FRESHET_TEST_DOWN_MS ?? 13_000);
const EVENTS_PER_SECOND = 250;
const CATCH_UP_MS = 120_000;
/**
 * Off, since Kafka 4.3.0 may lose the marks of an acknowledged transaction when its only broker is stopped in order: what is lost then
 * is not ours to keep (docs/guarantees.md). On, it shows whether that is still so.
 */
const BOUNCES_IN_ORDER = process.env.FRESHET_TEST_BOUNCES_IN_ORDER === '1';

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
    const hows = BOUNCES_IN_ORDER ? (['SIGTERM', 'SIGKILL'] as const) : (['SIGKILL'] as const);
    for (let i = 0; i < BOUNCES; i++)
      for (const how of hows) {
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

  // Not proved: where the only broker comes back with a commit under way, Kafka 4.3.0 may also skip its marks at the start. A claim then does not see
  // the commit, makes it again, and the marks of the second one show both.
  const todo = 'a claim has to find commits whose marks the broker has skipped';
  test('nothing is lost, doubled or taken back, and the logs stay readable', { todo }, async (t) => {
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
