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
  record(value: number): void {
    this.values.push(value);
  }
}

export class SampleMetrics implements Metrics {
  readonly #kept: ReadonlySet<string>;
  readonly #samples = new Map<string, Samples>();
  readonly #sums = new Map<string, Map<string, Sum>>();

  /** Names of the distributions to keep. */
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

  histogram(name: string): Histogram {
    if (!this.#kept.has(name)) return ignored;
    const samples = this.#samples.get(name) ?? new Samples();
    this.#samples.set(name, samples);
    return samples;
  }

  gauge(): void {}

  /** Sums of a counter, by the values of its attributes. */
  sums(name: string): { [attributes: string]: number } {
    return Object.fromEntries(Array.from(this.#sums.get(name) ?? [], ([id, { value }]) => [id, value]));
  }

  /** The values that a distribution has had since the last call. */
  take(name: string): number[] {
    const samples = this.#samples.get(name);
    const values = samples?.values ?? [];
    if (samples !== undefined) samples.values = [];
    return values;
  }
}
