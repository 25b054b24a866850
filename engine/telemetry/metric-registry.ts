// Instruments that live in this process: what the console page shows, and what exporters read (otel-metrics.ts). Recording is a few
// additions in memory; everything else happens when somebody collects.

import {
  type Clock,
  type Counter,
  type Histogram,
  type Instrument,
  type MetricAttributes,
  type Metrics,
  WORK_BOUNDS,
} from '../api/index.ts';
import { Distribution } from './distribution.ts';

export interface MetricValue {
  readonly name: string;
  readonly attributes: MetricAttributes;
  readonly value: number;
}

class Sum implements Counter {
  readonly name: string;
  readonly attributes: MetricAttributes;
  value = 0;

  constructor(name: string, attributes: MetricAttributes) {
    this.name = name;
    this.attributes = attributes;
  }

  add(amount: number): void {
    this.value += amount;
  }
}

interface Gauge {
  readonly name: string;
  readonly attributes: MetricAttributes;
  readonly read: () => number;
}

export class MetricRegistry implements Metrics {
  readonly #clock: Clock;
  readonly #declared: ReadonlyMap<string, Instrument>;
  readonly #sums = new Map<string, Sum>();
  readonly #distributions = new Map<string, Distribution>();
  readonly #gauges = new Map<string, Gauge>();
  /** When counting began, epoch ms. */
  readonly startedMs: number;

  /** @param catalogue What is declared; a name that is not in it is counted all the same, without unit and text. */
  constructor(clock: Clock, catalogue: readonly Instrument[] = []) {
    this.#clock = clock;
    this.startedMs = clock.nowMs();
    this.#declared = new Map(catalogue.map((instrument) => [instrument.name, instrument]));
  }

  counter(name: string, attributes: MetricAttributes = {}): Counter {
    const id = identity(name, attributes);
    let sum = this.#sums.get(id);
    if (sum === undefined) {
      sum = new Sum(name, attributes);
      this.#sums.set(id, sum);
    }
    return sum;
  }

  histogram(name: string, attributes: MetricAttributes = {}): Histogram {
    const id = identity(name, attributes);
    let distribution = this.#distributions.get(id);
    if (distribution === undefined) {
      const bounds = this.#declared.get(name)?.bounds ?? WORK_BOUNDS;
      distribution = new Distribution(name, attributes, bounds, this.#clock);
      this.#distributions.set(id, distribution);
    }
    return distribution;
  }

  gauge(name: string, read: () => number, attributes: MetricAttributes = {}): () => void {
    const id = identity(name, attributes);
    const one: Gauge = { name, attributes, read };
    this.#gauges.set(id, one);
    return () => {
      if (this.#gauges.get(id) === one) this.#gauges.delete(id);
    };
  }

  declared(name: string): Instrument | undefined {
    return this.#declared.get(name);
  }

  /** Counters as they stand. */
  sums(): MetricValue[] {
    return Array.from(this.#sums.values(), ({ name, attributes, value }) => ({ name, attributes, value }));
  }

  /** Reads every gauge that has something to say. `failed` hears of one that throws: the others are read all the same. */
  gauges(failed: (error: unknown) => void): MetricValue[] {
    const values: MetricValue[] = [];
    for (const { name, attributes, read } of this.#gauges.values())
      try {
        const value = read();
        if (!Number.isNaN(value)) values.push({ name, attributes, value });
      } catch (error) {
        failed(error);
      }
    return values;
  }

  distributions(): readonly Distribution[] {
    return [...this.#distributions.values()];
  }
}

function identity(name: string, attributes: MetricAttributes): string {
  const names = Object.keys(attributes).sort();
  return names.length === 0 ? name : `${name}{${names.map((key) => `${key}=${attributes[key]}`).join(',')}}`;
}
