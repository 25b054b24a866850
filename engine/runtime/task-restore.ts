// Brings a task's database up to its changelog: to its end before the task runs, or on and on for a standby.

import { setTimeout as delay } from 'node:timers/promises';
import type { ChangelogPart, Database } from '../api/index.ts';
import { ChangelogCopy, restoreStart } from './changelog.ts';
import type { InstanceEnvironment } from './instance-environment.ts';

/** Records that are read at a time: bounds how long the instance's other tasks wait. */
const RECORDS_PER_STEP = 4_000;
/**
 * Bytes of the changelog that are written at a time, the last value of each key: of a task, and shared by all that an instance may
 * restore at once, since they wait in memory. Half: of a changelog that was not compacted, a third more is written.
 */
const BYTES_PER_WRITE = 16 * 1024 * 1024;
const UNWRITTEN_BYTES = 64 * 1024 * 1024;
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
  readonly #bytesPerWrite: number;
  #end = 0;

  constructor(environment: InstanceEnvironment, taskId: number, database: Database) {
    this.#environment = environment;
    this.#taskId = taskId;
    this.#bytesPerWrite = Math.min(BYTES_PER_WRITE, UNWRITTEN_BYTES / environment.partitions);
    this.copy = new ChangelogCopy(database, taskId, environment.columnFamilies);
  }

  /** Changelog offset up to which the database holds the state. */
  get restoredTo(): number {
    return this.copy.mark?.next ?? 0;
  }

  /** Records up to the end that the changelog had when this began. */
  get lag(): number {
    return Math.max(0, this.#end - this.copy.next);
  }

  /** Reads up to the end that the changelog has now: the task's, once nobody else can write to it. */
  async toEnd(signal: AbortSignal): Promise<RestoreOutcome> {
    const { log, news, logger, metrics, clock } = this.#environment;
    const startedMs = performance.now();
    if ((await this.#begin(signal)) === 'set-aside') return this.#setAside();
    const from = this.restoredTo;
    let records = 0;
    let bytes = 0;
    while (this.copy.next < this.#end && !signal.aborted) {
      const part = log.fetchChangelog(this.#taskId, this.copy.next, RECORDS_PER_STEP);
      if (part.next === this.copy.next) {
        await news.next(IDLE_MS, signal);
        continue;
      }
      const added = await this.#add(part);
      if (added === undefined) return this.#setAside();
      records += part.records.length;
      bytes += added;
    }
    this.copy.write(clock.nowMs());
    if (signal.aborted) return 'closed';
    if (records > 0) {
      const seconds = (performance.now() - startedMs) / 1000;
      metrics.histogram('freshet.restore.duration').record(seconds);
      logger.info('task restored', { taskId: this.#taskId, from, to: this.restoredTo, records, bytes, seconds });
    }
    return 'restored';
  }

  /** Follows the changelog until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<RestoreOutcome> {
    let outcome = await this.#begin(signal);
    // Who was the owner a moment ago may be ahead of what readers see: a commit is acknowledged before its marks are in the log.
    for (let waits = 0; outcome === 'set-aside' && waits < MARK_WAITS && !signal.aborted; waits++) {
      await delay(MARK_WAIT_MS, undefined, { signal }).catch(() => undefined);
      outcome = await this.#begin(signal);
    }
    if (outcome === 'set-aside') return signal.aborted ? 'closed' : this.#setAside();
    const { log, news, clock } = this.#environment;
    while (!signal.aborted) {
      const part = log.fetchChangelog(this.#taskId, this.copy.next, RECORDS_PER_STEP);
      if (part.next > this.copy.next) {
        if ((await this.#add(part)) === undefined) return this.#setAside();
      } else {
        this.copy.write(clock.nowMs());
        await news.next(IDLE_MS, signal);
      }
    }
    this.copy.write(clock.nowMs());
    return 'closed';
  }

  /** Looks where to begin. @throws {EngineError} `OFFSET_OUT_OF_RANGE`, `BROKER_UNAVAILABLE` */
  async #begin(signal: AbortSignal): Promise<'restored' | 'set-aside'> {
    const { log, clock } = this.#environment;
    const range = await log.changelogRange(this.#taskId, signal);
    const start = restoreStart(this.copy.mark, range, clock.nowMs(), log.tombstoneRetentionMs);
    this.#end = range.end;
    if (start === 'set-aside') return 'set-aside';
    if (start === 'from-start') this.copy.clear();
    this.copy.begin();
    return 'restored';
  }

  /** Returns the part's bytes; `undefined` when it is not the continuation of what the database holds. */
  async #add(part: ChangelogPart): Promise<number | undefined> {
    const { clock, metrics } = this.#environment;
    const bytes = this.copy.add(part);
    if (bytes === undefined) return undefined;
    if (this.copy.unwrittenBytes >= this.#bytesPerWrite) this.copy.write(clock.nowMs());
    metrics.counter('freshet.restore.records').add(part.records.length);
    // Other tasks and the heartbeat have their turn.
    await new Promise(setImmediate);
    return bytes;
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
