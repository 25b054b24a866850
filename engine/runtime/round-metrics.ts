// What the rounds of an embedded engine take: the counterpart of what each task of a group measures of its own commits.

import type { Counter, Histogram, Metrics } from '../api/index.ts';

export class RoundMetrics {
  readonly #commit: Histogram;
  readonly #writing: Histogram;
  readonly #publication: Histogram;
  readonly #entries: Counter;

  constructor(metrics: Metrics) {
    this.#commit = metrics.histogram('freshet.commit.duration');
    this.#writing = metrics.histogram('messaging.client.operation.duration', { 'messaging.operation.name': 'commit' });
    this.#publication = metrics.histogram('freshet.publication.duration');
    this.#entries = metrics.counter('freshet.lists.published');
  }

  /** The batch of log, state and lists has been written. @param startedMs of `performance.now`, as everywhere here */
  written(startedMs: number): void {
    this.#writing.record(secondsSince(startedMs));
  }

  committed(startedMs: number): void {
    this.#commit.record(secondsSince(startedMs));
  }

  published(entries: number, startedMs: number): void {
    if (entries === 0) return;
    this.#publication.record(secondsSince(startedMs));
    this.#entries.add(entries);
  }
}

const secondsSince = (startedMs: number) => (performance.now() - startedMs) / 1000;
