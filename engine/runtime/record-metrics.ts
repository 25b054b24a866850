// Counts the records that commits consume and send, and measures how old the shop's own are at each stage on their way to lists. What a batch did
// is counted when it is committed: a batch that is undone and run again by halves counts once.
//
// A log takes records by the batch, so neighbours have one append time, one topic and one partition: what is counted is counted by run of such records.

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

/** When the log took the records of a batch that the shop wrote, by run of equal times. */
export interface AppendTimes {
  /** Epoch ms. */
  readonly times: number[];
  /** How many records of each. */
  readonly counts: number[];
}

export const NO_APPEND_TIMES: AppendTimes = { times: [], counts: [] };

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

  /** A batch has been committed. Returns what {@link published} needs when its lists are. */
  committed({ records, sent, readMs, processedMs, processSeconds }: MeasuredBatch, committedMs: number): AppendTimes {
    this.#countConsumed(records);
    this.#countSent(sent);
    if (records.length === 0) return NO_APPEND_TIMES;
    this.#processing.record(processSeconds);
    const times = this.#appendTimesOf(records);
    recordAges(this.#read, times, readMs);
    recordAges(this.#processed, times, processedMs);
    recordAges(this.#committed, times, committedMs);
    return times;
  }

  /** Of the records that the shop wrote: not of those of the engine itself. */
  #appendTimesOf(records: readonly SourceRecord[]): AppendTimes {
    const times: number[] = [];
    const counts: number[] = [];
    let lastTopic: string | undefined;
    let isCounted = false;
    for (const { topic, appendTimeMs } of records) {
      if (topic !== lastTopic) {
        lastTopic = topic;
        isCounted = isOfShop(this.#readers, topic);
      }
      if (!isCounted) continue;
      const last = times.length - 1;
      if (times[last] === appendTimeMs) counts[last] = counts[last]! + 1;
      else {
        times.push(appendTimeMs);
        counts.push(1);
      }
    }
    return { times, counts };
  }

  /** Lists that hold records of these append times have been published. */
  published(appendTimes: AppendTimes, publishedMs: number): void {
    recordAges(this.#published, appendTimes, publishedMs);
  }

  #countConsumed(records: readonly SourceRecord[]): void {
    for (let from = 0; from < records.length; ) {
      const { topic, partition } = records[from]!;
      let to = from + 1;
      while (to < records.length && records[to]!.topic === topic && records[to]!.partition === partition) to += 1;
      this.#consumedOf(topic, partition).add(to - from);
      from = to;
    }
  }

  #countSent(sent: readonly ProducerRecord[]): void {
    for (let from = 0; from < sent.length; ) {
      const { topic } = sent[from]!;
      let to = from + 1;
      while (to < sent.length && sent[to]!.topic === topic) to += 1;
      this.#sentTo(topic).add(to - from);
      from = to;
    }
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
function recordAges(histogram: Histogram, { times, counts }: AppendTimes, nowMs: number): void {
  for (const [run, appendTimeMs] of times.entries())
    histogram.record(Math.max(0, nowMs - appendTimeMs) / 1000, counts[run]);
}
