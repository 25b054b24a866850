// What a task has read ahead, one queue per source topic, merged by event time (ties: topic name, then offset).
//
// The queues are filled to the same depth before every selection, so what is selected depends on the log and the position
// alone: a run that was killed selects the same batches as one that was not.

import type { Fetched, FetchRequest } from '../api/index.ts';
import { readSourceRecord, type SourceReader, type SourceRecord } from './source-record.ts';

class Queue {
  readonly topic: string;
  readonly reader: SourceReader;
  /** Offset of the first record that has not been consumed. */
  position = 0;
  records: SourceRecord[] = [];
  /** Index of the first record that has not been consumed. */
  head = 0;
  /** Index of the first record that the present selection has not taken. */
  cursor = 0;
  /** Where to fetch next. */
  next = 0;

  constructor(topic: string, reader: SourceReader) {
    this.topic = topic;
    this.reader = reader;
  }
}

export class RecordQueues {
  readonly #partition: number;
  readonly #depth: number;
  readonly #queues: readonly Queue[];

  /** `readers` by topic; `depth` records of each are read ahead. */
  constructor(partition: number, readers: ReadonlyMap<string, SourceReader>, depth: number) {
    this.#partition = partition;
    this.#depth = depth;
    this.#queues = [...readers]
      .map(([topic, reader]) => new Queue(topic, reader))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  /** Starts anew from these positions; topics that are left out start at 0. */
  seek(positions: ReadonlyMap<string, number>): void {
    for (const queue of this.#queues) {
      queue.position = positions.get(queue.topic) ?? 0;
      queue.next = queue.position;
      queue.records = [];
      queue.head = 0;
    }
  }

  /** Topics that no position is known of start here. */
  startAt(topic: string, offset: number): void {
    for (const queue of this.#queues)
      if (queue.topic === topic) {
        queue.position = offset;
        queue.next = offset;
      }
  }

  /** Next offset to consume, by topic. */
  positions(): Map<string, number> {
    return new Map(this.#queues.map((queue) => [queue.topic, queue.position]));
  }

  /** Next offset to consume of a topic; `undefined` where the topic is not read. */
  positionOf(topic: string): number | undefined {
    return this.#queues.find((queue) => queue.topic === topic)?.position;
  }

  /** When the log took the first record of a topic that was read ahead and is not consumed, epoch ms. */
  oldestOf(topic: string): number | undefined {
    const queue = this.#queues.find((one) => one.topic === topic);
    return queue?.records[queue.head]?.appendTimeMs;
  }

  /** What has to be fetched to fill every queue, in the order in which `fill` takes the answers. */
  wants(): FetchRequest[] {
    return this.#queues.map((queue) => ({
      topic: queue.topic,
      partition: this.#partition,
      offset: queue.next,
      maxRecords: this.#depth - (queue.records.length - queue.head),
    }));
  }

  /** Takes the answers to `wants`. */
  fill(answers: readonly Fetched[]): void {
    this.#queues.forEach((queue, index) => {
      const { records, next } = answers[index]!;
      if (queue.head > 0 && records.length > 0) {
        queue.records = queue.records.slice(queue.head);
        queue.head = 0;
      }
      for (const record of records) queue.records.push(readSourceRecord(record, queue.reader));
      queue.next = next;
      // Nothing waits, so what was passed over since the last record is behind us too: lag counts records alone.
      if (queue.records.length === 0) queue.position = next;
    });
  }

  /** Up to `limit` records in event-time order. They stay in the queues until `consume`. */
  select(limit: number): SourceRecord[] {
    const selected: SourceRecord[] = [];
    for (const queue of this.#queues) queue.cursor = queue.head;
    while (selected.length < limit) {
      let first: Queue | undefined;
      let firstTime = Number.POSITIVE_INFINITY;
      for (const queue of this.#queues) {
        const record = queue.records[queue.cursor];
        if (record !== undefined && record.timestampMs < firstTime) {
          first = queue;
          firstTime = record.timestampMs;
        }
      }
      if (first === undefined) break;
      selected.push(first.records[first.cursor]!);
      first.cursor += 1;
    }
    return selected;
  }

  /** Whether nothing that was read ahead is left. */
  get isEmpty(): boolean {
    return this.#queues.every((queue) => queue.head === queue.records.length);
  }

  /** Whether some queue is empty though its topic goes on, up to the offset `endOf` the topic: the order by time is not known yet. */
  isShort(endOf: (topic: string) => number): boolean {
    return this.#queues.some((queue) => queue.head === queue.records.length && queue.next < endOf(queue.topic));
  }

  /** The last selection is done with. */
  consume(): void {
    for (const queue of this.#queues) {
      const last = queue.records[queue.cursor - 1];
      if (queue.cursor === queue.head || last === undefined) continue;
      queue.position = last.offset + 1;
      queue.head = queue.cursor;
      if (queue.head === queue.records.length) {
        queue.records = [];
        queue.head = 0;
        queue.position = queue.next;
      }
    }
  }
}
