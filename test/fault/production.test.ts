// Kills and freezes engine instances on real Kafka, registry and Redis while a shop is busy: nothing is lost, nothing counts twice, no
// list goes back. The short form; `npm run test:faults -- --rounds N` is the long one.

import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { COMMIT_STEPS } from '../../engine/runtime/index.ts';
import { Random } from '../../tools/simulator/random.ts';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { ProductionRig, type Verdict } from '../support/production-rig.ts';
import { productionStack } from '../support/production-stack.ts';
import { needsRedis } from '../support/redis-server.ts';
import { freezeAndThaw, type Kill, killAgainAndAgain, killAtEachStep } from './scenarios.ts';

const KILLS = 3;
const CLICKS_BETWEEN_KILLS = 200;

describe('an application on real servers', { ...needsServers(), ...needsRedis() }, () => {
  const owner = suiteOwner();
  const random = new Random(1, 'faults', 0);
  const next = () => random.next();
  let rig: ProductionRig;

  before(async () => {
    const stack = await productionStack(owner);
    rig = await ProductionRig.open(owner, stack, {
      appId: 'faults',
      instances: 3,
      partitions: 6,
      eventsPerSecond: 200,
      seed: 1,
    });
  });

  function assertGood(t: TestContext, { faults, counts }: Verdict): void {
    t.diagnostic(JSON.stringify(counts));
    assert.deepEqual(faults, []);
  }

  const told = (t: TestContext) => (kill: Kill) => t.diagnostic(JSON.stringify(kill));

  test('a kill at each step of a commit changes no sum and no list', async (t) => {
    const histogram = await killAtEachStep(rig, { random: next, told: told(t), clicksBetween: 100 });
    assert.deepEqual(
      Object.values(histogram),
      COMMIT_STEPS.map(() => 1),
    );
    assertGood(t, await rig.verdict({ isRefreshed: false }));
  });

  test('an instance that stood still for longer than its session writes nothing when it is woken', async (t) => {
    const { voidCommits, ...freeze } = await freezeAndThaw(rig, next);
    t.diagnostic(JSON.stringify(freeze));
    assert.ok(freeze.takenOver > 0);
    assert.deepEqual(voidCommits, []);
    assertGood(t, await rig.verdict({ isRefreshed: false }));
  });

  test('kills at random moments while lists are being published change no sum and no list', async (t) => {
    const kills = { kills: KILLS, leastPerStep: 0, clicksBetween: CLICKS_BETWEEN_KILLS };
    const histogram = await killAgainAndAgain(rig, { ...kills, random: next, told: told(t) });
    t.diagnostic(`kills by step: ${JSON.stringify(histogram)}`);
    assertGood(t, await rig.verdict());
  });

  test('what every instance has on its disk is, brought up to date, what the changelogs hold', async (t) => {
    assertGood(t, await rig.disks());
  });
});
