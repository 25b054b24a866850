// The engine: rounds over all tasks of an instance. A round applies what is new for the global stores, takes one batch of
// every task in the order of their numbers, and commits all of it together.
//
// The commit, and what a crash right after each step costs:
//
//   1 processed         The batches are in the overlays. A crash: nothing has happened; the same batches run again.
//   2 log committed     Outputs are durable, or (a log that shares the database) wait in the same batch as the state. A crash:
//                       the shared case as 1; otherwise the log is ahead of the database and the state is restored from it.
//   3 database written  State, position and outputs are there. A crash: the lists of this commit have not been published; their
//                       keys are in the position, and they are published when the task starts.
//   4 published         Readers see the lists. A crash: they are published once more, with the same bytes and version.
//   5 released          The log may drop what nobody needs. A crash: it is told again after the next commit.
//
// While a commit's lists are published the next round is processed, but not committed: at most one commit is unpublished.
//
// What a round takes depends on the log and the stored positions alone, never on time, so a run that was killed and started
// again commits the same rounds as an undisturbed one.

import { setTimeout as delay } from 'node:timers/promises';
import {
  type Clock,
  type Database,
  type EventLog,
  type Logger,
  type Metrics,
  silentLogger,
  silentMetrics,
  type Tracer,
  type VersionedSink,
} from '../api/index.ts';
import { type Topology, topicsOf } from '../graph/topology.ts';
import type { CommitStep } from './commit-step.ts';
import { GlobalState } from './global-state.ts';
import { lagBehind, lowestPositions, type Position, totalLag } from './log-positions.ts';
import { nodeSinksOf } from './node-sinks.ts';
import { POSITION_COLUMN_FAMILY } from './position.ts';
import { RecordMetrics } from './record-metrics.ts';
import { RoundMetrics } from './round-metrics.ts';
import { RoundPublisher } from './round-publisher.ts';
import { DEFAULT_FUTURE_LIMIT_MS, readersOf, type SourceReader } from './source-record.ts';
import { type EngineStatus, nextStatus } from './status.ts';
import { Task, writerTo } from './task.ts';
import { watchTasks } from './task-gauges.ts';

export interface StreamEngineOptions {
  readonly topology: Topology;
  readonly log: EventLog;
  /** Needs the column families of `columnFamiliesOf(topology)`. */
  readonly database: Database;
  /** The sinks that versioned-sink nodes name. */
  readonly sinks: { readonly [name: string]: VersionedSink };
  /** Number of partitions of every partitioned topic. */
  readonly partitions: number;
  readonly clock: Clock;
  /**
   * `live`: punctuators follow the clock, which also moves the stream time of idle tasks on. `replay`: every clock that a
   * processor sees is event time, so that the outcome depends on the input alone.
   */
  readonly mode: 'live' | 'replay';
  /** Most records that a task takes in a round. @defaultValue 1000 */
  readonly recordsPerBatch?: number;
  /** How far event time may lie after the append time, ms. @defaultValue 5 minutes */
  readonly futureLimitMs?: number;
  /** Largest value that a node may send to a topic, bytes; more is refused. @defaultValue 1 MiB, as the log's */
  readonly maxRecordBytes?: number;
  readonly metrics?: Metrics;
  readonly logger?: Logger;
  /** @defaultValue a silent one */
  readonly tracer?: Tracer;
  /** Called after each step of each commit; a fault test ends the process here. */
  readonly onCommitStep?: (step: CommitStep) => void;
}

/** Column families that a database needs for this topology: one for each store, and the positions. */
export function columnFamiliesOf(topology: Topology): string[] {
  const suppliers = [...topology.stores, ...topology.globalStores].map(({ supplier }) => supplier.name);
  return [...suppliers, POSITION_COLUMN_FAMILY];
}

