// Redis away under load, gone or silent: the engine waits and loses nothing, and afterwards Redis holds what it would hold had nothing
// happened. Longer form: FRESHET_TEST_AWAY_MS (8,000 unless set).

import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { caughtUp, explained, logOf } from '../support/outage-rig.ts';
import { type Answers, Serving } from '../support/outage-serving.ts';
import { ProductionRig } from '../support/production-rig.ts';
import { type ProductionStack, productionStack } from '../support/production-stack.ts';
import { poll } from '../support/redis-topologies.ts';

const AWAY_MS = Number(process.env.FRESHET_TEST_AWAY_MS ?? 8_000);
const EVENTS_PER_SECOND = 120;
const CATCH_UP_MS = 240_000;
/** The least that may be set. */
const MAX_WAITING_LISTS = 100;
/** Records of a commit: a task asks for room before it takes a batch, not in the middle. */
const RECORDS_PER_BATCH = 50;
/** Lists that a record may change: its visitor's, its session's, those of the item and of every pair's partner. */
const LISTS_PER_RECORD = 40;
const ASKED = ['/v1/popular', '/v1/trending'];
const LOOK_MS = 100;
const LINES_PER_OUTAGE = 40;

describe('while Redis is away', needsServers(), () => {
  const owner = suiteOwner();
  let stack: ProductionStack;
  let rig: ProductionRig;
  let serving: Serving;
  let outages = 0;

  before(async () => {
    stack = await productionStack(owner);
    rig = await ProductionRig.open(owner, stack, {
      appId: 'redis-away',
      instances: 2,
      partitions: 4,
      eventsPerSecond: EVENTS_PER_SECOND,
      seed: 14,
      settings: {
        FRESHET_MAX_WAITING_LISTS: String(MAX_WAITING_LISTS),
        FRESHET_RECORDS_PER_BATCH: String(RECORDS_PER_BATCH),
      },
    });
    rig.resume();
    await explained(rig, rig.progressed(300));
    serving = await Serving.start(owner, rig.application.environment);
    // What it is asked for without Redis, it must have been able to read before.
    for (const path of ASKED)
      await poll(`${path} to have items`, async () => ((await serving.get(path)).items ?? []).length > 0, CATCH_UP_MS);
  });

  const described = ({ byStatus, filled, longestMs }: Answers) =>
    `statuses ${JSON.stringify(byStatus)}, ${filled} with items, longest ${Math.round(longestMs)} ms`;

  /** Asks the endpoint all the time: no shopper notices. */
  const asking = async (work: Promise<void>): Promise<Answers> => {
    const answers = await serving.during(ASKED, work);
    assert.deepEqual(answers.byStatus, { 200: answers.filled });
    return answers;
  };

  /** Lets Redis be away and come back. */
  async function outage(t: TestContext, how: string, leave: () => Promise<void>, comeBack: () => Promise<void>) {
    outages += 1;
    await leave();
    let most = 0;
    const waits = async (): Promise<void> => {
      for (const end = performance.now() + AWAY_MS; performance.now() < end; await delay(LOOK_MS))
        for (const { view } of rig.instances)
          for (const { waitingLists } of view!.tasks) most = Math.max(most, waitingLists);
    };
    let isPaused: boolean;
    try {
      t.diagnostic(`served without Redis (${how}): ${described(await asking(waits()))}`);
      const before = await rig.processed();
      await delay(1_000);
      isPaused = (await rig.processed()) === before;
    } finally {
      await comeBack();
    }
    const tookMs = await explained(rig, caughtUp(rig));
    t.diagnostic(
      `${how}: at most ${most} lists of a task waited; caught up ${Math.round(tookMs)} ms after Redis was back`,
    );
    assert.ok(isPaused, 'nothing counts as done that is not published');
    assert.ok(most >= MAX_WAITING_LISTS, `only ${most} lists waited`);
    assert.ok(most < MAX_WAITING_LISTS + RECORDS_PER_BATCH * LISTS_PER_RECORD, `${most} lists waited`);
    assert.ok(tookMs < CATCH_UP_MS);
    t.diagnostic(`served afterwards: ${described(await asking(rig.progressed(100)))}`);
  }

  test('killed, it holds the engine up, which then catches up', (t) =>
    outage(
      t,
      'killed',
      () => stack.redis.kill(),
      () => stack.redis.start(),
    ));

  test('silent, it holds the engine up, which then catches up', (t) =>
    outage(
      t,
      'silent',
      async () => void process.kill(stack.redis.pid, 'SIGSTOP'),
      async () => void process.kill(stack.redis.pid, 'SIGCONT'),
    ));

  test('nothing is lost, an emptied Redis is filled again by itself, and the logs stay readable', async (t) => {
    const startedMs = performance.now();
    const { faults, counts } = await explained(rig, rig.verdict());
    t.diagnostic(`${JSON.stringify(counts)}, found in ${Math.round(performance.now() - startedMs)} ms`);
    for (const instance of rig.instances) {
      const { lines, foreign, byEvent } = logOf(instance);
      t.diagnostic(`${instance.name}: ${lines} lines, ${JSON.stringify(byEvent)}`);
      assert.deepEqual(foreign, []);
      assert.ok(lines <= LINES_PER_OUTAGE * outages, `${lines} lines about ${outages} outages`);
    }
    assert.deepEqual(faults, []);
  });
});
