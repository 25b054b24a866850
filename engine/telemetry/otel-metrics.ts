// The registry as a metric producer of OpenTelemetry's SDK, whose readers (Prometheus, OTLP) ask it when they export. So counting costs what the
// registry costs, whoever listens, and the SDK is not loaded where nobody does: of its types alone this file knows.

import type { HrTime } from '@opentelemetry/api';
import type { CollectionResult, DataPoint, Histogram, MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import type { Instrument, MetricAttributes } from '../api/index.ts';
import type { Distribution } from './distribution.ts';
import type { MetricRegistry, MetricValue } from './metric-registry.ts';

/** What units become in a Prometheus name, by the compatibility rules of OpenTelemetry. What is counted, in braces, is left out. */
const PROMETHEUS_UNITS: { readonly [unit: string]: string } = { s: 'seconds', By: 'bytes', 'By/s': 'bytes.per.second' };

/** The name with its unit, as an OpenTelemetry collector writes it for Prometheus: the SDK's exporter leaves units out. */
function withUnit({ name, unit, kind }: Instrument): string {
  const suffix = unit === '1' && kind === 'gauge' ? 'ratio' : PROMETHEUS_UNITS[unit];
  return suffix === undefined ? name : `${name}.${suffix}`;
}

/** An instrument's name in Prometheus; a histogram's has `_bucket`, `_sum` and `_count` behind it. */
export function prometheusName(instrument: Instrument): string {
  const name = withUnit(instrument).replaceAll('.', '_');
  return instrument.kind === 'counter' ? `${name}_total` : name;
}

export interface MetricProducerOptions {
  readonly registry: MetricRegistry;
  /** What the records come from, as semantic conventions call it: `kafka`, or a name of one's own. */
  readonly messagingSystem: string;
  /** Whether names end in their unit, for Prometheus. */
  readonly hasUnitNames: boolean;
  /** Who speaks, e.g. the SDK's default resource. */
  readonly resource: CollectionResult['resourceMetrics']['resource'];
}

/** Reads the registry at every collection. */
export async function createMetricProducer(options: MetricProducerOptions): Promise<MetricProducer> {
  const { registry, messagingSystem, resource } = options;
  const { AggregationTemporality, DataPointType } = await import('@opentelemetry/sdk-metrics');
  const { ValueType } = await import('@opentelemetry/api');
  const startTime = hrTime(registry.startedMs);
  const messaging = { 'messaging.system': messagingSystem };

  function shown(name: string, attributes: MetricAttributes): MetricAttributes {
    return name.startsWith('messaging.') ? { ...attributes, ...messaging } : attributes;
  }

  function descriptor(name: string): MetricData['descriptor'] {
    const declared = registry.declared(name);
    return {
      name: declared === undefined || !options.hasUnitNames ? name : withUnit(declared),
      description: declared?.text ?? '',
      unit: declared?.unit ?? '',
      valueType: ValueType.DOUBLE,
    };
  }

  function singles(name: string, values: readonly MetricValue[], endTime: HrTime, isCounter: boolean): MetricData {
    const dataPoints = values.map(
      ({ attributes, value }): DataPoint<number> => ({
        startTime,
        endTime,
        attributes: shown(name, attributes),
        value,
      }),
    );
    const common = {
      descriptor: descriptor(name),
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints,
    };
    return isCounter
      ? { ...common, dataPointType: DataPointType.SUM, isMonotonic: true }
      : { ...common, dataPointType: DataPointType.GAUGE };
  }

  function histogram(name: string, distributions: readonly Distribution[], endTime: HrTime): MetricData {
    const dataPoints = distributions.map(({ attributes, bounds, counts, sum, count }): DataPoint<Histogram> => {
      const value = { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count };
      return { startTime, endTime, attributes: shown(name, attributes), value };
    });
    return {
      descriptor: descriptor(name),
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints,
    };
  }

  return {
    async collect() {
      const endTime = hrTime(Date.now());
      const metrics: MetricData[] = [];
      const errors: unknown[] = [];
      const gauges = registry.gauges((error) => errors.push(error));
      for (const [name, values] of byName(registry.sums())) metrics.push(singles(name, values, endTime, true));
      for (const [name, values] of byName(gauges))
        metrics.push(singles(name, values, endTime, registry.declared(name)?.kind === 'counter'));
      for (const [name, values] of byName(registry.distributions())) metrics.push(histogram(name, values, endTime));
      return { resourceMetrics: { resource, scopeMetrics: [{ scope: { name: 'freshet' }, metrics }] }, errors };
    },
  };
}

function byName<T extends { readonly name: string }>(values: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(value.name);
    if (group === undefined) groups.set(value.name, [value]);
    else group.push(value);
  }
  return groups;
}

function hrTime(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}
