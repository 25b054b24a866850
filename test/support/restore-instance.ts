// An instance of the application of restore-topology.ts: the engine as a member of the group, with its states in RocksDB under a
// directory, and notes of what it did.

import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AssignTasks, LogFields, SharedLog, SinkEntry, VersionedSink } from '../../engine/api/index.ts';
import { createKafkaLog } from '../../engine/kafka/index.ts';
import {
  type CommitStep,
  GroupEngine,
  globalColumnFamiliesOf,
  taskAssignor,
  taskColumnFamiliesOf,
} from '../../engine/runtime/index.ts';
import { openRocksDatabase, rocksTaskDatabases } from '../../state/index.ts';
import { type Application, differences } from './restore-application.ts';
import { countingTopology } from './restore-topology.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Shows what is published, by the rule of versions. */
export class Board implements VersionedSink {
  readonly entries = new Map<string, SinkEntry>();
  readonly values = new Map<string, number>();

  publish(entries: readonly SinkEntry[]): void {
    for (const entry of entries) {
      const stored = this.entries.get(entry.key);
      if (stored !== undefined && stored.version > entry.version) continue;
      this.entries.set(entry.key, entry);
      this.values.set(entry.key, Number(Buffer.from(entry.value!).toString()));
    }
  }
}

/** What an instance has to know of its application. */
export type Membership = Pick<Application, 'tasks' | 'logOptions' | 'owner'>;

export interface LogLine {
  readonly atMs: number;
  readonly event: string;
  readonly fields: LogFields;
}

export interface InstanceOptions {
  readonly directory?: string;
  readonly instanceId?: string;
  /** Shared by the instances of an application. @defaultValue one of its own */
  readonly board?: Board;
  readonly standbyReplicas?: number;
  readonly recordsPerBatch?: number;
  readonly commitIntervalMs?: number;
  readonly assign?: AssignTasks;
  readonly onCommitStep?: (step: CommitStep, taskId: number) => void;
  /** Before the engine gets the log: a test may change what it does. */
  readonly prepare?: (log: SharedLog) => void;
}

let instances = 0;

export class Instance {
  readonly directory: string;
  readonly instanceId: string;
  readonly log: SharedLog;
  readonly engine: GroupEngine;
  readonly board: Board;
  readonly lines: LogLine[] = [];
  /** Records of the changelog that were read, by task. */
  readonly changelogRecords = new Map<number, number>();
  /** Offset up to which the changelog was read, by task. */
  readonly changelogOffsets = new Map<number, number>();
  /** Commits that are in the log, by task. */
  readonly commits = new Map<number, number>();
  failure: Error | undefined;
  readonly #closeGlobals: () => Promise<void>;
  #isClosed = false;

  private constructor(
    application: Membership,
    options: InstanceOptions,
    directory: string,
    globals: Awaited<ReturnType<typeof openRocksDatabase>>,
  ) {
    this.directory = directory;
    this.instanceId = options.instanceId ?? `instance-${++instances}`;
    this.#closeGlobals = () => globals.close();
    const note = (event: string, fields: LogFields = {}) => {
      this.lines.push({ atMs: performance.now(), event, fields });
    };
    const logger = { info: note, warn: note, error: note };
    const { logOptions } = application;
    this.log = createKafkaLog({ ...logOptions, client: { ...logOptions.client, logger } });
    this.board = options.board ?? new Board();
    this.#countReads();
    options.prepare?.(this.log);
    const topology = countingTopology();
    this.engine = new GroupEngine({
      topology,
      log: this.log,
      partitions: application.tasks,
      databases: rocksTaskDatabases(join(directory, 'tasks'), taskColumnFamiliesOf(topology), application.tasks),
      globalDatabase: globals,
      sinks: { board: this.board },
      assign:
        options.assign ?? taskAssignor({ tasks: application.tasks, standbyReplicas: options.standbyReplicas ?? 0 }),
      instanceId: this.instanceId,
      clock: { nowMs: Date.now },
      recordsPerBatch: options.recordsPerBatch ?? 1000,
      commitIntervalMs: options.commitIntervalMs ?? 20,
      logger,
      onCommitStep: (step, taskId) => {
        if (step === 'log committed') this.commits.set(taskId, (this.commits.get(taskId) ?? 0) + 1);
        options.onCommitStep?.(step, taskId);
      },
    });
    this.engine.failed.catch((error: Error) => {
      this.failure = error;
    });
  }

