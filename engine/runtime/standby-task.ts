// A task that another instance runs, kept warm here: its database follows the changelog, so that taking over reads a short tail.

import { type Database, EngineError } from '../api/index.ts';
import { ChangelogCopy, restoreStart } from './changelog.ts';
import type { InstanceEnvironment } from './owned-task.ts';

/** Records that are applied at a time: bounds how long running tasks wait. */
const RECORDS_PER_STEP = 1_000;
const IDLE_MS = 200;

export class StandbyTask {
  readonly taskId: number;
  readonly #environment: InstanceEnvironment;
  readonly #copy: ChangelogCopy;
  readonly #closing = new AbortController();

  constructor(environment: InstanceEnvironment, taskId: number, database: Database) {
    this.taskId = taskId;
    this.#environment = environment;
    this.#copy = new ChangelogCopy(database, taskId, environment.columnFamilies);
  }

  /** Changelog offset up to which the database holds the state. */
  get restoredTo(): number {
    return this.#copy.mark?.next ?? 0;
  }

  /** Follows until `close`. `set-aside` replaces the database. */
  async run(): Promise<'closed' | 'set-aside'> {
    const { signal } = this.#closing;
    const { log, logger } = this.#environment;
    try {
      while (!signal.aborted) {
        try {
          return await this.#follow(signal);
        } catch (error) {
          if (!(error instanceof EngineError) || error.code !== 'BROKER_UNAVAILABLE') throw error;
          logger.warn('standby waits for the brokers', { taskId: this.taskId, error: error.message });
          await this.#environment.news.next(1_000, signal);
        }
      }
      return 'closed';
    } finally {
      log.forget(this.taskId);
    }
  }

  async #follow(signal: AbortSignal): Promise<'closed' | 'set-aside'> {
    const { log, clock, news } = this.#environment;
    const range = await log.changelogRange(this.taskId);
    const start = restoreStart(this.#copy.mark, range, clock.nowMs(), log.tombstoneRetentionMs);
    if (start === 'set-aside') return 'set-aside';
    if (start === 'from-start') this.#copy.clear();
    let next = this.restoredTo;
    while (!signal.aborted) {
      const part = log.fetchChangelog(this.taskId, next, RECORDS_PER_STEP);
      if (part.next === next) {
        await news.next(IDLE_MS, signal);
        continue;
      }
      this.#copy.apply(part, clock.nowMs());
      next = part.next;
      await new Promise(setImmediate);
    }
    return 'closed';
  }

  /** Ends it. `run` resolves then. */
  close(): void {
    this.#closing.abort();
  }
}
