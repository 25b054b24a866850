import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MetricRegistry } from '../../../engine/telemetry/index.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../../engine/testing/index.ts';
import {
  type Click,
  createFileSchemaSource,
  createSerdes,
  keyOf,
  type SourceRecords,
  type SourceTopic,
} from '../../../schemas/index.ts';
import { createMemoryDatabase } from '../../../state/index.ts';
import { buildRecommendationTopology } from '../../../topology/index.ts';
import { click, item, START_MS } from './shop.ts';

async function measuredShop(t: TestContext) {
  const serdes = createSerdes(createFileSchemaSource());
  const clock = new MovedClock(START_MS);
  const metrics = new MetricRegistry(clock);
  const topology = buildRecommendationTopology({ serdes, partitions: 1, cacheMaxBytes: 1 << 24, metrics });
  const database = createMemoryDatabase({ columnFamilies: driverColumnFamilies(topology) });
  const driver = await TopologyTestDriver.open({ topology, database, partitions: 1, clock, metrics });
  t.after(() => driver.close());
  const send = async <T extends SourceTopic>(topic: T, value: SourceRecords[T]) => {
    await driver.advance(2_000);
    const record = { topic, key: keyOf(topic, value), value: serdes[topic].serialize(value) };
    await driver.pipe({ ...record, timestampMs: clock.nowMs() });
  };
  const look = (visitorId: string, itemId: string, overrides: Partial<Click> = {}) =>
    send('clicks', click({ visitorId, itemId, at: clock.nowMs() + 2_000, ...overrides }));
  /** Of the algorithm that makes the lists: before anything was learned of ranking there is one only. */
  const gauge = (name: string) =>
    metrics.gauges(assert.ifError).find((one) => one.name === name && one.value > 0)?.value ?? 0;

  const count = (name: string) => metrics.sums().find((one) => one.name === name)?.value ?? 0;
  return { send, look, gauge, count };
}

test('the engine reports how often the next look was in the list that it had made', async (t) => {
  const { send, look, gauge } = await measuredShop(t);
  for (const itemId of ['a', 'b', 'c', 'unseen']) await send('catalog', item(itemId));
  for (const visitor of ['v1', 'v2', 'v3']) for (const itemId of ['a', 'b']) await look(visitor, itemId);
  // The first visitor's second look found no list that could have known; the third visitor's did.
  assert.ok(Math.abs(gauge('freshet.lists.looks') - 3) < 0.001, `${gauge('freshet.lists.looks')} looks`);
  await look('v4', 'a');
  await look('v4', 'b');
  assert.ok(Math.abs(gauge('freshet.lists.looks') - 4) < 0.001);
  assert.ok(gauge('freshet.lists.hit_rate') >= 3 / 4 - 0.001, `hit rate ${gauge('freshet.lists.hit_rate')}`);
});

test('the looks of a synthetic visitor are measured by nothing, and the ranking learns nothing from them', async (t) => {
  const { send, look, gauge, count } = await measuredShop(t);
  const items = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const itemId of items) await send('catalog', item(itemId));
  for (const visitor of ['v1', 'v2', 'v3']) for (const itemId of items) await look(visitor, itemId);
  const figures = () => [count('freshet.learner.examples'), Math.round(gauge('freshet.lists.looks'))];
  /** One look in four is learned from, by its event's id. */
  const looks = async (visitorId: string) => {
    for (let i = 0; i < 40; i++)
      await look(visitorId, items[i % 6]!, { sessionId: `of ${visitorId}`, eventId: `${visitorId} ${i}` });
  };
  const before = figures();
  await looks('freshet-probe-0');
  assert.deepEqual(figures(), before);
  await looks('v4');
  for (const [i, figure] of figures().entries()) assert.ok(figure > before[i]!);
});
