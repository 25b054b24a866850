// The engine as a member of a group: instances share a log, the group gives each some of the tasks, and each task commits on its
// own. What an instance is not told to run it does not touch, and what it loses it lets go after the commit under way.

import { setTimeout as delay } from 'node:timers/promises';
import {
  type AssignTasks,
  type Clock,
  type Database,
  type GroupAssignment,
  type Logger,
  type LogReader,
  type MemberState,
  type Membership,
  type MetricAttributes,
  type Metrics,
  type ProducerRecord,
  type SharedLog,
  silentLogger,
  silentMetrics,
  type TaskDatabases,
  type TaskHistory,
  type TopicPartition,
  type Tracer,
  type VersionedSink,
} from '../api/index.ts';
import { type Topology, topicsOf } from '../graph/topology.ts';
import { ChangelogCopy } from './changelog.ts';
import type { CommitStep } from './commit-step.ts';
import type { InstanceEnvironment } from './instance-environment.ts';
import { lagBehind } from './log-positions.ts';
import { News } from './news.ts';
import { nodeSinksOf } from './node-sinks.ts';
import { POSITION_COLUMN_FAMILY } from './position.ts';
import { RecordMetrics } from './record-metrics.ts';
import { watchGenerations } from './sink-generations.ts';
import { readersOf } from './source-record.ts';
import { type EngineStatus, nextStatus } from './status.ts';
import { Tables } from './tables.ts';
import { watchTasks } from './task-gauges.ts';
import { TASK_STATUSES, TaskSlot, type TaskView } from './task-slot.ts';

export interface GroupEngineOptions {
  readonly topology: Topology;
  readonly log: SharedLog;
  /** Number of partitions of every partitioned topic. */
  readonly partitions: number;
  /** One per task. Each needs the column families of `taskColumnFamiliesOf(topology)`. */
  readonly databases: TaskDatabases;
  /** For the global stores. Needs the column families of `globalColumnFamiliesOf(topology)`. */
  readonly globalDatabase: Database;
  /** The sinks that versioned-sink nodes name. */
  readonly sinks: { readonly [name: string]: VersionedSink };
  /** Keeps the shop's records for longer than the log does. @defaultValue nothing does */
  readonly historyOf?: (taskId: number) => TaskHistory;
  /** Divides the tasks; the same function on every instance. */
  readonly assign: AssignTasks;
  /** Kept with the state on disk. */
  readonly instanceId: string;
  readonly clock: Clock;
  /** Most records that a task takes in a commit. @defaultValue 1000 */
  readonly recordsPerBatch?: number;
  /** Shortest time from a task's commit to its next, ms. @defaultValue 50 */
  readonly commitIntervalMs?: number;
  /** Keys of a task that may wait to be published before the task pauses. @defaultValue 5000 */
  readonly maxWaitingLists?: number;
  /** Largest value that a node may send to a topic, bytes; more is refused. @defaultValue 900,000 */
  readonly maxRecordBytes?: number;
  /** How far event time may lie after the append time, ms. @defaultValue 5 minutes */
  readonly futureLimitMs?: number;
  readonly metrics?: Metrics;
  readonly logger?: Logger;
  /** @defaultValue a silent one */
  readonly tracer?: Tracer;
  /** Called after each step of each commit; a fault test ends the process here. */
  readonly onCommitStep?: (step: CommitStep, taskId: number) => void;
}

/** Column families of a task's database. */
export const taskColumnFamiliesOf = (topology: Topology): string[] => [
  ...topology.stores.map(({ supplier }) => supplier.name),
  POSITION_COLUMN_FAMILY,
];

/** Column families of an instance's database of global stores. */
export const globalColumnFamiliesOf = (topology: Topology): string[] => [
  ...topology.globalStores.map(({ supplier }) => supplier.name),
  POSITION_COLUMN_FAMILY,
];

/** How often the group is told how far the tasks are, ms. */
const OFFSETS_INTERVAL_MS = 100;
/** Longest wait for lists on their way when the engine stops, ms. */
const FLUSH_MS = 5_000;

export class GroupEngine {
  readonly #options: GroupEngineOptions;
  readonly #maxWaitingLists: number;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #news = new News();
  readonly #generations = new Map<string, string>();
  readonly #closing = new AbortController();
  readonly #slots = new Map<number, TaskSlot>();
  readonly #deadLetters: ProducerRecord[] = [];
  /** What the group has not been told yet: offsets by topic and task. */
  readonly #untold = new Map<number, ReadonlyMap<string, number>>();
  readonly #background: Promise<void>[] = [];
  readonly #failed = Promise.withResolvers<never>();
  readonly #endGauges: (() => void)[] = [];
  #status: EngineStatus = 'CREATED';
  #tables: Tables | undefined;
  #membership: Membership | undefined;
  #assignments = 0;
  /** As the log says; of a task that has read nothing yet the end is that of when it was taken over, or a backlog would be none. */
  readonly #ranges: Pick<LogReader, 'offsets'> = {
    offsets: ({ topic, partition }) => {
      const range = this.#options.log.offsets({ topic, partition });
      return { ...range, end: this.#slots.get(partition)?.owned?.endOf(topic) ?? range.end };
    },
  };