  /** Starts one, on `directory` or on an empty one. Closed when the application's owner ends. */
  static async start(application: Membership, options: InstanceOptions = {}): Promise<Instance> {
    const directory = options.directory ?? temporaryDirectory();
    mkdirSync(directory, { recursive: true });
    const globals = await openRocksDatabase(join(directory, 'globals'), {
      columnFamilies: globalColumnFamiliesOf(countingTopology()),
    });
    const instance = new Instance(application, options, directory, globals);
    application.owner.after(() => instance.close());
    await instance.engine.open(AbortSignal.timeout(60_000));
    return instance;
  }

  #countReads(): void {
    const { log, changelogRecords, changelogOffsets } = this;
    const fetchChangelog = log.fetchChangelog.bind(log);
    log.fetchChangelog = (taskId, offset, maxRecords) => {
      const part = fetchChangelog(taskId, offset, maxRecords);
      changelogRecords.set(taskId, (changelogRecords.get(taskId) ?? 0) + part.records.length);
      changelogOffsets.set(taskId, part.next);
      return part;
    };
  }

  /** Tasks that run here. */
  get running(): readonly number[] {
    return this.engine
      .tasks()
      .filter(({ status }) => status === 'RUNNING')
      .map(({ taskId }) => taskId);
  }

  /** Why one of its tasks does not run. */
  get taskError(): Error | undefined {
    return this.engine.tasks().find(({ error }) => error !== undefined)?.error;
  }

  get totalChangelogRecords(): number {
    return [...this.changelogRecords.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Log lines of an event. */
  linesOf(event: string): readonly LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }

  /** Leaves the group as at a graceful stop, and lets go of everything. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.engine.close();
    await this.log.close();
    await this.#closeGlobals();
  }

  /** Digest of what a closed instance's disk holds of a task's stores. */
  async contentHash(taskId: number): Promise<{ readonly digest: string; readonly keys: number }> {
    const topology = countingTopology();
    const databases = rocksTaskDatabases(join(this.directory, 'tasks'), taskColumnFamiliesOf(topology));
    const database = await databases.open(taskId);
    const hash = createHash('sha256');
    let keys = 0;
    for (const { supplier } of topology.stores)
      for (const [key, value] of database.scan(supplier.name, {})) {
        hash.update(`${supplier.name} ${key.length} ${value.length} `).update(key).update(value);
        keys += 1;
      }
    await database.close();
    return { digest: hash.digest('hex'), keys };
  }
}

/** Waits until `condition` holds. @throws with what the instances say of themselves when it does not in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 30_000, instances: watched = [] }: { timeoutMs?: number; instances?: readonly Instance[] } = {},
): Promise<void> {
  for (const end = performance.now() + timeoutMs; !(await condition()); await delay(10)) {
    for (const { failure } of watched) if (failure !== undefined) throw failure;
    if (performance.now() < end) continue;
    const views = watched.map(({ engine, instanceId }) => ({
      instanceId,
      status: engine.status,
      tasks: engine.tasks(),
    }));
    throw new Error(`waited ${timeoutMs} ms for ${what}: ${JSON.stringify(views)}`);
  }
}

/** Every task runs on exactly one of the instances. */
export function allRun(application: Application, running: readonly Instance[]): boolean {
  const tasks = running.flatMap((instance) => instance.running);
  return tasks.length === application.tasks && new Set(tasks).size === tasks.length;
}

/** Waits until everything that was sent to the application has gone through both processors and is shown. */
export async function drained(application: Application, running: readonly Instance[]): Promise<void> {
  const options = { instances: running, timeoutMs: 60_000 };
  await until('every task to run once', () => allRun(application, running), options);
  const { board } = running[0]!;
  const missing = () => differences(board.values, application.expected.groups).filter((_, i) => i < 3);
  await until('the board to show everything', () => missing().length === 0, options).catch((error: Error) => {
    throw new Error(`${error.message}; ${missing().join(', ')}`);
  });
}
