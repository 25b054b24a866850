// One task: partition p of every partitioned topic, its stores, its timers and its position. It works in batches; a batch
// is undone whole when anything in it throws, and run again by halves until the record that causes it stands alone.

import { randomUUID } from 'node:crypto';
import {
  type Clock,
  type Database,
  EngineError,
  isRefusable,
  type Logger,
  type Metrics,
  type ReadOnlyStore,
  type SinkEntry,
  type StateStore,
  silentTracer,
  TRACEPARENT,
  type Tracer,
  traceIdOf,
  type WriteBatch,
} from '../api/index.ts';
import { type SubTopologies, subTopologiesOf } from '../graph/sub-topologies.ts';
import type { Topology } from '../graph/topology.ts';
import { BatchMetrics } from './batch-metrics.ts';
import { BatchSize } from './batch-size.ts';
import { type BatchTrace, traceBatch } from './batch-trace.ts';
import { deadLetterAttributes } from './dead-letters.ts';
import { NodeGraph } from './node-graph.ts';
import { changedKeys, type Outputs, versioned } from './outputs.ts';
import {
  type ChangedKeys,
  decodePosition,
  EMPTY_POSITION,
  encodePosition,
  POSITION_COLUMN_FAMILY,
  positionKeyOf,
  type TaskPosition,
} from './position.ts';
import { Postponed } from './postponed.ts';
import type { MeasuredBatch } from './record-metrics.ts';
import { RecordQueues } from './record-queues.ts';
import { refusalOf, type SourceReader, type SourceRecord } from './source-record.ts';
import { Timers } from './timers.ts';
import { batchIntervalsOf, Turns } from './turns.ts';

export interface TaskOptions {
  readonly taskId: number;
  readonly partitions: number;
  readonly topology: Topology;
  readonly readers: ReadonlyMap<string, SourceReader>;
  readonly database: Database;
  readonly globalStores: ReadonlyMap<string, ReadOnlyStore<unknown>>;
  /** The engine's clock; in a replay the task uses its stream time instead. */
  readonly clock: Clock;
  readonly isReplay: boolean;
  readonly recordsPerBatch: number;
  /** Largest value that a node may send to a topic, bytes. */
  readonly maxRecordBytes: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** @defaultValue a silent one */
  readonly tracer?: Tracer | undefined;
}

/** Of a commit without records, which nobody measures. */
const NO_TIMES = { readMs: 0, processedMs: 0, processSeconds: 0 };

/** Takes a changed key: its column family, its bytes, its new value (`null` deletes). */
export type WriteChange = (columnFamily: string, key: Uint8Array, value: Uint8Array | null) => void;

/** Writes changes to a database's batch. */
export function writerTo(batch: WriteBatch): WriteChange {
  return (columnFamily, key, value) => {
    if (value === null) batch.delete(columnFamily, key);
    else batch.put(columnFamily, key, value);
  };
}

export class Task {
  readonly taskId: number;
  readonly #options: TaskOptions;
  readonly #stores: readonly StateStore[];
  readonly #timers = new Timers();
  readonly #metrics: BatchMetrics;
  readonly #graph: NodeGraph;
  readonly queues: RecordQueues;
  readonly #postponed: Postponed;
  readonly #clock: Clock;
  #position: TaskPosition = EMPTY_POSITION;
  #generations: TaskPosition['generations'] = {};
  #streamTimeMs = Number.NEGATIVE_INFINITY;
  #outputs: Outputs | undefined;
  /** As a processor sees it. */
  #behind = 0;
  readonly #size: BatchSize;
  /** Records of the batch that waits for its commit. */
  #batch: readonly SourceRecord[] = [];
  #batchTimes = NO_TIMES;
  readonly #tracer: Tracer;
  readonly #subTopologies: SubTopologies;
  /** From the start of a batch until its commit. */
  #trace: BatchTrace | undefined;
  #committedTrace: BatchTrace | undefined;
  readonly #positionKey: Uint8Array;

