// What a task has read ahead, one queue per source topic, merged by event time (ties: topic name, then offset).
//
// The queues are filled to the same depth before every selection, so what is selected without a clock depends on the log and the
// position alone: a run that was killed selects the same batches as one that was not. With a clock, topics that are taken in
// intervals are held back until their turn.

import type { Fetched, FetchRequest, Postponement } from '../api/index.ts';
import { readSourceRecord, type SourceReader, type SourceRecord } from './source-record.ts';
import type { Turns, WaitingTopic } from './turns.ts';

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
  /** Most records of the answer that `fill` takes. */
  wanted = 0;
  /** The topic may go on behind what has been read ahead. */
  isCut = false;

  constructor(topic: string, reader: SourceReader) {
    this.topic = topic;
    this.reader = reader;
  }
}

/** Most records of a batch; as many of each topic are read ahead, twice as many of one that somebody asks for what comes after a batch. */
export interface BatchLimit {
  readonly most: number;
}

export class RecordQueues {
  readonly #partition: number;
  readonly #size: BatchLimit;
  readonly #queues: readonly Queue[];
  readonly #turns: Turns;
  /** When the present selection was made; `undefined` without a clock. */
  #selectedMs: number | undefined;
  /** By topic, the keys of the batch that comes after the present selection; not there before somebody asks. */
  #keysAhead: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  readonly #asked = new Set<string>();

  constructor(partition: number, readers: ReadonlyMap<string, SourceReader>, size: BatchLimit, turns: Turns) {
    this.#partition = partition;
    this.#size = size;
    this.#turns = turns;
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
    const depth = ({ topic }: Queue) => (this.#asked.has(topic) ? 2 : 1) * this.#size.most;
    for (const queue of this.#queues) queue.wanted = Math.max(0, depth(queue) - (queue.records.length - queue.head));
    return this.#queues.map(({ topic, next, wanted }) => ({
      topic,
      partition: this.#partition,
      offset: next,
      maxRecords: wanted,
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
      queue.isCut = records.length >= queue.wanted;
      // Nothing waits, so what was passed over since the last record is behind us too: lag counts records alone.
      if (queue.records.length === 0) queue.position = next;
    });
  }

  /** Up to `limit` records in event-time order, of the topics whose turn it is. They stay in the queues until `consume`. */
  select(limit: number, nowMs?: number): SourceRecord[] {
    const selected: SourceRecord[] = [];
    for (const queue of this.#queues) queue.cursor = queue.head;
    this.#keysAhead = undefined;
    const queues = nowMs === undefined ? this.#queues : this.#whoseTurn(nowMs);
    this.#selectedMs = nowMs;
    while (selected.length < limit) {
      const first = earliest(queues, ({ cursor }) => cursor);
      if (first === undefined) break;
      selected.push(first.records[first.cursor]!);
      first.cursor += 1;
    }
    return selected;
  }

  #whoseTurn(nowMs: number): readonly Queue[] {
    const waiting: WaitingTopic[] = [];
    for (const { topic, records, head } of this.#queues)
      if (records.length > head) waiting.push({ topic, isFull: records.length - head >= this.#size.most });
    const topics = this.#turns.choose(waiting, nowMs);
    return this.#queues.filter(({ topic }) => topics.includes(topic));
  }

  /**
   * Whether the batch after the last selection has a record with this key, of one of the topics, as far as is known: where nobody
   * has asked for a topic before, little is read ahead of it. Of no selection there is no batch after it.
   */
  isAhead({ topics, key }: Postponement): boolean {
    for (const topic of topics) this.#asked.add(topic);
    this.#keysAhead ??= this.#readKeysAhead();
    for (const topic of topics) if (this.#keysAhead.get(topic)?.has(key) === true) return true;
    return false;
  }

  #readKeysAhead(): ReadonlyMap<string, ReadonlySet<string>> {
    const keys = new Map<string, Set<string>>();
    const next = new Map<Queue, number>();
    for (const queue of this.#queues) {
      keys.set(queue.topic, new Set());
      next.set(queue, queue.cursor);
    }
    if (this.#queues.every(({ head, cursor }) => head === cursor)) return keys;
    // Behind the end of what was read ahead of one topic the order by time is not known.
    const isOver = (queue: Queue) => queue.isCut && next.get(queue) === queue.records.length;
    if (this.#queues.some(isOver)) return keys;
    for (let count = 0; count < this.#size.most; count++) {
      const first = earliest(this.#queues, (queue) => next.get(queue)!);
      if (first === undefined) break;
      const at = next.get(first)!;
      const { key } = first.records[at]!;
      if (key !== undefined) keys.get(first.topic)!.add(key);
      next.set(first, at + 1);
      if (isOver(first)) break;
    }
    return keys;
  }

  /** Records that the last selection has left of the topic with the most of them. */
  get mostLeft(): number {
    let most = 0;
    for (const { records, cursor } of this.#queues) most = Math.max(most, records.length - cursor);
    return most;
  }

  /** Whether nothing that was read ahead is left. */
  get isEmpty(): boolean {
    return this.#queues.every((queue) => queue.head === queue.records.length);
  }

  /**
   * Whether some queue is empty though its topic goes on, up to the offset `endOf` the topic: the order by time is not known yet. Topics
   * that are taken in intervals are in no order with the others.
   */
  isShort(endOf: (topic: string) => number): boolean {
    return this.#queues.some(
      ({ topic, head, records, next }) => head === records.length && !this.#turns.isHeld(topic) && next < endOf(topic),
    );
  }

  /** The last selection is done with. */
  consume(): void {
    const topics: string[] = [];
    for (const queue of this.#queues) {
      const last = queue.records[queue.cursor - 1];
      if (queue.cursor === queue.head || last === undefined) continue;
      topics.push(queue.topic);
      queue.position = last.offset + 1;
      queue.head = queue.cursor;
      if (queue.head === queue.records.length) {
        queue.records = [];
        queue.head = 0;
        queue.position = queue.next;
      }
    }
    if (this.#selectedMs !== undefined) this.#turns.taken(topics, this.#selectedMs);
  }
}

/** The queue whose record at this index has the earliest time, the first of equals; `undefined` where none has one. */
function earliest(queues: readonly Queue[], indexOf: (queue: Queue) => number): Queue | undefined {
  let first: Queue | undefined;
  let firstTime = Number.POSITIVE_INFINITY;
  for (const queue of queues) {
    const record = queue.records[indexOf(queue)];
    if (record !== undefined && record.timestampMs < firstTime) {
      first = queue;
      firstTime = record.timestampMs;
    }
  }
  return first;
}
