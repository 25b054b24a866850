// The recommendation graph killed at a step of a commit and started again, against an undisturbed run: the same lists, byte for byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SinkEntry } from '../../../engine/api/index.ts';
import { EmbeddedLog } from '../../../engine/embedded/index.ts';
import { COMMIT_STEPS, type CommitStep, StreamEngine } from '../../../engine/runtime/index.ts';
import { driverColumnFamilies, MovedClock } from '../../../engine/testing/index.ts';
import {
  createFileSchemaSource,
  createSerdes,
  keyOf,
  type SourceRecords,
  type SourceTopic,
} from '../../../schemas/index.ts';
import { createMemoryDatabase } from '../../../state/index.ts';
import { buildRecommendationTopology, LISTS_SINK } from '../../../topology/index.ts';
import { click, item, member, order, rule, START_MS } from './shop.ts';

const PARTITIONS = 2;
const serdes = createSerdes(createFileSchemaSource());
const topology = () => buildRecommendationTopology({ serdes, partitions: PARTITIONS, cacheMaxBytes: 16 * 1024 * 1024 });

const record = <T extends SourceTopic>(topic: T, value: SourceRecords[T]) => ({
  topic,
  key: keyOf(topic, value),
  value: serdes[topic].serialize(value),
  timestampMs: START_MS,
});

const ITEMS = Array.from({ length: 8 }, (_, i) => `item-${i}`);
const EVENTS = [
  ...ITEMS.map((id, i) => record('catalog', item(id, { categories: [`c${i % 3}`], stock: i === 7 ? 0 : 5 }))),
  record('campaigns', rule({ campaignId: 'up', kind: 'boost', items: ['item-2'] })),
  record('campaigns', rule({ campaignId: 'out', kind: 'exclude', items: ['item-3'], placements: ['popular'] })),
  record('campaigns', rule({ campaignId: 'ended', kind: 'exclude', categories: ['c1'] })),
  { topic: 'campaigns', key: 'ended', value: null, timestampMs: START_MS },
  record('visitors', member('v1', ['gold'])),
  ...Array.from({ length: 60 }, (_, i) => {
    const at = START_MS + i * 400;
    const visitorId = `v${(i * 7) % 5}`;
    const itemId = ITEMS[(i * i + 3) % ITEMS.length]!;
    return i % 11 === 10
      ? record('purchases', order(visitorId, [itemId, ITEMS[i % 4]!], { orderId: `o${i}`, at }))
      : record('clicks', click({ visitorId, itemId, at, sessionId: `s-${visitorId}`, device: 'mobile' }));
  }),
];

class Killed extends Error {}

/** Runs all events to the end, killed after the n-th time that a step of a commit is reached. Returns what readers see. */
async function run(step?: CommitStep, n = 0): Promise<{ lists: Map<string, Uint8Array | null>; reached: number }> {
  const database = createMemoryDatabase({ columnFamilies: driverColumnFamilies(topology()) });
  const clock = new MovedClock(START_MS + 60_000);
  const entries = new Map<string, SinkEntry>();
  const sink = {
    publish(published: readonly SinkEntry[]) {
      for (const entry of published) {
        const known = entries.get(entry.key);
        if (known === undefined || known.version <= entry.version) entries.set(entry.key, entry);
      }
    },
  };
  let reached = 0;
  const open = async (isKilled: boolean) => {
    const log = new EmbeddedLog({ database, clock });
    const engine = new StreamEngine({
      topology: topology(),
      log,
      database,
      sinks: { [LISTS_SINK]: sink },
      partitions: PARTITIONS,
      clock,
      mode: 'replay',
      recordsPerBatch: 7,
      onCommitStep: (at) => {
        if (isKilled && at === step && reached++ === n) throw new Killed('killed here');
      },
    });
    await engine.open();
    return { log, engine };
  };
  const finish = ({ engine }: { engine: StreamEngine }) =>
    engine.runUntilIdle().then(() => engine.finish(START_MS + 30_000));
  const first = await open(step !== undefined);
  await first.log.append(EVENTS);
  try {
    await finish(first);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    await finish(await open(false));
  }
  return { lists: new Map([...entries].map(([key, { value }]) => [key, value])), reached };
}

for (const step of COMMIT_STEPS) {
  test(`killed after "${step}" of any commit, the engine ends with the lists of an undisturbed run`, async () => {
    const expected = await run();
    assert.ok([...expected.lists.values()].filter((value) => value !== null).length > 20);
    for (let n = 0; ; n++) {
      const { lists, reached } = await run(step, n);
      assert.deepEqual(lists, expected.lists, `${step}, commit ${n}`);
      if (reached <= n) break;
    }
  });
}