  constructor(options: TaskOptions) {
    const { taskId, topology, database } = options;
    this.taskId = taskId;
    this.#options = options;
    this.#tracer = options.tracer ?? silentTracer;
    this.#subTopologies = subTopologiesOf(topology);
    this.#metrics = new BatchMetrics(options.metrics);
    this.#positionKey = positionKeyOf(taskId);
    this.#clock = options.isReplay ? { nowMs: () => this.#streamTimeMs } : options.clock;
    const prefix = Buffer.from([taskId >> 8, taskId & 0xff]);
    const stores = topology.stores.map(({ supplier }) =>
      supplier.create({ database, columnFamily: supplier.name, prefix }),
    );
    this.#stores = stores;
    this.#size = new BatchSize(options.recordsPerBatch);
    const turns = new Turns(taskId, options.partitions, batchIntervalsOf(topology));
    this.queues = new RecordQueues(taskId, options.readers, this.#size, turns);
    this.#postponed = new Postponed(options.clock, (awaited) => this.queues.isAhead(awaited));
    const stored = database.get(POSITION_COLUMN_FAMILY, this.#positionKey);
    if (stored !== undefined) this.#position = decodePosition(stored);
    this.#generations = this.#position.generations;
    this.#streamTimeMs = this.#position.streamTimeMs ?? Number.NEGATIVE_INFINITY;
    this.queues.seek(new Map(Object.entries(this.#position.offsets)));
    this.#graph = new NodeGraph(topology, {
      taskId,
      partitions: options.partitions,
      clock: this.#clock,
      metrics: this.#metrics,
      logger: options.logger,
      timers: this.#timers,
      stores: new Map(stores.map((store) => [store.name, store])),
      globalStores: options.globalStores,
      streamTimeMs: () => this.#streamTimeMs,
      commitNumber: () => this.#position.commitNumber + 1,
      behind: () => this.#behind,
      postpone: (node, keys, awaited) => this.#behind > 0 && this.#postponed.postpone(node, keys, awaited),
      trace: () => this.#trace,
      maxRecordBytes: options.maxRecordBytes,
      refused: (record, { code }) =>
        this.#metrics.counter('freshet.dead_letters', deadLetterAttributes(record.topic, code)).add(1),
    });
    this.#timers.restore(this.#position.timers);
    this.#timers.arm(this.#clock.nowMs());
  }

  get position(): TaskPosition {
    return this.#position;
  }

  /** Epoch ms; -Infinity before the first record. */
  get streamTimeMs(): number {
    return this.#streamTimeMs;
  }

  get stores(): readonly StateStore[] {
    return this.#stores;
  }

  /** Entries that the last commit made and that may not have been published. */
  async due(): Promise<Map<string, SinkEntry[]>> {
    return versioned(await this.#republished(this.#position.changed), this.#position.commitNumber);
  }

  /**
   * Prepares a commit that changes nothing but the position, under a number above those of the task's former owner. The first of all begins a
   * lineage, with the time as its number: above those of any earlier lineage, which made less than a commit a millisecond.
   */
  async takeOver(nowMs: number): Promise<void> {
    if (this.#position.commitNumber === 0)
      this.#position = { ...this.#position, commitNumber: Math.floor(nowMs), lineage: randomUUID() };
    this.#outputs = { records: [], published: await this.#republished(this.#position.changed) };
  }

  /** Everything has been published to this versioned-sink node in this generation of its sink: the next commit keeps it. */
  setGeneration(node: string, generation: string): void {
    this.#generations = { ...this.#generations, [node]: generation };
  }

  /** The generation in which everything has been published to this versioned-sink node. */
  generationOf(node: string): string | undefined {
    return this.#generations[node];
  }

  /** Keys of all that has been published to a versioned-sink node. Lazy; commits may lie between two steps. */
  publishedKeys(node: string): Iterable<string> {
    return this.#graph.publishedKeys(node);
  }

  /** What the committed state holds of these keys. To be called between commits. */
  async entriesOf(node: string, keys: readonly string[]): Promise<Map<string, SinkEntry[]>> {
    return versioned(await this.#republished({ [node]: keys }), this.#position.commitNumber);
  }

  async #republished(keys: ChangedKeys): Promise<Outputs['published']> {
    const published = await this.#graph.republish(keys);
    for (const store of this.#stores) store.rollback();
    this.#metrics.settle(false);
    return published;
  }

  /**
   * Processes the next batch into the overlay. Returns whether there is anything to commit. With a time, topics that are taken in
   * intervals have their turn by it; without one, everything is taken.
   * @throws {EngineError} `PUNCTUATOR_FAILED`, which no record can be blamed for.
   */
  async process(turnMs?: number): Promise<boolean> {
    for (let limit = this.#size.most; ; ) {
      const records = this.queues.select(limit, turnMs);
      this.#behind = this.#options.isReplay ? 0 : this.#size.behindBy(records.length);
      if (records.length === 0 && !this.#isTimerDue()) return false;
      const readMs = this.#options.clock.nowMs();
      const startedMs = performance.now();
      // That of an attempt which failed.
      this.#trace?.end();
      this.#trace = traceBatch(this.#tracer, this.taskId, records, this.#subTopologies);
      try {
        for (const { refusal, timestampMs } of records)
          if (refusal === undefined && timestampMs > this.#streamTimeMs) this.#streamTimeMs = timestampMs;
        await this.#graph.run(records);
      } catch (error) {
        this.#trace?.failed(error);
        this.#undo();
        // Where no record is to blame (a disk that fails, state that cannot be read) none may be consumed.
        if (!isRefusable(error)) throw error;
        if (records.length > 1) {
          limit = Math.ceil(records.length / 2);
          continue;
        }
        this.#graph.refuse(records[0]!, refusalOf(error, 'processor-failed'));
        this.#options.logger.warn('record refused', {
          taskId: this.taskId,
          topic: records[0]!.topic,
          offset: records[0]!.offset,
          code: refusalOf(error, 'processor-failed').code,
          traceId: traceIdOf(records[0]!.headers?.[TRACEPARENT]),
        });
      }
      this.#size.took(performance.now() - startedMs);
      if (turnMs !== undefined) this.#size.adapt(records.length, this.queues.mostLeft);
      await this.#punctuate();
      const processSeconds = (performance.now() - startedMs) / 1000;
      this.#batchTimes = { readMs, processedMs: this.#options.clock.nowMs(), processSeconds };
      return await this.#take(records);
    }
  }

  /** Entries of which commits wait, and of which commits the last one has made entries that waited. */
  get postponed(): Pick<Postponed, 'waitingSince' | 'madeSince'> {
    return this.#postponed;
  }

  /** Moves stream time on, as the wall clock does for idle input or the end of a replay, and fires what is due. */
  async advance(streamTimeMs: number): Promise<boolean> {
    if (streamTimeMs <= this.#streamTimeMs) return false;
    this.#streamTimeMs = streamTimeMs;
    await this.#punctuate();
    return await this.#take([]);
  }

  /** Whether it is done with all that there is, up to the offset `endOf` each topic: what was read ahead may not be all. */
  isDone(endOf: (topic: string) => number): boolean {
    return this.queues.isEmpty && !this.queues.isShort(endOf);
  }

  /** Whether `advance` to this time would fire a timer. */
  isDueAt(streamTimeMs: number): boolean {
    return (
      this.#streamTimeMs !== Number.NEGATIVE_INFINITY && this.#timers.isDue(streamTimeMs, Number.NEGATIVE_INFINITY)
    );
  }

  get longestStreamIntervalMs(): number {
    return this.#timers.longestStreamIntervalMs;
  }

  #isTimerDue(): boolean {
    return this.#timers.isDue(this.#streamTimeMs, this.#clock.nowMs());
  }

  async #punctuate(): Promise<void> {
    try {
      await this.#graph.punctuate(this.#streamTimeMs, this.#clock.nowMs());
    } catch (error) {
      this.#trace?.failed(error);
      this.#undo();
      throw new EngineError('PUNCTUATOR_FAILED', `a punctuator of task ${this.taskId} failed: ${String(error)}`, {
        context: { taskId: this.taskId },
        cause: error,
      });
    }
  }

  /** Returns whether there is anything to commit: a timer that fired and changed nothing is none. */
  async #take(records: readonly SourceRecord[]): Promise<boolean> {
    this.#behind = 0;
    const due = this.#postponed.settle(this.#graph.published, this.#position.commitNumber + 1);
    if (Object.keys(due).length > 0) await this.#graph.remake(due);
    const outputs = this.#graph.takeOutputs();
    const isEmpty = outputs.records.length === 0 && outputs.published.size === 0;
    if (records.length === 0 && isEmpty && !this.#stores.some((store) => store.hasChanges)) return false;
    this.#batch = records;
    this.#outputs = outputs;
    return true;
  }

  #undo(): void {
    this.#graph.reset();
    this.#postponed.reset();
    for (const store of this.#stores) store.rollback();
    this.#metrics.settle(false);
    this.#timers.restore(this.#position.timers);
    this.#timers.arm(this.#clock.nowMs());
    this.#streamTimeMs = this.#position.streamTimeMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Records that this commit appends to the log. */
  get outputs(): Outputs['records'] {
    return this.#outputs?.records ?? [];
  }

  /** The records that the waiting batch consumed. */
  get batch(): readonly SourceRecord[] {
    return this.#batch;
  }

  /** The waiting batch as it is measured. */
  get measured(): MeasuredBatch {
    return { records: this.#batch, sent: this.outputs, ...this.#batchTimes };
  }

  /** Of the waiting batch, where it is traced. */
  get trace(): BatchTrace | undefined {
    return this.#trace;
  }

  /** Of the batch that was committed last, where it is traced. */
  get committedTrace(): BatchTrace | undefined {
    return this.#committedTrace;
  }

  /**
   * Hands over the changes of the batch and the new position. `unpublished` are keys of earlier commits that still wait to be
   * published, by versioned-sink node.
   */
  stage(write: WriteChange, unpublished: ChangedKeys = {}): void {
    const trace = this.#trace;
    if (trace === undefined) {
      this.#stage(write, unpublished);
      return;
    }
    trace.startCommit(this.#position.commitNumber + 1, this.#outputs?.records ?? []);
    trace.staged(write, (counted) => this.#stage(counted, unpublished));
  }

  #stage(write: WriteChange, unpublished: ChangedKeys): void {
    for (const [index, store] of this.#stores.entries()) {
      const columnFamily = this.#options.topology.stores[index]!.supplier.name;
      store.flush((key, value) => write(columnFamily, key, value));
    }
    this.queues.consume();
    this.#position = {
      commitNumber: this.#position.commitNumber + 1,
      lineage: this.#position.lineage,
      offsets: Object.fromEntries(this.queues.positions()),
      streamTimeMs: this.#streamTimeMs === Number.NEGATIVE_INFINITY ? undefined : this.#streamTimeMs,
      timers: this.#timers.save(),
      changed: changedKeys(this.#outputs?.published, unpublished, this.#postponed.staged),
      generations: this.#generations,
    };
    write(POSITION_COLUMN_FAMILY, this.#positionKey, encodePosition(this.#position));
  }

  /** Hands over that what the last commit changed has been published; a task without a batch does so in others' commits. */
  stagePublished(write: WriteChange): void {
    if (Object.keys(this.#position.changed).length === 0) return;
    this.#position = { ...this.#position, changed: this.#postponed.waiting };
    write(POSITION_COLUMN_FAMILY, this.#positionKey, encodePosition(this.#position));
  }

  /** What was staged is in the database. Returns what is to be published now. */
  committed(): Map<string, SinkEntry[]> {
    for (const store of this.#stores) store.committed();
    this.#postponed.committed();
    this.#metrics.settle(true);
    this.#trace?.end();
    this.#committedTrace = this.#trace;
    this.#trace = undefined;
    const entries = versioned(this.#outputs?.published ?? new Map(), this.#position.commitNumber);
    this.#outputs = undefined;
    this.#batch = [];
    return entries;
  }

  close(): void {
    this.#trace?.end();
    this.#graph.close();
    this.#metrics.close();
  }
}
