// Brings a task's database up to its changelog: to its end before the task runs, or on and on for a standby.

import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../api/index.ts';
import { ChangelogCopy, restoreStart } from './changelog.ts';
import type { InstanceEnvironment } from './instance-environment.ts';

/** Records that are applied at a time: bounds how long the instance's other tasks wait. */
const RECORDS_PER_STEP = 4_000;
const IDLE_MS = 100;
/** A transaction's marks come within milliseconds, or when a broker is back. */
const MARK_WAITS = 20;
const MARK_WAIT_MS = 500;

/**
 * `set-aside`: the database does not come from this changelog, and another one has to take its place; `closed`: the signal aborted
 * first.
 */
export type RestoreOutcome = 'restored' | 'set-aside' | 'closed';

export class TaskRestore {
  readonly copy: ChangelogCopy;
  readonly #environment: InstanceEnvironment;
  readonly #taskId: number;
  #end = 0;

  constructor(environment: InstanceEnvironment, taskId: number, database: Database) {
    this.#environment = environment;
    this.#taskId = taskId;
    this.copy = new ChangelogCopy(database, taskId, environment.columnFamilies);
  }

  /** Changelog offset up to which the database holds the state. */
  get restoredTo(): number {
    return this.copy.mark?.next ?? 0;
  }

  /** Records up to the end that the changelog had when this began. */
  get lag(): number {
    return Math.max(0, this.#end - this.restoredTo);
  }

  /** Reads up to the end that the changelog has now: the task's, once nobody else can write to it. */
  async toEnd(signal: AbortSignal): Promise<RestoreOutcome> {
    const { logger, metrics } = this.#environment;
    const startedMs = performance.now();
    if ((await this.#begin()) === 'set-aside') return this.#setAside();
    const from = this.restoredTo;
    let records = 0;
    let bytes = 0;
    while (this.restoredTo < this.#end) {
      if (signal.aborted) return 'closed';
      const step = await this.#step(signal);
      if (step === undefined) return this.#setAside();
      records += step.records;
      bytes += step.bytes;
    }
    if (records > 0) {
      const seconds = (performance.now() - startedMs) / 1000;
      metrics.histogram('freshet.restore.duration').record(seconds);
      logger.info('task restored', { taskId: this.#taskId, from, to: this.restoredTo, records, bytes, seconds });
    }
    return 'restored';
  }

  /** Follows the changelog until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<RestoreOutcome> {
    let outcome = await this.#begin();
    // Who was the owner a moment ago may be ahead of what readers see: a commit is acknowledged before its marks are in the log.
    for (let waits = 0; outcome === 'set-aside' && waits < MARK_WAITS && !signal.aborted; waits++) {
      await delay(MARK_WAIT_MS, undefined, { signal }).catch(() => undefined);
      outcome = await this.#begin();
    }
    if (outcome === 'set-aside') return signal.aborted ? 'closed' : this.#setAside();
    while (!signal.aborted) if ((await this.#step(signal)) === undefined) return this.#setAside();
    return 'closed';
  }

  /** Looks where to begin. @throws {EngineError} `OFFSET_OUT_OF_RANGE`, `BROKER_UNAVAILABLE` */
  async #begin(): Promise<'restored' | 'set-aside'> {
    const { log, clock } = this.#environment;
    const range = await log.changelogRange(this.#taskId);
    const start = restoreStart(this.copy.mark, range, clock.nowMs(), log.tombstoneRetentionMs);
    this.#end = range.end;
    if (start === 'set-aside') return 'set-aside';
    if (start === 'from-start') this.copy.clear();
    this.copy.begin();
    return 'restored';
  }

  /** Applies what is there; `undefined` when it is not the continuation of what the database holds. */
  async #step(signal: AbortSignal): Promise<{ readonly records: number; readonly bytes: number } | undefined> {
    const { log, clock, metrics, news } = this.#environment;
    const part = log.fetchChangelog(this.#taskId, this.restoredTo, RECORDS_PER_STEP);
    if (part.next === this.restoredTo) {
      await news.next(IDLE_MS, signal);
      return { records: 0, bytes: 0 };
    }
    const bytes = this.copy.apply(part, clock.nowMs());
    if (bytes === undefined) return undefined;
    metrics.counter('freshet.restore.records').add(part.records.length);
    // Other tasks and the heartbeat have their turn.
    await new Promise(setImmediate);
    return { records: part.records.length, bytes };
  }

  #setAside(): 'set-aside' {
    this.#environment.logger.error(
      'the state on disk is of another changelog: it is set aside, and the task restored',
      {
        taskId: this.#taskId,
        stateOffset: this.restoredTo,
        changelogEnd: this.#end,
      },
    );
    return 'set-aside';
  }
}