/**
 * Shortest time from the start of a live round to that of the next, ms. A round costs about as much for one record as for ten, so
 * rounds back to back would keep a core busy with next to nothing; 30 ms add 15 ms to an event's latency in the mean.
 */
const LIVE_ROUND_MS = 30;

/** Longest sleep of an idle engine: bounds how late a punctuator can be. */
const IDLE_MS = 50;

export class StreamEngine {
  readonly #options: StreamEngineOptions;
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #readers: ReadonlyMap<string, SourceReader>;
  readonly #recordMetrics: RecordMetrics;
  readonly #roundMetrics: RoundMetrics;
  /** Steps 4 and 5 of the last commit. */
  readonly #publisher: RoundPublisher;
  #status: EngineStatus = 'CREATED';
  #tasks: readonly Task[] = [];
  #globals: GlobalState | undefined;
  #endGauges: (() => void)[] = [];
  /** Topics that are written, but not read by this engine. */
  readonly #unread: readonly string[];

  constructor(options: StreamEngineOptions) {
    this.#options = options;
    this.#metrics = options.metrics ?? silentMetrics;
    this.#logger = options.logger ?? silentLogger;
    this.#roundMetrics = new RoundMetrics(this.#metrics);
    this.#readers = readersOf(options.topology, options.futureLimitMs);
    this.#recordMetrics = new RecordMetrics(this.#metrics, this.#readers);
    const readTopics = new Set(options.topology.globalStores.map(({ topic }) => topic));
    for (const node of options.topology.nodes) if (node.kind === 'source') readTopics.add(node.topic);
    this.#unread = topicsOf(options.topology, options.partitions)
      .map(({ name }) => name)
      .filter((name) => !readTopics.has(name));
    this.#publisher = new RoundPublisher(nodeSinksOf(options.topology, options.sinks), this.#roundMetrics);
  }

  get status(): EngineStatus {
    return this.#status;
  }

  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  get globals(): GlobalState | undefined {
    return this.#globals;
  }

