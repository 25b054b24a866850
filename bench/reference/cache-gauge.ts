// Metrics that know one thing: what the stores of an instance keep decoded in memory.

import { type MetricAttributes, type Metrics, silentMetrics } from '../../engine/api/index.ts';

const CACHE_SIZE = 'freshet.store.cache.size';

export class CacheGauge implements Metrics {
  readonly counter = silentMetrics.counter;
  readonly histogram = silentMetrics.histogram;
  readonly #reads = new Map<string, () => number>();

  gauge(name: string, read: () => number, attributes: MetricAttributes = {}): () => void {
    if (name !== CACHE_SIZE) return () => {};
    const id = Object.values(attributes).join(' ');
    this.#reads.set(id, read);
    return () => void this.#reads.delete(id);
  }

  /** Of all stores of tasks that run here. */
  get bytes(): number {
    let bytes = 0;
    for (const read of this.#reads.values()) bytes += read() || 0;
    return bytes;
  }
}
