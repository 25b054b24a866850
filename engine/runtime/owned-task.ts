// A task of a shared log while this instance owns it: it is claimed, restored from its changelog, and run commit by commit.
//
//   CLAIMING ──> RESTORING ──> RUNNING ──> CLOSED
//       ^            │            │  (fenced, or a commit whose outcome is unknown)
//       └── WAITING <┴────────────┘
//
// The commit, and what a crash right after each step costs:
//
//   1 processed         The batch is in the overlay. A crash: nothing has happened.
//   2 log committed     Changelog and outputs are in the log, the database is behind it. A crash: it is restored from the
//                       changelog, and what the position names as unpublished is published.
//   3 database written  A crash: as after 2, with nothing to restore.
//   4 published         Readers see the lists. A crash: some are published once more, under a higher version.
//   5 released          The group knows the offsets. A crash: they are told again.
//
// Steps 4 and 5 happen in the background. A failed commit may have gone through or not: nobody knows but the log. So the writer
// and the task's memory are dropped, the task is claimed anew, and the changelog says what is true (KIP-98).

import { setTimeout as delay } from 'node:timers/promises';
import {
  type ChangelogRecord,
  type Database,
  EngineError,
  errorType,
  type Fetched,
  type FetchRequest,
  type LogRecord,
  type ProducerRecord,
  type TaskHistory,
  type TaskWriter,
  traceIdOf,
} from '../api/index.ts';
import { changelogKey } from './changelog.ts';
import type { InstanceEnvironment } from './instance-environment.ts';
import { NO_APPEND_TIMES } from './record-metrics.ts';
import { SinkPublisher } from './sink-publisher.ts';
import { SinkRepair } from './sink-repair.ts';
import { isOfShop, type SourceRecord } from './source-record.ts';
import { Task } from './task.ts';
import { type RestoreOutcome, TaskRestore } from './task-restore.ts';
import { UnpublishedCommits } from './unpublished-commits.ts';

export type OwnedTaskStatus = 'CLAIMING' | 'RESTORING' | 'RUNNING' | 'WAITING' | 'CLOSED';

/** How long an order by time is waited for when a topic's records have not arrived. */
const SHORT_WAIT_MS = 100;
const IDLE_MS = 50;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Errors after which the task is claimed anew. */
const RECLAIMED = new Set(['TASK_FENCED', 'COMMIT_UNCERTAIN', 'BROKER_UNAVAILABLE']);

export class OwnedTask {
  readonly taskId: number;
  readonly #environment: InstanceEnvironment;
  readonly #database: Database;
  readonly #restore: TaskRestore;
  readonly #closing = new AbortController();
  #status: OwnedTaskStatus = 'CLAIMING';
  #task: Task | undefined;
  #writer: TaskWriter | undefined;
  #publisher: SinkPublisher | undefined;
  #history: TaskHistory | undefined;
  #historyError: unknown;
  #flushMs = 0;
  /** Ends of the source topics when it was taken over: a reader knows none before its first answer. */
  readonly #firstEnds = new Map<string, number>();
  readonly #unpublished = new UnpublishedCommits();

  constructor(environment: InstanceEnvironment, taskId: number, database: Database) {
    this.taskId = taskId;
    this.#environment = environment;
    this.#database = database;
    this.#restore = new TaskRestore(environment, taskId, database);
  }

  get status(): OwnedTaskStatus {
    return this.#status;
  }

  get task(): Task | undefined {
    return this.#task;
  }

  /** Changelog offset up to which the database holds the state. */
  get restoredTo(): number {
    return this.#restore.restoredTo;
  }

  /** Records of the changelog that have to be restored before it runs. */
  get restoreLag(): number {
    return this.#status === 'RESTORING' ? this.#restore.lag : 0;
  }

  get waitingLists(): number {
    return this.#publisher?.waiting ?? 0;
  }