  #become(status: EngineStatus): void {
    this.#status = nextStatus(this.#status, status);
    this.#logger.info('engine status', { status });
  }

  /** Opens the log, takes up every task where its state stands, and publishes what its last commit may have left. */
  async open(): Promise<void> {
    const { topology, log, database, partitions, clock, mode } = this.#options;
    this.#become('OPENING');
    await this.#failing(async () => {
      await log.open(topicsOf(topology, partitions));
      const recordsPerBatch = this.#options.recordsPerBatch ?? 1000;
      const globals = new GlobalState({
        topology,
        startsOf: () => new Array<number>(partitions).fill(0),
        database,
        futureLimitMs: this.#options.futureLimitMs ?? DEFAULT_FUTURE_LIMIT_MS,
        recordsPerFetch: recordsPerBatch,
        metrics: this.#metrics,
      });
      this.#globals = globals;
      this.#tasks = Array.from(
        { length: partitions },
        (_, taskId) =>
          new Task({
            taskId,
            partitions,
            topology,
            readers: this.#readers,
            database,
            globalStores: globals.stores(),
            clock,
            isReplay: mode === 'replay',
            recordsPerBatch,
            maxRecordBytes: this.#options.maxRecordBytes ?? 1_048_576,
            metrics: this.#metrics,
            logger: this.#logger,
            tracer: this.#options.tracer,
          }),
      );
      this.#addGauges();
      for (const task of this.#tasks) {
        this.#publisher.begin([{ entries: await task.due() }], () => undefined);
        await this.#publisher.ended;
      }
    });
    this.#become('READY');
  }

  #addGauges(): void {
    const { topology, log, partitions, clock } = this.#options;
    const metrics = this.#metrics;
    this.#endGauges = [
      watchTasks({ metrics, topology, partitions, log, clock, taskOf: (taskId) => this.#tasks[taskId] }),
      metrics.gauge('freshet.tasks', () => this.#tasks.length, { 'freshet.task.status': 'running' }),
      metrics.gauge('freshet.table.lag', () => totalLag(log, this.#globals?.positions() ?? [])),
    ];
  }

  /** Runs rounds until nothing is left to do. Returns the number of records that they took. */
  async runUntilIdle(signal?: AbortSignal): Promise<number> {
    let taken = 0;
    while (signal?.aborted !== true) {
      const records = await this.#failing(() => this.#round());
      if (records === undefined) break;
      taken += records;
    }
    await this.#failing(() => this.#publisher.ended);
    return taken;
  }

  /** Moves the stream time of every task on to at least `timeMs`, fires what is due and finishes what comes of it. */
  async advanceStreamTime(timeMs: number): Promise<void> {
    await this.#failing(async () => {
      const advanced: Task[] = [];
      for (const task of this.#tasks) if (await task.advance(timeMs)) advanced.push(task);
      if (advanced.length > 0) await this.#commit(advanced);
    });
    await this.runUntilIdle();
  }

  /** Newest event time that any task has seen, epoch ms; `undefined` before the first record. */
  get newestEventMs(): number | undefined {
    const newest = Math.max(...this.#tasks.map((task) => task.streamTimeMs));
    return newest === Number.NEGATIVE_INFINITY ? undefined : newest;
  }

  /**
   * Ends an input that will not go on: moves stream time past the longest punctuator, twice (what the first firing of one
   * node changes may be what another one's waits for). `endMs` is the `newestEventMs` of the processed input, kept by the
   * caller, so that a finish which a crash cut short is repeated to the same time.
   */
  async finish(endMs: number): Promise<void> {
    const step = Math.max(...this.#tasks.map((task) => task.longestStreamIntervalMs)) + 1;
    await this.advanceStreamTime(endMs + step);
    await this.advanceStreamTime(endMs + 2 * step);
  }

  /** Processes until `signal` aborts; then the round under way is finished. Rejects with the error that stopped it. */
  async run(signal: AbortSignal): Promise<void> {
    this.#become('RUNNING');
    let nextIdleMs = 0;
    while (!signal.aborted) {
      const startedMs = performance.now();
      const records = await this.#failing(() => this.#round());
      if (startedMs >= nextIdleMs) {
        await this.#failing(() => this.#advanceIdle());
        nextIdleMs = startedMs + IDLE_MS;
      }
      if (records === undefined) {
        await this.#options.log.appended(IDLE_MS, signal);
      } else {
        // The endpoint in the same process has its turn between two rounds, however busy the engine is.
        const leftMs = LIVE_ROUND_MS - (performance.now() - startedMs);
        if (leftMs > 1) await delay(leftMs);
        else await new Promise(setImmediate);
      }
    }
    await this.#failing(() => this.#publisher.ended);
    this.#become('READY');
  }

  /** The wall clock drives stream time where no record does. */
  async #advanceIdle(): Promise<void> {
    if (this.#options.mode !== 'live') return;
    const { log, clock } = this.#options;
    const now = clock.nowMs();
    const advanced: Task[] = [];
    for (const task of this.#tasks) {
      const endOf = (topic: string) => log.offsets({ topic, partition: task.taskId }).end;
      if (task.isDone(endOf) && task.isDueAt(now) && (await task.advance(now))) advanced.push(task);
    }
    if (advanced.length > 0) await this.#commit(advanced);
  }

  /** One round. Returns the number of records taken, `undefined` when there was nothing to do. */
  async #round(): Promise<number | undefined> {
    const globals = this.#globals!;
    const wants = globals.wants();
    const ofGlobals = wants.length;
    for (const task of this.#tasks) for (const want of task.queues.wants()) wants.push(want);
    const answers = this.#options.log.fetch(wants);
    let taken = globals.apply(answers.slice(0, ofGlobals));
    const busy: Task[] = [];
    // Events that lie behind a table's rows in the log must find them: the tasks wait until the tables are read to the end.
    if (globals.isBehind) {
      await this.#commit(busy);
      return taken;
    }
    const perTask = (wants.length - ofGlobals) / this.#tasks.length;
    for (const [index, task] of this.#tasks.entries()) {
      const from = ofGlobals + index * perTask;
      task.queues.fill(answers.slice(from, from + perTask));
      if (await task.process()) busy.push(task);
      taken += task.batch.length;
    }
    if (taken === 0 && busy.length === 0) {
      await this.#publisher.ended;
      return undefined;
    }
    await this.#commit(busy);
    return taken;
  }

  /** Steps 1 to 3; the others have begun when this resolves. */
  async #commit(tasks: readonly Task[]): Promise<void> {
    await this.#publisher.ended;
    const { log, database, clock } = this.#options;
    const globals = this.#globals!;
    const measured = tasks.map((task) => task.measured);
    const startedMs = performance.now();
    this.#reached('processed');

    const batch = database.createBatch();
    const write = writerTo(batch);
    globals.stage(batch);
    for (const task of tasks) task.stage(write);
    // Lists of earlier commits have been published. Global state moves on now, from which they could not be made again.
    for (const task of this.#tasks) if (!tasks.includes(task)) task.stagePublished(write);
    const commits = tasks.map((task) => ({ taskId: task.taskId, records: task.outputs }));
    if (globals.deadLetters.length > 0) commits.push({ taskId: 0, records: globals.deadLetters });
    try {
      // The log only stages here: no turn of the event loop may pass before the write.
      log.commit(commits, batch);
      this.#reached('log committed');
      const writingMs = performance.now();
      database.write(batch);
      this.#roundMetrics.written(writingMs);
    } catch (error) {
      log.settled(false);
      for (const task of tasks) task.trace?.failed(error);
      throw error;
    }
    log.settled(true);
    globals.committed();
    const publications = tasks.map((task) => ({ entries: task.committed(), trace: task.committedTrace }));
    this.#reached('database written');

    this.#roundMetrics.committed(startedMs);
    const committedMs = clock.nowMs();
    const appendTimes = measured.map((one) => this.#recordMetrics.committed(one, committedMs));

    const released = this.#released();
    this.#publisher.begin(publications, (count) => {
      const publishedMs = clock.nowMs();
      if (count > 0) for (const times of appendTimes) this.#recordMetrics.published(times, publishedMs);
      this.#reached('published');

      log.release(released);
      this.#reached('released');
    });
  }

  #reached(step: CommitStep): void {
    this.#options.onCommitStep?.(step);
  }

  *#positions(): Generator<Position> {
    yield* this.#globals!.positions();
    for (const task of this.#tasks)
      for (const [topic, offset] of task.queues.positions()) yield { topic, partition: task.taskId, offset };
  }

  /** What the log may drop: what everybody here has read, and anything in topics that nobody here reads. */
  #released(): Position[] {
    const { log, partitions } = this.#options;
    const ends = this.#unread.flatMap((topic) =>
      Array.from({ length: partitions }, (_, partition) => {
        return { topic, partition, offset: log.offsets({ topic, partition }).end };
      }),
    );
    return [...lowestPositions(this.#positions()), ...ends];
  }

  /** Records that have not been processed, by topic. */
  lag(): Map<string, number> {
    return lagBehind(this.#options.log, lowestPositions(this.#positions()));
  }

  async #failing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.#status !== 'FAILED') this.#become('FAILED');
      await this.#publisher.ended.catch(() => undefined);
      throw error;
    }
  }

  /** Ends the tasks. The log and the database belong to the caller. Safe in any status, and more than once. */
  close(): void {
    if (this.#status === 'CLOSED') return;
    if (this.#status !== 'CREATED') this.#become('STOPPING');
    for (const end of this.#endGauges) end();
    for (const task of this.#tasks) task.close();
    this.#become('CLOSED');
  }
}