  constructor(options: GroupEngineOptions) {
    this.#options = options;
    this.#maxWaitingLists = options.maxWaitingLists ?? 5_000;
    this.#metrics = options.metrics ?? silentMetrics;
    this.#logger = options.logger ?? silentLogger;
    this.#failed.promise.catch(() => undefined);
  }

  get status(): EngineStatus {
    return this.#status;
  }

  /** Rejects with the error that ended the engine; never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Assignments heard so far. */
  get assignments(): number {
    return this.#assignments;
  }

  get tables(): Tables | undefined {
    return this.#tables;
  }

  /** Age of the last sign of life that the group's coordinator has acknowledged, ms; Infinity before the first. */
  get heartbeatAgeMs(): number {
    return this.#membership?.heartbeatAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** The tasks that the group has given to this instance, by number. */
  tasks(): TaskView[] {
    return [...this.#slots.values()].flatMap(({ view }) => view ?? []);
  }

  /** Records that the tasks of this instance have not processed, by topic. */
  lag(): Map<string, number> {
    const positions = [...this.#slots.values()].flatMap(({ taskId, owned }) =>
      [...(owned?.task?.queues.positions() ?? [])].map(([topic, offset]) => ({ topic, partition: taskId, offset })),
    );
    return lagBehind(this.#ranges, positions);
  }

  #become(status: EngineStatus): void {
    this.#status = nextStatus(this.#status, status);
    this.#logger.info('engine status', { status });
  }

  /** Checks the topics, reads the global stores up to their present ends, and joins the group. `signal` gives up. */
  async open(signal: AbortSignal): Promise<void> {
    const { topology, log, partitions, databases, globalDatabase, clock, assign } = this.#options;
    this.#become('OPENING');
    try {
      await log.open(topicsOf(topology, partitions));
      this.#watch(this.#news.watch(log, this.#closing.signal));
      this.#watch(this.#news.watch(log.tables, this.#closing.signal));
      this.#tables = new Tables({
        topology,
        log,
        database: globalDatabase,
        clock,
        futureLimitMs: this.#options.futureLimitMs,
        metrics: this.#metrics,
        logger: this.#logger,
        news: this.#news,
        deadLetters: this.#deadLetters,
        // What is read before the group has given anything to anybody here may be ours to send.
        ownsLetters: () => this.#assignments === 0 || this.#slots.get(0)?.role === 'active',
      });
      await this.#tables.open(AbortSignal.any([signal, this.#closing.signal]));
      signal.throwIfAborted();
      this.#watch(this.#tables.follow(this.#closing.signal));
      await this.#openSlots(databases);
      this.#addGauges();
      this.#membership = await log.join({
        assign,
        state: () => this.#state(),
        assigned: (assignment) => this.#assigned(assignment),
        failed: (error) => this.#fail(error),
      });
      this.#watch(this.#tellOffsets(this.#closing.signal));
    } catch (error) {
      if (this.#status !== 'FAILED') this.#become('FAILED');
      throw error;
    }
    this.#become('READY');
    this.#become('RUNNING');
  }

  /** One slot per task, with what its disk has of it. */
  async #openSlots(databases: TaskDatabases): Promise<void> {
    const environment = this.#environment();
    this.#watch(watchGenerations(environment.sinks, this.#generations, this.#closing.signal));
    const offsets = new Map<number, number>();
    for (const taskId of await databases.stored()) {
      const database = await databases.open(taskId).catch((error: Error) => {
        this.#logger.warn('the state of a task cannot be read', { taskId, error: error.message });
        return undefined;
      });
      if (database === undefined) continue;
      offsets.set(taskId, new ChangelogCopy(database, taskId, environment.columnFamilies).mark?.next ?? 0);
      await database.close();
    }
    for (let taskId = 0; taskId < this.#options.partitions; taskId++) {
      this.#slots.set(taskId, new TaskSlot(environment, databases, taskId, offsets.get(taskId) ?? 0));
    }
  }

  #environment(): InstanceEnvironment {
    const { topology, log, partitions, sinks, clock } = this.#options;
    const readers = readersOf(topology, this.#options.futureLimitMs);
    return {
      topology,
      log,
      partitions,
      columnFamilies: taskColumnFamiliesOf(topology),
      readers,
      sinks: nodeSinksOf(topology, sinks),
      globalStores: this.#tables!.stores(),
      clock,
      recordsPerBatch: this.#options.recordsPerBatch ?? 1_000,
      commitIntervalMs: this.#options.commitIntervalMs ?? 50,
      maxWaitingLists: this.#maxWaitingLists,
      maxRecordBytes: this.#options.maxRecordBytes ?? 900_000,
      metrics: this.#metrics,
      recordMetrics: new RecordMetrics(this.#metrics, readers),
      logger: this.#logger,
      tracer: this.#options.tracer,
      historyOf: this.#options.historyOf,
      generations: this.#generations,
      news: this.#news,
      heartbeatAgeMs: () => this.heartbeatAgeMs,
      deadLetters: this.#deadLetters,
      reached: (step, taskId) => this.#options.onCommitStep?.(step, taskId),
      published: (taskId, offsets) => this.#untold.set(taskId, offsets),
    };
  }

  #state(): MemberState {
    const offsets: { [taskId: number]: number } = {};
    const active: number[] = [];
    for (const { taskId, offset, role } of this.#slots.values()) {
      if (offset > 0) offsets[taskId] = offset;
      if (role === 'active') active.push(taskId);
    }
    return { instanceId: this.#options.instanceId, active, offsets };
  }

  #addGauges(): void {
    const { topology, partitions, clock } = this.#options;
    const metrics = this.#metrics;
    const slots = this.#slots;
    const add = (name: string, read: () => number, attributes?: MetricAttributes) =>
      this.#endGauges.push(metrics.gauge(name, read, attributes));
    this.#endGauges.push(
      watchTasks({
        metrics,
        topology,
        partitions,
        log: this.#ranges,
        clock,
        taskOf: (taskId) => slots.get(taskId)?.owned?.task,
      }),
    );
    for (const status of TASK_STATUSES)
      add('freshet.tasks', () => this.tasks().filter((task) => task.status === status).length, {
        'freshet.task.status': status.toLowerCase(),
      });
    for (const [taskId, slot] of slots) {
      add('freshet.restore.remaining', () => slot.view?.restoreLag ?? Number.NaN, { 'freshet.task': taskId });
      add('freshet.lists.waiting', () => slot.owned?.waitingLists ?? Number.NaN, { 'freshet.task': taskId });
    }
    add('freshet.lists.waiting.limit', () => this.#maxWaitingLists);
    add('freshet.table.lag', () => this.#tables?.lag() ?? Number.NaN);
    add('freshet.group.heartbeat.age', () => {
      const ageMs = this.heartbeatAgeMs;
      return Number.isFinite(ageMs) ? ageMs / 1000 : Number.NaN;
    });
  }

  #assigned({ active, standby }: GroupAssignment): void {
    if (this.#closing.signal.aborted) return;
    this.#assignments += 1;
    this.#metrics.counter('freshet.group.assignments').add(1);
    this.#logger.info('tasks assigned', { active: active.join(' '), standby: standby.join(' ') });
    // The positions of a task that is not ours are another's to tell.
    for (const taskId of this.#untold.keys()) if (!active.includes(taskId)) this.#untold.delete(taskId);
    // So are the letters of the global stores, which go with task 0.
    if (!active.includes(0)) this.#deadLetters.length = 0;
    for (const slot of this.#slots.values())
      slot.want(active.includes(slot.taskId) ? 'active' : standby.includes(slot.taskId) ? 'standby' : undefined);
  }

  async #tellOffsets(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(OFFSETS_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      await this.#tellNewOffsets();
    }
  }

  async #tellNewOffsets(): Promise<void> {
    if (this.#untold.size === 0) return;
    const positions: (TopicPartition & { offset: number })[] = [];
    const tasks = [...this.#untold.keys()];
    for (const [taskId, offsets] of this.#untold)
      for (const [topic, offset] of offsets) positions.push({ topic, partition: taskId, offset });
    this.#untold.clear();
    await this.#membership?.commitOffsets(positions);
    for (const taskId of tasks) this.#options.onCommitStep?.('released', taskId);
  }

  #watch(work: Promise<void>): void {
    this.#background.push(work.catch((error: unknown) => this.#fail(error)));
  }

  #fail(error: unknown): void {
    if (this.#status === 'FAILED' || this.#closing.signal.aborted) return;
    this.#logger.error('the engine has failed', { error: String(error) });
    this.#become('FAILED');
    this.#end(0);
    this.#failed.reject(error);
  }

  /** Has everything end that runs; lists on their way have `flushMs`. */
  #end(flushMs: number): void {
    this.#closing.abort();
    for (const slot of this.#slots.values()) slot.want(undefined, flushMs);
  }

  /**
   * Lets every task finish the commit under way, publishes what waits for at most 5 s, tells the group how far it is and leaves it,
   * so that others take over at once. The log and the databases of the global stores belong to the caller. Safe in any status, and
   * more than once.
   */
  async close(): Promise<void> {
    if (this.#status === 'CLOSED' || this.#status === 'STOPPING') return;
    if (this.#status !== 'CREATED') this.#become('STOPPING');
    this.#end(FLUSH_MS);
    for (const end of this.#endGauges) end();
    await Promise.all([...this.#slots.values()].map((slot) => slot.ended()));
    await this.#tellNewOffsets();
    await this.#membership?.leave();
    await Promise.all(this.#background);
    this.#become('CLOSED');
  }
}
