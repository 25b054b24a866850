// Instruments that live in this process: what the console page shows, and what an exporter can read. Counters are sums since the
// start; histograms speak of the last half to whole minute, so that a figure on a page follows what happens now.

import type { Clock, Counter, Histogram, MetricAttributes, Metrics } from '../api/index.ts';
import { LogHistogram } from './log-histogram.ts';

/** Two halves: the older one is dropped when the younger one is full. */
const HALF_WINDOW_MS = 30_000;

export interface MetricValue {
  readonly name: string;
  readonly attributes: MetricAttributes;
  readonly value: number;
}

export interface DistributionValue {
  readonly name: string;
  readonly attributes: MetricAttributes;
  readonly count: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
}

interface Named {
  readonly name: string;
  readonly attributes: MetricAttributes;
}

class Sum implements Counter, Named {
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

class Window implements Histogram, Named {
  readonly name: string;
  readonly attributes: MetricAttributes;
  readonly #clock: Clock;
  #younger = new LogHistogram();
  #older = new LogHistogram();
  #turnMs: number;

  constructor(name: string, attributes: MetricAttributes, clock: Clock) {
    this.name = name;
    this.attributes = attributes;
    this.#clock = clock;
    this.#turnMs = clock.nowMs() + HALF_WINDOW_MS;
  }

  record(value: number): void {
    this.#turn();
    this.#younger.record(value);
  }

  #turn(): void {
    const now = this.#clock.nowMs();
    if (now < this.#turnMs) return;
    const dropped = this.#older;
    this.#older = this.#younger;
    this.#younger = dropped;
    this.#younger.clear();
    if (now >= this.#turnMs + HALF_WINDOW_MS) this.#older.clear();
    this.#turnMs = now + HALF_WINDOW_MS;
  }

  read(): LogHistogram {
    this.#turn();
    const all = new LogHistogram();
    all.merge(this.#younger);
    all.merge(this.#older);
    return all;
  }
}

/** Longest time that a distribution looks back, ms. */
export const DISTRIBUTION_WINDOW_MS = 2 * HALF_WINDOW_MS;

export class MetricRegistry implements Metrics {
  readonly #clock: Clock;
  readonly #sums = new Map<string, Sum>();
  readonly #windows = new Map<string, Window>();
  readonly #gauges = new Map<string, Named & { readonly read: () => number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
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
    let window = this.#windows.get(id);
    if (window === undefined) {
      window = new Window(name, attributes, this.#clock);
      this.#windows.set(id, window);
    }
    return window;
  }

  gauge(name: string, read: () => number, attributes: MetricAttributes = {}): void {
    this.#gauges.set(identity(name, attributes), { name, attributes, read });
  }

  /** Counters and gauges as they stand. */
  values(): MetricValue[] {
    return [
      ...Array.from(this.#sums.values(), ({ name, attributes, value }) => ({ name, attributes, value })),
      ...Array.from(this.#gauges.values(), ({ name, attributes, read }) => ({ name, attributes, value: read() })),
    ];
  }

  /** Distributions of the last minute. */
  distributions(): DistributionValue[] {
    return Array.from(this.#windows.values(), (window) => {
      const histogram = window.read();
      return {
        name: window.name,
        attributes: window.attributes,
        count: histogram.count,
        p50: histogram.quantile(0.5),
        p99: histogram.quantile(0.99),
      };
    });
  }
}

function identity(name: string, attributes: MetricAttributes): string {
  const names = Object.keys(attributes).sort();
  return names.length === 0 ? name : `${name}{${names.map((key) => `${key}=${attributes[key]}`).join(',')}}`;
}
