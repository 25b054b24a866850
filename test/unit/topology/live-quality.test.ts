import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from '../../../engine/telemetry/index.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../../engine/testing/index.ts';
import {
  createFileSchemaSource,
  createSerdes,
  keyOf,
  type SourceRecords,
  type SourceTopic,
} from '../../../schemas/index.ts';
import { createMemoryDatabase } from '../../../state/index.ts';
import { buildRecommendationTopology } from '../../../topology/index.ts';
import { click, item, START_MS } from './shop.ts';

test('the engine reports how often the next look was in the list that it had made', async (t) => {
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
  const look = (visitorId: string, itemId: string) =>
    send('clicks', click({ visitorId, itemId, at: clock.nowMs() + 2_000 }));
  const gauges = (name: string): { readonly [algorithm: string]: number } =>
    Object.fromEntries(
      metrics
        .values()
        .filter((gauge) => gauge.name === name)
        .map(({ attributes, value }) => [attributes.algorithm, value]),
    );

  for (const itemId of ['a', 'b', 'c', 'unseen']) await send('catalog', item(itemId));
  for (const visitor of ['v1', 'v2', 'v3']) for (const itemId of ['a', 'b']) await look(visitor, itemId);
  // The first visitor's second look found no list that could have known; the third visitor's did.
  const [before] = Object.values(gauges('lists.looks'));
  assert.ok(before !== undefined && Math.abs(before - 3) < 0.001, `${before} looks`);
  await look('v4', 'a');
  await look('v4', 'b');
  const [looks] = Object.values(gauges('lists.looks'));
  const [hitRate] = Object.values(gauges('lists.hit-rate'));
  assert.ok(Math.abs(looks! - 4) < 0.001);
  assert.ok(hitRate! >= 3 / 4 - 0.001, `hit rate ${hitRate}`);
});
