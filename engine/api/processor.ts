import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { StreamRecord } from './record.ts';
import type { ReadOnlyStore, StateStore } from './store.ts';

/** Which clock drives a punctuator: event time seen by the task, or the engine's clock (in a replay both are event time). */
export type PunctuationType = 'STREAM_TIME' | 'WALL_CLOCK_TIME';

/** Stops a scheduled punctuator. */
export interface Cancellable {
  cancel(): void;
}

/** A record that a processor sends on. */
export interface Forwarded<V> {
  readonly key: string | undefined;
  readonly value: V | null;
  /** Event time, epoch ms. */
  readonly timestampMs: number;
  readonly headers?: StreamRecord['headers'];
  /** For a topic: where the record goes, 0 to `partitions - 1`. Left out, it is murmur2 of the key. */
  readonly partition?: number;
}

/** A record of the next batch: its key, and the topics among which it is looked for. */
export interface Postponement {
  readonly topics: readonly string[];
  readonly key: string;
}

/** What a processor may do. Valid from `init` to `close`, and only inside the processor's own callbacks. */
export interface ProcessorContext {
  readonly nodeName: string;
  /** The task's number, which is the partition that it reads of every partitioned topic. */
  readonly taskId: number;
  /** Number of partitions of every partitioned topic, which is the number of tasks. */
  readonly partitions: number;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Highest event time that the task has seen, epoch ms; -Infinity before its first record. Never goes back. */
  readonly streamTimeMs: number;
  /** Number of the commit that will hold the changes made now: one more than the task's last commit. */
  readonly commitNumber: number;
  /**
   * The span under which the batch is processed, as W3C Trace Context writes it: for what readers of a published value may link to.
   * `undefined` where no record of the batch is traced, and in `republish`.
   */
  readonly traceparent?: string | undefined;
  /**
   * How far the task is behind its input, a sign to do less for each record: 0 where the batch took all that waited, else for how many
   * batches of the usual size it stands, 1 at least; 1 also where the batch before took long. 0 in a replay and in `republish`.
   */
  readonly behind: number;
  /** @throws {EngineError} `STORE_UNKNOWN` when the topology does not connect the store to this node. */
  store<S extends StateStore>(name: string): S;
  /** @throws {EngineError} `STORE_UNKNOWN` */
  globalStore<V>(name: string): ReadOnlyStore<V>;
  /** Sends a record to all children, or to the child named `to`. */
  forward<V>(record: Forwarded<V>, to?: string): void;
  /**
   * Asks whether the entries of these keys of the versioned sink `to` can be made later, since a record that makes them anew is `awaited`.
   * `true` in a backlog, where the next batch has such a record, none of the keys has waited for 5 s and none was forwarded in this batch.
   * What the batch with that record does not forward is asked of `republish` at its end, or by whoever owns the task next.
   * @throws {RangeError} for a sink that is not below this node; {TypeError} where the processor has no `republish`.
   */
  postpone(keys: readonly string[], awaited: Postponement, to: string): boolean;
  /** Sends a source record to the dead-letter topic with a code and a text, and counts it. */
  refuse(record: StreamRecord, code: string, text: string): void;
  /**
   * Calls `punctuate` at most once per commit when `intervalMs` have passed on the clock of `type`. Missed intervals are not
   * made up for. To be called in `init`; timers survive restarts.
   */
  schedule(name: string, intervalMs: number, type: PunctuationType, punctuate: (nowMs: number) => void): Cancellable;
}

/**
 * A step of a topology. One instance per task, called by one task at a time.
 *
 * It gets whole batches: everything that the micro-batch holds for it, in event-time order. Whatever it computes once per
 * batch and key (a list, a combined delta) it sends at the end of `process`.
 *
 * A throw of {@link RefusedRecordError} or anything else undoes the batch; the runtime finds the record that causes it,
 * sends that one to the dead-letter topic and goes on with the others.
 */
export interface Processor<V = unknown> {
  init?(context: ProcessorContext): void;
  process(records: readonly StreamRecord<V>[]): void | Promise<void>;
  /**
   * Forwards anew the values of these keys of a versioned sink, from state alone. Called when a task starts, for keys
   * whose publication is not known to have been finished, with all of them at once: some may be made of what others name. Must give
   * the same bytes as the first time. Called at the end of a batch, too, for keys that were postponed. A throw stops the task: there is
   * no record to blame.
   */
  republish?(sink: string, keys: readonly string[]): void | Promise<void>;
  /**
   * Keys of everything that this node has published to a versioned sink and that its stores still hold, so that all of it can be
   * handed to `republish` when the sink has lost its data. A key may stand for others that are always published with it. Lazy, in
   * pages: commits may lie between two steps, and a key that is held throughout is not missed; one that came or went in between may be.
   */
  publishedKeys?(sink: string): Iterable<string>;
  close?(): void;
}

/** Makes the instance of a task. */
export type ProcessorSupplier<V = unknown> = () => Processor<V>;
