// Metrics that keep every value of the distributions that are asked for, so that percentiles are exact, and the sums of counters.

import type { Counter, Histogram, MetricAttributes, Metrics } from '../engine/api/index.ts';

const ignored: Histogram = { record() {} };

class Sum implements Counter {
  value = 0;
  add(amount: number): void {
    this.value += amount;
  }
}

class Samples implements Histogram {
  values: number[] = [];
  record(value: number, times = 1): void {
    for (let i = 0; i < times; i++) this.values.push(value);
  }
}

export class SampleMetrics implements Metrics {
  readonly #kept: ReadonlySet<string>;
  readonly #samples = new Map<string, Samples>();
  readonly #sums = new Map<string, Map<string, Sum>>();

  /** The distributions to keep: their names, with the values of their attributes behind them, e.g. `freshet.event.latency published`. */
  constructor(kept: Iterable<string>) {
    this.#kept = new Set(kept);
  }

  counter(name: string, attributes: MetricAttributes = {}): Counter {
    const sums = this.#sums.get(name) ?? new Map<string, Sum>();
    this.#sums.set(name, sums);
    const id = Object.values(attributes).join(' ');
    const sum = sums.get(id) ?? new Sum();
    sums.set(id, sum);
    return sum;
  }

  histogram(name: string, attributes: MetricAttributes = {}): Histogram {
    const id = [name, ...Object.values(attributes)].join(' ');
    if (!this.#kept.has(id)) return ignored;
    const samples = this.#samples.get(id) ?? new Samples();
    this.#samples.set(id, samples);
    return samples;
  }

  gauge(): () => void {
    return () => {};
  }

  /** Sums of a counter, by the first of its attributes. */
  sums(name: string): { [attribute: string]: number } {
    const sums: { [attribute: string]: number } = {};
    for (const [id, { value }] of this.#sums.get(name) ?? []) {
      const [first = ''] = id.split(' ');
      sums[first] = (sums[first] ?? 0) + value;
    }
    return sums;
  }

  /** The values that a distribution has had since the last call. */
  take(name: string): number[] {
    const samples = this.#samples.get(name);
    const values = samples?.values ?? [];
    if (samples !== undefined) samples.values = [];
    return values;
  }
}
