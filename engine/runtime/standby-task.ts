// A task that another instance runs, kept warm here: its database follows the changelog, so that taking over reads a short tail.

import { type Database, EngineError } from '../api/index.ts';
import type { InstanceEnvironment } from './instance-environment.ts';
import { type RestoreOutcome, TaskRestore } from './task-restore.ts';

/** Pause before the brokers are asked again, ms. */
const AWAY_MS = 1_000;

export class StandbyTask {
  readonly taskId: number;
  readonly #environment: InstanceEnvironment;
  readonly #restore: TaskRestore;
  readonly #closing = new AbortController();

  constructor(environment: InstanceEnvironment, taskId: number, database: Database) {
    this.taskId = taskId;
    this.#environment = environment;
    this.#restore = new TaskRestore(environment, taskId, database);
  }

  /** Changelog offset up to which the database holds the state. */
  get restoredTo(): number {
    return this.#restore.restoredTo;
  }

  /** Records of the changelog that it had to read when it began, and has not yet. */
  get restoreLag(): number {
    return this.#restore.lag;
  }

  /** Follows until `close`. `set-aside` replaces the database. */
  async run(): Promise<RestoreOutcome> {
    const { signal } = this.#closing;
    const { log, logger, news } = this.#environment;
    try {
      while (!signal.aborted) {
        try {
          return await this.#restore.follow(signal);
        } catch (error) {
          if (!(error instanceof EngineError) || error.code !== 'BROKER_UNAVAILABLE') throw error;
          logger.warn('standby waits for the brokers', { taskId: this.taskId, error: error.message });
          await news.next(AWAY_MS, signal);
        }
      }
      return 'closed';
    } finally {
      log.forget(this.taskId);
    }
  }

  /** Ends it. `run` resolves then. */
  close(): void {
    this.#closing.abort();
  }
}
