// Counts the records that commits consume, and measures how long the shop's own take to become lists.

import type { Counter, Histogram, Metrics } from '../api/index.ts';
import { isOfShop, type SourceReader, type SourceRecord } from './source-record.ts';

export class RecordMetrics {
  readonly #metrics: Metrics;
  readonly #readers: ReadonlyMap<string, SourceReader>;
  readonly #eventToList: Histogram;
  readonly #counters = new Map<string, Counter>();

  constructor(metrics: Metrics, readers: ReadonlyMap<string, SourceReader>) {
    this.#metrics = metrics;
    this.#readers = readers;
    this.#eventToList = metrics.histogram('freshet.event_to_list');
  }

  /** A commit has consumed `records`. `publishedMs`: when their lists were published, epoch ms; `undefined` without lists. */
  committed(records: readonly SourceRecord[], publishedMs: number | undefined): void {
    for (const { topic } of records) this.#counterOf(topic).add(1);
    if (publishedMs !== undefined) this.published(this.appendTimes(records), publishedMs);
  }

  /** When the log took the records that the shop wrote, epoch ms: not those of the engine itself. */
  appendTimes(records: readonly SourceRecord[]): number[] {
    const times: number[] = [];
    for (const { topic, appendTimeMs } of records) if (isOfShop(this.#readers, topic)) times.push(appendTimeMs);
    return times;
  }

  /** Lists that hold records of these append times have been published. */
  published(appendTimes: readonly number[], publishedMs: number): void {
    for (const appendTimeMs of appendTimes) this.#eventToList.record(publishedMs - appendTimeMs);
  }

  #counterOf(topic: string): Counter {
    let counter = this.#counters.get(topic);
    if (counter === undefined) {
      counter = this.#metrics.counter('freshet.records', { topic });
      this.#counters.set(topic, counter);
    }
    return counter;
  }
}
