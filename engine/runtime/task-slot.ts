// The place of one task in an instance: what the group wants it to be here, and what it is. One runner at a time uses the task's
// database; when the wish changes the runner ends first, so that nothing is ever opened twice.
//
// A task that fails takes no other with it: it is tried again, with growing pauses, for as long as the group wants it here.

import { setTimeout as delay } from 'node:timers/promises';
import { type Database, EngineError, type TaskDatabases } from '../api/index.ts';
import type { InstanceEnvironment } from './instance-environment.ts';
import { OwnedTask, type OwnedTaskStatus } from './owned-task.ts';
import { StandbyTask } from './standby-task.ts';
import type { RestoreOutcome } from './task-restore.ts';

export type TaskRole = 'active' | 'standby';

/** What an instance says of one of its tasks. */
export interface TaskView {
  readonly taskId: number;
  readonly role: TaskRole;
  readonly status: OwnedTaskStatus | 'FOLLOWING' | 'FAILED';
  /** Why it failed, and is tried again. */
  readonly error: Error | undefined;
  /** Changelog records that have to be restored before it runs. */
  readonly restoreLag: number;
  /** Number of its last commit; 0 when it does not run here. */
  readonly commitNumber: number;
  /** Lists that wait to be published. */
  readonly waitingLists: number;
}

/** All that a task can be here. */
export const TASK_STATUSES: readonly TaskView['status'][] = [
  'CLAIMING',
  'RESTORING',
  'RUNNING',
  'WAITING',
  'FOLLOWING',
  'FAILED',
];

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export class TaskSlot {
  readonly taskId: number;
  readonly #environment: InstanceEnvironment;
  readonly #databases: TaskDatabases;
  #wanted: TaskRole | undefined;
  #runner: OwnedTask | StandbyTask | undefined;
  #running: Promise<void> | undefined;
  #offset: number;
  #error: Error | undefined;
  /** Ends a pause after a failure. */
  #changed = new AbortController();
  #hasSetAside = false;

  /** `offset`: how far the state on disk is. */
  constructor(environment: InstanceEnvironment, databases: TaskDatabases, taskId: number, offset: number) {
    this.#environment = environment;
    this.#databases = databases;
    this.taskId = taskId;
    this.#offset = offset;
  }

  get role(): TaskRole | undefined {
    return this.#wanted;
  }

  /** The task that runs here, if it does. */
  get owned(): OwnedTask | undefined {
    return this.#runner instanceof OwnedTask ? this.#runner : undefined;
  }

  /** Changelog offset up to which this instance has the task's state on disk. */
  get offset(): number {
    return this.#runner?.restoredTo ?? this.#offset;
  }

  /** `undefined` when the group does not want it here. */
  get view(): TaskView | undefined {
    const { taskId, role, owned } = this;
    if (role === undefined) return undefined;
    const status = owned?.status ?? (role === 'active' ? 'CLAIMING' : 'FOLLOWING');
    // It stands for what the task does now until that gets somewhere.
    const isGoing = status === 'RUNNING' || (role === 'standby' && this.#runner !== undefined);
    const error = isGoing ? undefined : this.#error;
    return {
      taskId,
      role,
      status: error === undefined ? status : 'FAILED',
      error,
      restoreLag: this.#runner?.restoreLag ?? 0,
      commitNumber: owned?.task?.position.commitNumber ?? 0,
      waitingLists: owned?.waitingLists ?? 0,
    };
  }

  /** Makes the task what the group wants it to be, as soon as what it is has ended; its lists on their way have `flushMs`. */
  want(role: TaskRole | undefined, flushMs = 0): void {
    if (role === this.#wanted) return;
    this.#wanted = role;
    this.#runner?.close(flushMs);
    this.#changed.abort();
    this.#running ??= this.#run();
  }

  /** Resolves when nothing runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { logger, metrics } = this.#environment;
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#wanted !== undefined) {
      this.#changed = new AbortController();
      const startedMs = performance.now();
      try {
        await this.#runOnce(this.#wanted);
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        metrics.counter('freshet.task.failures', { 'freshet.task': this.taskId }).add(1);
        if (failure.message !== this.#error?.message)
          logger.error('task failed, it is tried again', { taskId: this.taskId, error: failure.message });
        this.#error = failure;
        if (performance.now() - startedMs > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
        await delay(pauseMs, undefined, { signal: this.#changed.signal }).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
    this.#running = undefined;
    this.#error = undefined;
  }

  /** Runs in this role until the wish changes. @throws whatever ended the task. */
  async #runOnce(role: TaskRole): Promise<void> {
    const { taskId } = this;
    const database = await this.#open();
    let outcome: RestoreOutcome;
    try {
      const runner =
        role === 'active'
          ? new OwnedTask(this.#environment, taskId, database)
          : new StandbyTask(this.#environment, taskId, database);
      this.#runner = runner;
      if (this.#wanted !== role) runner.close();
      outcome = await runner.run();
      this.#error = undefined;
      this.#offset = runner.restoredTo;
    } finally {
      this.#runner = undefined;
      await database.close();
    }
    if (outcome !== 'set-aside') return;
    this.#offset = 0;
    await this.#databases.setAside(taskId);
  }

  async #open(): Promise<Database> {
    const { taskId } = this;
    try {
      return await this.#databases.open(taskId);
    } catch (error) {
      // Everything in it is in the changelog too. A second time it is not the database's fault.
      if (!(error instanceof EngineError) || error.code !== 'DATABASE_FAILED' || this.#hasSetAside) throw error;
      this.#hasSetAside = true;
      this.#environment.logger.error('a database cannot be opened: it is set aside, and the task restored', {
        taskId,
        error: error.message,
      });
      await this.#databases.setAside(taskId);
      return this.#databases.open(taskId);
    }
  }
}
