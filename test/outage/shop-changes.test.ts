// What a shop changes reaches its answers, from the record in Kafka over the engine and Redis to the endpoint, under load: an item that sells
// out leaves all of them, whatever the lists say, and a placement that a merchandiser sets is served without a restart. How long it takes is
// told, not judged: the engine's promise for a sold-out item is a second.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { explained } from '../support/outage-rig.ts';
import { Serving } from '../support/outage-serving.ts';
import { ProductionRig } from '../support/production-rig.ts';
import { productionStack } from '../support/production-stack.ts';
import { poll } from '../support/redis-topologies.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const ITEMS = 10;
const PATIENCE_MS = 180_000;
const POPULAR = '/v1/popular?n=50';
const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');

describe('what a shop changes', needsServers(), () => {
  const owner = suiteOwner();
  let rig: ProductionRig;
  let serving: Serving;

  before(async () => {
    rig = await ProductionRig.open(owner, await productionStack(owner), {
      appId: 'shop-changes',
      instances: 1,
      partitions: 4,
      eventsPerSecond: 120,
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

  test('an item that sells out leaves all answers that it was in', async (t) => {
    const leavingMs: number[] = [];
    let popular: readonly string[] = [];
    // The first lists of a shop that has just opened are short.
    const isLong = async () => {
      popular = await idsOf(POPULAR);
      return popular.length > ITEMS;
    };
    await explained(rig, poll(`more than ${ITEMS} popular items`, isLong, PATIENCE_MS));
    for (const [i, itemId] of popular.slice(0, ITEMS).entries()) {
      // Where the item is, its partners' lists are: those of the next popular item are likely to have it.
      const paths = [POPULAR, `/v1/items/${popular[i + 1]}/similar?n=50`];
      leavingMs.push(await explained(rig, leaves(itemId, paths)));
    }
    leavingMs.sort((a, b) => a - b);
    const [least, median, most] = [0, ITEMS / 2, ITEMS - 1].map((at) => Math.round(leavingMs[at]!));
    t.diagnostic(`${ITEMS} items left within ${least} ms at least, ${median} ms in the median, ${most} ms at most`);
  });

  /** `freshet settings` on the broker; what it printed. */
  async function settings(...args: readonly string[]): Promise<string> {
    const { PATH } = process.env;
    const env = { PATH, ...rig.application.environment, FRESHET_DATA_DIR: temporaryDirectory() };
    const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, 'settings', ...args, '--kafka'], { env });
    return stdout;
  }

  test('a placement is served from when it is set until it is taken back', async (t) => {
    const teaser = '/v1/popular?placement=teaser';
    assert.equal((await serving.get(teaser)).status, 400);
    const file = join(temporaryDirectory(), 'settings.json');
    const applied = async (placements: object): Promise<string> => {
      await writeFile(file, JSON.stringify({ placements }));
      return settings('apply', file);
    };
    const served = (status: number, items?: number) =>
      poll(
        `status ${status}`,
        async () => {
          const answer = await serving.get(teaser);
          return answer.status === status && answer.items?.length === items;
        },
        PATIENCE_MS,
      );

    assert.match(await applied({ teaser: { lists: [{ definition: 'popular' }], n: 3 } }), /1 of 1 settings changed/);
    const startedMs = performance.now();
    await explained(rig, served(200, 3));
    t.diagnostic(`a placement is served ${Math.round(performance.now() - startedMs)} ms after it is in the log`);
    const { placements } = JSON.parse(await settings('show')) as { placements: { [name: string]: { n?: number } } };
    assert.equal(placements.teaser?.n, 3);
    assert.match(await applied({ teaser: { lists: [{ definition: 'popular' }], n: 5 } }), /~ placement teaser/);
    await explained(rig, served(200, 5));
    assert.match(await applied({ teaser: null }), /- placement teaser/);
    await explained(rig, served(400));
  });
});
