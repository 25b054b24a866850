// Counters of a task's processors count with the commit: what a batch added is dropped when the batch is undone, so that a batch
// which is run again by halves counts once.

import type { Counter, Histogram, MetricAttributes, Metrics } from '../api/index.ts';

class BatchCounter implements Counter {
  readonly #counter: Counter;
  #pending = 0;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  add(amount: number): void {
    this.#pending += amount;
  }

  settle(isCommitted: boolean): void {
    if (isCommitted && this.#pending > 0) this.#counter.add(this.#pending);
    this.#pending = 0;
  }
}

export class BatchMetrics implements Metrics {
  readonly #metrics: Metrics;
  readonly #counters = new Map<Counter, BatchCounter>();
  readonly #gauges: (() => void)[] = [];

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  counter(name: string, attributes?: MetricAttributes): Counter {
    const counter = this.#metrics.counter(name, attributes);
    let batched = this.#counters.get(counter);
    if (batched === undefined) {
      batched = new BatchCounter(counter);
      this.#counters.set(counter, batched);
    }
    return batched;
  }

  histogram(name: string, attributes?: MetricAttributes): Histogram {
    return this.#metrics.histogram(name, attributes);
  }

  gauge(name: string, read: () => number, attributes?: MetricAttributes): () => void {
    const end = this.#metrics.gauge(name, read, attributes);
    this.#gauges.push(end);
    return end;
  }

  /** The task runs here no more: its gauges end with it. */
  close(): void {
    for (const end of this.#gauges) end();
  }

  /** The batch has been committed, or was undone. */
  settle(isCommitted: boolean): void {
    for (const counter of this.#counters.values()) counter.settle(isCommitted);
  }
}