  /** Where a source topic ends, as far as is known. */
  endOf(topic: string): number {
    const { end } = this.#environment.log.offsets({ topic, partition: this.taskId });
    return Math.max(end, this.#firstEnds.get(topic) ?? 0);
  }

  /** Runs until `close`. Rejects with an error that no new claim can mend. `setAside` replaces the database. */
  async run(): Promise<RestoreOutcome> {
    const { logger, metrics } = this.#environment;
    const { signal } = this.#closing;
    let pauseMs = FIRST_PAUSE_MS;
    try {
      while (!signal.aborted) {
        const startedMs = performance.now();
        try {
          if ((await this.#own(signal)) === 'set-aside') return 'set-aside';
        } catch (error) {
          if (signal.aborted) break;
          if (!(error instanceof EngineError) || !RECLAIMED.has(error.code)) throw error;
          this.#task?.trace?.failed(error);
          metrics.counter('freshet.task.reclaims', { 'error.type': error.code }).add(1);
          logger.warn('task is claimed anew', {
            taskId: this.taskId,
            code: error.code,
            error: error.message,
            traceId: traceIdOf(this.#task?.trace?.traceparent),
          });
          this.#drop();
          this.#status = 'WAITING';
          if (performance.now() - startedMs > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
          await this.#settle(error.code === 'TASK_FENCED', pauseMs, signal);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
      }
      return 'closed';
    } finally {
      this.#drop();
      this.#status = 'CLOSED';
      this.#environment.log.forget(this.taskId);
    }
  }

  /**
   * Waits before the next claim. Who was fenced claims only after the group's coordinator has confirmed since that the task is
   * still ours: a former owner hears instead that it is none, so two never fight.
   */
  async #settle(isFenced: boolean, pauseMs: number, signal: AbortSignal): Promise<void> {
    const fencedMs = performance.now();
    const pause = () => delay(pauseMs, undefined, { signal }).catch(() => undefined);
    await pause();
    while (isFenced && !signal.aborted && this.#environment.heartbeatAgeMs() >= performance.now() - fencedMs)
      await pause();
  }

  #drop(): void {
    this.#publisher?.close();
    this.#publisher = undefined;
    this.#task?.close();
    this.#task = undefined;
    this.#history?.close();
    this.#history = undefined;
    this.#historyError = undefined;
    this.#unpublished.clear();
    void this.#writer?.close();
    this.#writer = undefined;
  }

  async #own(signal: AbortSignal): Promise<RestoreOutcome> {
    const { log, sinks, maxWaitingLists, metrics, logger } = this.#environment;
    this.#status = 'CLAIMING';
    this.#writer = await log.claim(this.taskId, signal);
    if (signal.aborted) return 'closed';
    this.#status = 'RESTORING';
    const restored = await this.#restore.toEnd(signal);
    if (restored !== 'restored') return restored;

    const task = this.#createTask();
    this.#task = task;
    await this.#askForRanges(task, signal);
    this.#startHistory(task);
    this.#publisher = new SinkPublisher({
      sinks,
      maxWaiting: maxWaitingLists,
      metrics,
      logger,
      published: (commitNumber) => this.#published(commitNumber),
    });
    await task.takeOver(this.#environment.clock.nowMs());
    await this.#commit(task);
    this.#status = 'RUNNING';
    logger.info('task runs', { taskId: this.taskId, commitNumber: task.position.commitNumber });
    const repair = new SinkRepair(task, this.#publisher, this.#environment.generations);
    while (!signal.aborted) {
      const startedMs = performance.now();
      // Nobody may see the last commit, nor what others have written behind it, until another one.
      if (this.#writer.isUnsettled) await this.#commit(task);
      await this.#publisher.until(({ hasRoom }) => hasRoom || signal.aborted);
      if (this.#historyError !== undefined) throw this.#historyError;
      if (this.#history?.hasRoom === false) {
        await delay(IDLE_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      if (signal.aborted) break;
      const isRepairing = await repair.step();
      if (await this.#processNext(task, signal)) {
        await this.#commit(task);
        const leftMs = this.#environment.commitIntervalMs - (performance.now() - startedMs);
        if (leftMs > 1) await delay(leftMs, undefined, { signal }).catch(() => undefined);
      } else if (!isRepairing) {
        await this.#environment.news.next(IDLE_MS, signal);
      }
    }
    await this.#flush(this.#publisher);
    const isAllPublished = this.#flushMs > 0 && this.#publisher.waiting === 0;
    // A commit that says so: a next owner has nothing to publish again, but what waits in a backlog.
    if (isAllPublished && Object.keys(task.position.changed).length > 0) await this.#commit(task);
    return 'closed';
  }

  async #flush(publisher: SinkPublisher): Promise<void> {
    if (this.#flushMs === 0) return;
    const stored = this.#history?.flush();
    const end = new AbortController();
    const timeout = delay(this.#flushMs, undefined, { signal: end.signal }).catch(() => undefined);
    await Promise.race([Promise.all([publisher.until(({ waiting }) => waiting === 0), stored]), timeout]);
    end.abort();
  }

  /** Learns where the log begins, which is where a topic begins that the task has never read, and ends. */
  async #askForRanges(task: Task, signal: AbortSignal): Promise<void> {
    const known = task.position.offsets;
    const places = [...task.queues.positions().keys()].map((topic) => ({ topic, partition: this.taskId }));
    const ranges = await this.#environment.log.ranges(places, signal);
    for (const [index, { topic }] of places.entries()) {
      const { start, end } = ranges[index]!;
      if (known[topic] === undefined) task.queues.startAt(topic, start);
      this.#firstEnds.set(topic, end);
    }
  }

  #startHistory(task: Task): void {
    const { readers, logger } = this.#environment;
    const history = this.#environment.historyOf?.(this.taskId);
    if (history === undefined) return;
    this.#history = history;
    const positions = [...task.queues.positions()].flatMap(([topic, offset]) =>
      isOfShop(readers, topic) ? [{ topic, partition: this.taskId, offset }] : [],
    );
    history.start(positions).catch((error: unknown) => {
      if (this.#history !== history) return;
      logger.error('history cannot be written', { taskId: this.taskId, error: String(error) });
      this.#historyError = error;
    });
  }

  #createTask(): Task {
    const { topology, partitions, readers, globalStores, clock, recordsPerBatch, maxRecordBytes } = this.#environment;
    const { metrics, logger, tracer } = this.#environment;
    return new Task({
      taskId: this.taskId,
      partitions,
      topology,
      readers,
      database: this.#database,
      globalStores,
      clock,
      isReplay: false,
      recordsPerBatch,
      maxRecordBytes,
      metrics,
      logger,
      tracer,
    });
  }

  /** Prepares the next commit. Returns whether there is one. */
  async #processNext(task: Task, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#environment;
    const endOf = (topic: string) => this.endOf(topic);
    const fill = () => task.queues.fill(this.#fetch(task.queues.wants()));
    fill();
    for (const startedMs = performance.now(); task.queues.isShort(endOf); fill()) {
      const leftMs = SHORT_WAIT_MS - (performance.now() - startedMs);
      if (leftMs <= 0 || signal.aborted) break;
      await this.#environment.news.next(leftMs, signal);
    }
    if (await task.process(performance.now())) return true;
    // In a backlog stream time is that of the events, also where an answer of the log is late.
    if (task.queues.isShort(endOf)) return false;
    const now = clock.nowMs();
    return task.isDueAt(now) && (await task.advance(now));
  }

  #fetch(wants: readonly FetchRequest[]): readonly Fetched[] {
    try {
      return this.#environment.log.fetch(wants);
    } catch (cause) {
      if (!(cause instanceof EngineError) || cause.code !== 'OFFSET_OUT_OF_RANGE') throw cause;
      throw new EngineError(
        'OFFSET_OUT_OF_RANGE',
        `task ${this.taskId} cannot go on: ${cause.message}. Records that it has not processed were deleted, or the topic was made anew; no position was changed`,
        { cause, context: { ...cause.context, taskId: this.taskId } },
      );
    }
  }

  async #commit(task: Task): Promise<void> {
    const { log, clock, metrics, recordMetrics, deadLetters, reached } = this.#environment;
    const startedMs = performance.now();
    reached('processed', this.taskId);
    const changelog: ChangelogRecord[] = [];
    const batch = this.#database.createBatch();
    task.stage((columnFamily, key, value) => {
      changelog.push({ key: changelogKey(columnFamily, key), value });
      if (value === null) batch.delete(columnFamily, key);
      else batch.put(columnFamily, key, value);
    }, this.#publisher!.unpublished());
    const ofTables = this.taskId === 0 ? deadLetters.slice() : [];
    const next = await this.#transaction(changelog, [...task.outputs, ...ofTables]);
    deadLetters.splice(0, ofTables.length);
    reached('log committed', this.taskId);
    task.trace?.logCommitted();

    this.#restore.copy.stageMark(batch, next, clock.nowMs());
    this.#database.write(batch);
    const measured = task.measured;
    const { records } = measured;
    const entries = task.committed();
    reached('database written', this.taskId);

    const { commitNumber } = task.position;
    const hasLists = entries.size > 0 || task.postponed.waitingSince < Infinity;
    const appendTimes = recordMetrics.committed(measured, clock.nowMs());
    this.#history?.committed(this.#ofShop(records));
    this.#unpublished.add({
      commitNumber,
      since: Math.min(commitNumber, task.postponed.madeSince),
      appendTimes: hasLists ? appendTimes : NO_APPEND_TIMES,
      offsets: task.queues.positions(),
    });
    metrics.histogram('freshet.commit.duration').record((performance.now() - startedMs) / 1000);
    this.#publisher!.add(commitNumber, entries, task.committedTrace);
    log.release([...task.queues.positions()].map(([topic, offset]) => ({ topic, partition: this.taskId, offset })));
  }

  /** @throws as `TaskWriter.commit` */
  async #transaction(changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): Promise<number> {
    const { metrics } = this.#environment;
    const startedMs = performance.now();
    const ended = (failure?: unknown) => {
      const error = failure === undefined ? undefined : { 'error.type': errorType(failure) };
      const attributes = { 'messaging.operation.name': 'commit', ...error };
      metrics
        .histogram('messaging.client.operation.duration', attributes)
        .record((performance.now() - startedMs) / 1000);
    };
    try {
      const next = await this.#writer!.commit(changelog, records);
      ended();
      return next;
    } catch (error) {
      ended(error);
      throw error;
    }
  }

  /** The records that the shop wrote, as they came. */
  #ofShop(records: readonly SourceRecord[]): LogRecord[] {
    const { readers } = this.#environment;
    return records.flatMap(({ topic, raw }) => (isOfShop(readers, topic) ? [raw] : []));
  }

  /** Everything that the commits up to this one have made is published. */
  #published(commitNumber: number): void {
    const now = this.#environment.clock.nowMs();
    let newest: ReadonlyMap<string, number> | undefined;
    for (const { appendTimes, offsets } of this.#unpublished.take(commitNumber, this.#task!.postponed.waitingSince)) {
      this.#environment.recordMetrics.published(appendTimes, now);
      newest = offsets;
    }
    if (newest === undefined) return;
    this.#environment.published(this.taskId, newest);
    this.#environment.reached('published', this.taskId);
  }

  /** Ends it after the commit under way, and waits for lists on their way for at most `flushMs`. `run` resolves then. */
  close(flushMs = 0): void {
    this.#flushMs = flushMs;
    this.#closing.abort();
    this.#publisher?.wake();
  }
}
