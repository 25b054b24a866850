// The registry against a plain model, and what a reader of OpenTelemetry gets of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { MetricData } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { counter, gauge, histogram, type Instrument } from '../../../../engine/api/index.ts';
import { createMetricProducer, MetricRegistry, prometheusName } from '../../../../engine/telemetry/index.ts';
import { MovedClock } from '../../../../engine/testing/index.ts';

const CATALOGUE: readonly Instrument[] = [
  counter('messaging.client.sent.messages', '{message}', 'Sent.', 'to'),
  counter('process.cpu.time', 's', 'Read like a gauge.'),
  gauge('freshet.files.size', 'By', 'Bytes.'),
  histogram('freshet.work', [0.1, 1], 'Work.'),
];

async function collected(registry: MetricRegistry, hasUnitNames = false) {
  const resource = resourceFromAttributes({});
  const producer = await createMetricProducer({ registry, messagingSystem: 'kafka', hasUnitNames, resource });
  const { resourceMetrics, errors } = await producer.collect();
  return { metrics: resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics), errors };
}

const valuesOf = (metric: MetricData | undefined) =>
  metric?.dataPoints.map(({ value, attributes }) => [value, { ...attributes }]);

test('a reader gets counters, gauges and histograms with units, texts and what records come from', async () => {
  const registry = new MetricRegistry(new MovedClock(0), CATALOGUE);
  registry.counter('messaging.client.sent.messages', { to: 'a' }).add(2);
  registry.counter('messaging.client.sent.messages', { to: 'a' }).add(3);
  registry.gauge('process.cpu.time', () => 7);
  registry.gauge('freshet.files.size', () => 9);
  for (const value of [0.05, 0.1, 0.5, 3]) registry.histogram('freshet.work').record(value);
  const { metrics } = await collected(registry);
  const [sent, cpu, size, work] = metrics;
  assert.deepEqual(valuesOf(sent), [[5, { to: 'a', 'messaging.system': 'kafka' }]]);
  assert.equal(sent!.descriptor.unit, '{message}');
  assert.ok('isMonotonic' in cpu! && cpu.isMonotonic, 'a counter that is read like a gauge is still a counter');
  assert.deepEqual(valuesOf(size), [[9, {}]]);
  assert.deepEqual(valuesOf(work), [
    [{ buckets: { boundaries: [0.1, 1], counts: [2, 1, 1] }, sum: 3.65, count: 4 }, {}],
  ]);
  assert.equal(work!.descriptor.description, 'Work.');
});

test('names for Prometheus end in their unit, as a collector writes them', async () => {
  assert.deepEqual(CATALOGUE.map(prometheusName), [
    'messaging_client_sent_messages_total',
    'process_cpu_time_seconds_total',
    'freshet_files_size_bytes',
    'freshet_work_seconds',
  ]);
  const registry = new MetricRegistry(new MovedClock(0), CATALOGUE);
  registry.gauge('freshet.files.size', () => 9);
  const { metrics } = await collected(registry, true);
  assert.equal(metrics[0]!.descriptor.name, 'freshet.files.size.bytes');
});

test('a gauge that has nothing to say is left out, one that fails takes no other with it, and one that has ended is gone', async () => {
  const registry = new MetricRegistry(new MovedClock(0));
  registry.gauge('a', () => Number.NaN);
  registry.gauge('b', () => {
    throw new Error('closed');
  });
  const end = registry.gauge('c', () => 1);
  registry.gauge('c', () => 2);
  end();
  const endLast = registry.gauge('d', () => 3);
  endLast();
  const { metrics, errors } = await collected(registry);
  assert.deepEqual(
    metrics.map((metric) => [metric.descriptor.name, valuesOf(metric)]),
    [['c', [[2, {}]]]],
  );
  assert.equal(String(errors[0]), 'Error: closed');
});

test('buckets hold every value once: up to a bound, and above the one before it', () => {
  const bounds = fc.uniqueArray(fc.double({ min: 0, max: 10, noNaN: true }), { maxLength: 8 });
  fc.assert(
    fc.property(bounds, fc.array(fc.double({ min: 0, max: 12, noNaN: true })), (unsorted, values) => {
      const sorted = unsorted.toSorted((a, b) => a - b);
      const registry = new MetricRegistry(new MovedClock(0), [histogram('h', sorted, 'H.')]);
      const recorded = registry.histogram('h');
      for (const value of values) recorded.record(value);
      const [distribution] = registry.distributions();
      const expected = [...sorted, Infinity].map(
        (bound, i) => values.filter((value) => value <= bound && value > (sorted[i - 1] ?? -1)).length,
      );
      assert.deepEqual(distribution!.counts, expected);
      assert.equal(distribution!.count, values.length);
    }),
  );
});

test('recent values are those of the last half to whole minute, counts those since the start', () => {
  const clock = new MovedClock(0);
  const registry = new MetricRegistry(clock, CATALOGUE);
  const work = registry.histogram('freshet.work');
  work.record(1);
  clock.advance(31_000);
  work.record(4);
  const [distribution] = registry.distributions();
  assert.equal(distribution!.recent().count, 2);
  clock.advance(31_000);
  assert.equal(distribution!.recent().count, 1);
  const median = distribution!.recent().quantile(0.5)!;
  assert.ok(Math.abs(median - 4) < 0.12, `${median}`);
  clock.advance(120_000);
  assert.equal(distribution!.recent().count, 0);
  assert.equal(distribution!.count, 2);
});
