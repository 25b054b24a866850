// Writes the source records that a task has committed to history files, in the background. What is in memory when the process dies is
// still in the log: the next owner finds where the files end and reads on from there, so history has every record at least once,
// whoever dies when. A record may be in two files (a former owner that finishes late); readers take it once.
//
//   committed ──► growing file ──► (16 MB, 60 s, memory short, flush) ──► one put after the other for each partition
//
// A crash before a put is done: the object is not there; the next owner reads its records from the log. After it: nothing is lost.

import {
  type Clock,
  type Counter,
  EngineError,
  type Fetched,
  type Logger,
  type LogRecord,
  type Metrics,
  type OffsetRange,
  type TopicPartition,
} from '../api/index.ts';
import { archivedEnd } from './archived-end.ts';
import { untilDone } from './backoff.ts';
import type { FileBuilder } from './file-builder.ts';
import type { ObjectStore } from './object-store.ts';
import { PartitionHistory } from './partition-history.ts';
import type { SchemaOf } from './value-schemas.ts';

/** How the records that history lacks are read from the log. Both may take their time, and both may be called side by side. */
export interface HistorySource {
  /** What the log holds, asked of it now. */
  range(place: TopicPartition): Promise<OffsetRange>;
  /**
   * Records from `offset` on: waits until there are some, and resolves with `next` above `offset`.
   * @throws {EngineError} `OFFSET_OUT_OF_RANGE` when the log no longer has them; anything when `signal` aborts, which ends the wait.
   */
  read(place: TopicPartition, offset: number, signal: AbortSignal): Promise<Fetched>;
  /** Of this partition no more is read: what was kept for it can go. */
  forget(place: TopicPartition): void;
}

export interface HistoryWriterOptions {
  readonly taskId: number;
  /** Shared by all tasks; the writer does not close it. */
  readonly store: ObjectStore;
  /** Schemas of values by id, written into the files that need them. @defaultValue none */
  readonly schemaOf?: SchemaOf | undefined;
  /** A file is ended when it has so many bytes. @defaultValue 16 MiB */
  readonly fileMaxBytes?: number;
  /** A file is ended when it is so old, ms: the most that history lags behind. @defaultValue 60 s */
  readonly fileMaxAgeMs?: number;
  /** Memory of records that are not stored yet, from which on `hasRoom` is false. @defaultValue 64 MiB */
  readonly waitingMaxBytes?: number;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const MIB = 1024 * 1024;
/** How often ages are looked at. */
const AGE_PASS_MS = 1_000;

export class HistoryWriter {
  readonly #options: HistoryWriterOptions;
  readonly #fileMaxBytes: number;
  readonly #fileMaxAgeMs: number;
  readonly #waitingMaxBytes: number;
  readonly #partitions = new Map<string, Map<number, PartitionHistory>>();
  readonly #closing = new AbortController();
  readonly #agePass: NodeJS.Timeout;
  readonly #files: Counter;
  readonly #bytes: Counter;
  readonly #failures: Counter;
  readonly #endGauge: () => void;
  /** Files that were handed over and are not stored. */
  readonly #uploading = new Set<FileBuilder>();
  #isFailing = false;
  /** Wakes those who wait for room. */
  #roomMade = Promise.withResolvers<void>();

  constructor(options: HistoryWriterOptions) {
    this.#options = options;
    this.#fileMaxBytes = options.fileMaxBytes ?? 16 * MIB;
    this.#fileMaxAgeMs = options.fileMaxAgeMs ?? 60_000;
    this.#waitingMaxBytes = options.waitingMaxBytes ?? 64 * MIB;
    const { metrics, taskId } = options;
    this.#files = metrics.counter('freshet.history.files');
    this.#bytes = metrics.counter('freshet.history.written');
    this.#failures = metrics.counter('freshet.history.failures');
    this.#endGauge = metrics.gauge('freshet.history.waiting', () => this.waitingBytes, { 'freshet.task': taskId });
    this.#agePass = setInterval(() => this.#endOldFiles(), AGE_PASS_MS).unref();
  }

