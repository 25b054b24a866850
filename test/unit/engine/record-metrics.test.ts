// What is counted by run is what counting one record after the other gives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProducerRecord } from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { RecordMetrics } from '../../../engine/runtime/record-metrics.ts';
import { readersOf, type SourceRecord } from '../../../engine/runtime/source-record.ts';
import { MetricRegistry } from '../../../engine/telemetry/index.ts';
import { MovedClock } from '../../../engine/testing/index.ts';
import { json } from '../../support/engine.ts';

const NOW_MS = 1_000;

const readers = readersOf(
  new TopologyBuilder()
    .addSource('a', { topic: 'a', deserializer: json() })
    .addSource('b', { topic: 'b', deserializer: json() })
    .addProcessor('first', () => ({ process() {} }), { parents: ['a', 'b'] })
    .addRepartition('own', { serializer: json(), deserializer: json(), parents: ['first'] })
    .addProcessor('second', () => ({ process() {} }), { parents: ['own'] })
    .build(),
);

const sourceRecord = fc
  .record({
    topic: fc.constantFrom('a', 'b', 'own'),
    partition: fc.nat(1),
    appendTimeMs: fc.integer({ min: NOW_MS - 3, max: NOW_MS + 1 }),
  })
  .map((place) => place as SourceRecord);

test('records are counted by topic and partition, and the ages of those of the shop by stage', () => {
  fc.assert(
    fc.property(fc.array(sourceRecord), fc.array(fc.constantFrom('x', 'y')), (records, topics) => {
      const registry = new MetricRegistry(new MovedClock(0));
      const metrics = new RecordMetrics(registry, readers);
      const sent = topics.map((topic): ProducerRecord => ({ topic, key: 'k', value: null, timestampMs: 0 }));
      const times = metrics.committed(
        { records, sent, readMs: NOW_MS, processedMs: NOW_MS + 1, processSeconds: 0 },
        NOW_MS + 2,
      );
      metrics.published(times, NOW_MS + 3);
      const sums = new Map(
        registry
          .sums()
          .map(({ attributes, value }) => [
            `${attributes['messaging.destination.name']} ${attributes['messaging.destination.partition.id'] ?? ''}`,
            value,
          ]),
      );
      const expected = new Map<string, number>();
      for (const { topic, partition } of records)
        expected.set(`${topic} ${partition}`, (expected.get(`${topic} ${partition}`) ?? 0) + 1);
      for (const topic of topics) expected.set(`${topic} `, (expected.get(`${topic} `) ?? 0) + 1);
      assert.deepEqual(new Map([...sums].toSorted()), new Map([...expected].toSorted()));

      const ofShop = records.filter(({ topic }) => topic !== 'own');
      const stages = registry.distributions().filter(({ name }) => name === 'freshet.event.latency');
      assert.deepEqual(
        stages.map(({ attributes }) => attributes['freshet.stage']),
        ['read', 'processed', 'committed', 'published'],
      );
      for (const [index, { count, sum }] of stages.entries()) {
        assert.equal(count, ofShop.length);
        const ages = ofShop.map(({ appendTimeMs }) => Math.max(0, NOW_MS + index - appendTimeMs) / 1000);
        assert.ok(Math.abs(sum - ages.reduce((total, age) => total + age, 0)) < 1e-9);
      }
    }),
  );
});
