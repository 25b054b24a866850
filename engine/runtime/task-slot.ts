// The place of one task in an instance: what the group wants it to be here, and what it is. One runner at a time uses the task's
// database; when the wish changes the runner ends first, so that nothing is ever opened twice.

import { EngineError, type Logger, type TaskDatabases } from '../api/index.ts';
import { type InstanceEnvironment, OwnedTask } from './owned-task.ts';
import { StandbyTask } from './standby-task.ts';

export type TaskRole = 'active' | 'standby';

export interface TaskSlotOptions {
  readonly taskId: number;
  readonly environment: InstanceEnvironment;
  readonly databases: TaskDatabases;
  readonly logger: Logger;
  /** An error that only a person can mend. */
  failed(error: unknown): void;
}

export class TaskSlot {
  readonly taskId: number;
  readonly #options: TaskSlotOptions;
  #wanted: TaskRole | undefined;
  #runner: OwnedTask | StandbyTask | undefined;
  #running: Promise<void> | undefined;
  #offset = 0;

  constructor(options: TaskSlotOptions, offset: number) {
    this.taskId = options.taskId;
    this.#options = options;
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

  /** Makes the task what the group wants it to be, as soon as what it is has ended; its lists on their way have `flushMs`. */
  want(role: TaskRole | undefined, flushMs = 0): void {
    if (role === this.#wanted) return;
    this.#wanted = role;
    this.#runner?.close(flushMs);
    this.#running ??= this.#run().catch(this.#options.failed);
  }

  /** Resolves when nothing runs. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { taskId } = this;
    const { databases, environment, logger } = this.#options;
    let openFailures = 0;
    while (this.#wanted !== undefined) {
      const role = this.#wanted;
      const database = await databases.open(taskId).catch(async (error: unknown) => {
        const isBroken = error instanceof EngineError && error.code === 'DATABASE_FAILED';
        openFailures += 1;
        if (!isBroken || openFailures > 1) throw error;
        // Everything in it is in the changelog too.
        logger.error('a database cannot be opened: it is set aside, and the task restored', {
          taskId,
          error: error.message,
        });
        await databases.setAside(taskId);
        return undefined;
      });
      if (database === undefined) continue;
      let outcome: 'closed' | 'set-aside';
      try {
        this.#runner =
          role === 'active'
            ? new OwnedTask(environment, taskId, database)
            : new StandbyTask(environment, taskId, database);
        if (this.#wanted !== role) this.#runner.close();
        outcome = await this.#runner.run();
        this.#offset = this.#runner.restoredTo;
      } finally {
        this.#runner = undefined;
        await database.close();
      }
      if (outcome === 'set-aside') {
        this.#offset = 0;
        await databases.setAside(taskId);
      }
    }
    this.#running = undefined;
  }
}