  /** Memory of what is not stored yet. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const history of this.#all()) bytes += history.file?.bytes ?? 0;
    for (const file of this.#uploading) bytes += file.bytes;
    return bytes;
  }

  /** False while too much waits to be stored: the task should take no more records. */
  get hasRoom(): boolean {
    return this.waitingBytes < this.#waitingMaxBytes;
  }

  /**
   * Offset after the last that is archived of a partition; `undefined` when nothing is. Tries until the store answers.
   * @param near the task's position: the search begins there.
   */
  async resumeFrom(place: TopicPartition, near: number): Promise<number | undefined> {
    const found = await untilDone(
      () => archivedEnd(this.#options.store, place, near),
      (error) => this.#failed(error),
      this.#closing.signal,
    );
    if (found !== undefined) this.#worked();
    return found?.value;
  }

  /**
   * Takes up the history of the task's partitions: what lies between the end of the files and the task's positions is read from
   * the log. To be called once for each partition, before `committed`; the task may run meanwhile. Resolves when history has
   * reached the task, or the writer is closed.
   * @throws {EngineError} `OFFSET_OUT_OF_RANGE` when the files reach beyond the log's end: they are of another log. What `source`
   * throws comes through. After either, close the writer and make another.
   */
  async catchUp(
    source: HistorySource,
    positions: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<void> {
    const histories = positions.map(({ topic, partition, offset }) => {
      const history = new PartitionHistory({ topic, partition }, offset);
      let ofTopic = this.#partitions.get(topic);
      if (ofTopic === undefined) {
        ofTopic = new Map();
        this.#partitions.set(topic, ofTopic);
      }
      ofTopic.set(partition, history);
      return history;
    });
    await Promise.all(
      histories.map((history) => this.#follow(source, history).finally(() => source.forget(history.place))),
    );
  }

  async #follow(source: HistorySource, history: PartitionHistory): Promise<void> {
    const { place } = history;
    const { signal } = this.#closing;
    const archived = await this.resumeFrom(place, history.target!);
    if (signal.aborted) return;
    const { start, end } = await source.range(place);
    history.begin(this.#startOf(place, archived, start, end));
    while (history.next < history.target! && !signal.aborted) {
      if (!this.hasRoom) await this.#roomMade.promise;
      if (signal.aborted) return;
      const read = await this.#read(source, history);
      if (read === undefined) continue;
      const { records, next } = read;
      const added = history.add(records, 0, records.length, this.#options.clock.nowMs());
      history.next = Math.max(history.next, next);
      this.#added(history, added);
    }
    history.target = undefined;
  }

  /**
   * What comes next in the log; `undefined` when it has gone meanwhile, and history goes on behind the gap, or when the writer was
   * closed.
   */
  async #read(source: HistorySource, history: PartitionHistory): Promise<Fetched | undefined> {
    const { signal } = this.#closing;
    try {
      return await source.read(history.place, history.next, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof EngineError && error.code === 'OFFSET_OUT_OF_RANGE')) throw error;
      const { start, end } = await source.range(history.place);
      if (start <= history.next) throw error;
      // The growing file covers what is there; the next must not cover the gap.
      this.#endFile(history);
      history.begin(this.#startOf(history.place, history.next, start, end));
      return undefined;
    }
  }

  /** Where a partition's history goes on; a gap is said. */
  #startOf(place: TopicPartition, archived: number | undefined, start: number, end: number): number {
    const { logger, metrics } = this.#options;
    if (archived === undefined) return start;
    if (archived > end)
      throw new EngineError(
        'OFFSET_OUT_OF_RANGE',
        `the history of topic "${place.topic}" partition ${place.partition} reaches to offset ${archived}, the log only to ${end}: the files are those of another log; name another place for them`,
        { context: { ...place, offset: archived } },
      );
    if (archived >= start) return archived;
    metrics.counter('freshet.history.missing', { 'messaging.destination.name': place.topic }).add(start - archived);
    logger.error('history has a gap: the log no longer had what was not archived', {
      topic: place.topic,
      partition: place.partition,
      from: archived,
      to: start,
    });
    return start;
  }

  /**
   * Takes records that the task has committed: of each partition in offset order, without leaving any out. Values are copied.
   * Returns at once, also when there is no room; see `hasRoom`.
   */
  committed(records: readonly LogRecord[]): void {
    if (this.#closing.signal.aborted) return;
    const nowMs = this.#options.clock.nowMs();
    for (let start = 0; start < records.length; ) {
      const { topic, partition } = records[start]!;
      let end = start + 1;
      while (end < records.length && records[end]!.partition === partition && records[end]!.topic === topic) end += 1;
      const history = this.#partitions.get(topic)?.get(partition);
      if (history === undefined) throw new TypeError(`catchUp has not been told of partition ${partition} of ${topic}`);
      this.#added(history, history.committed(records, start, end, nowMs));
      start = end;
    }
  }

  /** Ends and stores all files. Resolves with whether everything is stored: false when the writer was closed before. */
  async flush(): Promise<boolean> {
    for (const history of this.#all()) this.#endFile(history);
    const done = await Promise.all([...this.#all()].map((history) => history.stored));
    return done.every((isStored) => isStored);
  }

  /** Gives up what is not stored: the next owner reads it from the log. Idempotent. */
  close(): void {
    clearInterval(this.#agePass);
    this.#endGauge();
    this.#closing.abort();
    for (const history of this.#all()) history.takeFile();
    this.#roomMade.resolve();
  }

  *#all(): Iterable<PartitionHistory> {
    for (const ofTopic of this.#partitions.values()) yield* ofTopic.values();
  }

  #added(history: PartitionHistory, count: number): void {
    if (count === 0) return;
    this.#options.metrics
      .counter('freshet.history.records', { 'messaging.destination.name': history.place.topic })
      .add(count);
    if (history.file !== undefined && history.file.bytes >= this.#fileMaxBytes) this.#endFile(history);
    // Or growing files alone could fill the memory, with nothing under way that makes room.
    if (this.waitingBytes >= this.#waitingMaxBytes / 2) this.#endLargestFile();
  }

  #endOldFiles(): void {
    const sinceMs = this.#options.clock.nowMs() - this.#fileMaxAgeMs;
    for (const history of this.#all()) if (history.fileSinceMs <= sinceMs) this.#endFile(history);
  }

  #endLargestFile(): void {
    let largest: PartitionHistory | undefined;
    for (const history of this.#all()) {
      if (history.file !== undefined && history.file.bytes > (largest?.file?.bytes ?? 0)) largest = history;
    }
    if (largest !== undefined) this.#endFile(largest);
  }

  #endFile(history: PartitionHistory): void {
    const file = history.takeFile();
    if (file === undefined) return;
    this.#uploading.add(file);
    // In order: a file that is there says that those before it are.
    history.stored = history.stored.then((isStored) => isStored && this.#store(file));
  }

  async #store(file: FileBuilder): Promise<boolean> {
    const { store, schemaOf } = this.#options;
    const { name, bytes } = await file.finish(schemaOf);
    const done = await untilDone(
      () => store.put(name, bytes),
      (error) => this.#failed(error),
      this.#closing.signal,
    );
    this.#uploading.delete(file);
    this.#roomMade.resolve();
    this.#roomMade = Promise.withResolvers<void>();
    if (done === undefined) return false;
    this.#worked();
    this.#files.add(1);
    this.#bytes.add(bytes.length);
    return true;
  }

  #failed(error: unknown): void {
    this.#failures.add(1);
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { logger, taskId } = this.#options;
    logger.error('history cannot be stored, it waits', {
      taskId,
      error: String(error),
      waitingBytes: this.waitingBytes,
    });
  }

  #worked(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#options.logger.info('history is stored again', { taskId: this.#options.taskId });
  }
}
