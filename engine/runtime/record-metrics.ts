// Counts the records that commits consume and send, and measures how old the shop's own are at each stage on their way to lists. What a batch did
// is counted when it is committed: a batch that is undone and run again by halves counts once.

import type { Counter, Histogram, Metrics, ProducerRecord } from '../api/index.ts';
import { isOfShop, type SourceReader, type SourceRecord } from './source-record.ts';

/** A batch that is to be committed. */
export interface MeasuredBatch {
  readonly records: readonly SourceRecord[];
  /** What it sends. */
  readonly sent: readonly ProducerRecord[];
  /** When it was selected, epoch ms. */
  readonly readMs: number;
  /** When it had been processed, epoch ms. */
  readonly processedMs: number;
  /** What processing it took, s. */
  readonly processSeconds: number;
}

export class RecordMetrics {
  readonly #metrics: Metrics;
  readonly #readers: ReadonlyMap<string, SourceReader>;
  /** By topic, then by partition. */
  readonly #consumed = new Map<string, Counter[]>();
  readonly #sent = new Map<string, Counter>();
  readonly #processing: Histogram;
  readonly #read: Histogram;
  readonly #processed: Histogram;
  readonly #committed: Histogram;
  readonly #published: Histogram;

  constructor(metrics: Metrics, readers: ReadonlyMap<string, SourceReader>) {
    this.#metrics = metrics;
    this.#readers = readers;
    const stage = (name: string) => metrics.histogram('freshet.event.latency', { 'freshet.stage': name });
    this.#processing = metrics.histogram('messaging.process.duration', { 'messaging.operation.name': 'process' });
    this.#read = stage('read');
    this.#processed = stage('processed');
    this.#committed = stage('committed');
    this.#published = stage('published');
  }

  /** A batch has been committed. */
  committed({ records, sent, readMs, processedMs, processSeconds }: MeasuredBatch, committedMs: number): void {
    for (const { topic, partition } of records) this.#consumedOf(topic, partition).add(1);
    for (const { topic } of sent) this.#sentTo(topic).add(1);
    if (records.length === 0) return;
    this.#processing.record(processSeconds);
    const times = this.appendTimes(records);
    recordAges(this.#read, times, readMs);
    recordAges(this.#processed, times, processedMs);
    recordAges(this.#committed, times, committedMs);
  }

  /** When the log took the records that the shop wrote, epoch ms: not those of the engine itself. */
  appendTimes(records: readonly SourceRecord[]): number[] {
    const times: number[] = [];
    for (const { topic, appendTimeMs } of records) if (isOfShop(this.#readers, topic)) times.push(appendTimeMs);
    return times;
  }

  /** Lists that hold these records have been published. */
  published(records: readonly SourceRecord[], publishedMs: number): void {
    this.publishedSince(this.appendTimes(records), publishedMs);
  }

  /** Lists that hold records of these append times have been published. */
  publishedSince(appendTimes: readonly number[], publishedMs: number): void {
    recordAges(this.#published, appendTimes, publishedMs);
  }

  #consumedOf(topic: string, partition: number): Counter {
    let counters = this.#consumed.get(topic);
    if (counters === undefined) {
      counters = [];
      this.#consumed.set(topic, counters);
    }
    counters[partition] ??= this.#metrics.counter('messaging.client.consumed.messages', {
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': partition,
      'messaging.operation.name': 'receive',
    });
    return counters[partition];
  }

  #sentTo(topic: string): Counter {
    let counter = this.#sent.get(topic);
    if (counter === undefined) {
      counter = this.#metrics.counter('messaging.client.sent.messages', {
        'messaging.destination.name': topic,
        'messaging.operation.name': 'send',
      });
      this.#sent.set(topic, counter);
    }
    return counter;
  }
}

/** The log's clock may be a little ahead of ours: no age is negative. */
function recordAges(histogram: Histogram, appendTimes: readonly number[], nowMs: number): void {
  for (const appendTimeMs of appendTimes) histogram.record(Math.max(0, nowMs - appendTimeMs) / 1000);
}
