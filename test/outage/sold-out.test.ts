// An item that sells out leaves every answer, whatever the lists say: from the record in Kafka over the
// engine and Redis to the endpoint, under load. How long it takes is told, not judged: the engine's promise is a second.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { explained } from '../support/outage-rig.ts';
import { Serving } from '../support/outage-serving.ts';
import { ProductionRig } from '../support/production-rig.ts';
import { productionStack } from '../support/production-stack.ts';
import { poll } from '../support/redis-topologies.ts';

const ITEMS = 10;
const PATIENCE_MS = 60_000;
const POPULAR = '/v1/popular?n=50';

describe('an item that sells out', needsServers(), () => {
  const owner = suiteOwner();
  let rig: ProductionRig;
  let serving: Serving;

  before(async () => {
    rig = await ProductionRig.open(owner, await productionStack(owner), {
      appId: 'sold-out',
      instances: 1,
      partitions: 4,
      eventsPerSecond: 250,
      seed: 21,
    });
    rig.resume();
    await explained(rig, rig.progressed(2_000));
    serving = await Serving.start(owner, rig.application.environment);
  });

  async function idsOf(path: string): Promise<readonly string[]> {
    const { status, items = [] } = await serving.get(path);
    assert.equal(status, 200, path);
    return items.map(({ id }) => id);
  }

  /** From the record's acknowledgement until the item is in none of these answers, ms. */
  async function leaves(itemId: string, paths: readonly string[]): Promise<number> {
    await rig.load.sellOut(itemId);
    const startedMs = performance.now();
    await poll(
      `${itemId} to leave`,
      async () => !(await Promise.all(paths.map(idsOf))).some((ids) => ids.includes(itemId)),
      PATIENCE_MS,
    );
    return performance.now() - startedMs;
  }

  test('leaves all answers that it was in', async (t) => {
    const leavingMs: number[] = [];
    const popular = await idsOf(POPULAR);
    assert.ok(popular.length >= ITEMS + 1, `only ${popular.length} popular items`);
    for (const [i, itemId] of popular.slice(0, ITEMS).entries()) {
      // Where the item is, its partners' lists are: those of the next popular item are likely to have it.
      const paths = [POPULAR, `/v1/items/${popular[i + 1]}/similar?n=50`];
      leavingMs.push(await explained(rig, leaves(itemId, paths)));
    }
    leavingMs.sort((a, b) => a - b);
    const [least, median, most] = [0, ITEMS / 2, ITEMS - 1].map((at) => Math.round(leavingMs[at]!));
    t.diagnostic(`${ITEMS} items left within ${least} ms at least, ${median} ms in the median, ${most} ms at most`);
  });
});
