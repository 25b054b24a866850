// What the tasks of an application hold, read from their changelogs into memory by the engine's own code, without claiming anything:
// stores to be looked at, bytes to be compared with those on disks.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Config } from '../../app/config.ts';
import { kafkaLog } from '../../app/kafka.ts';
import { openRegistry } from '../../app/registry.ts';
import {
  type ChangelogPart,
  type Database,
  type KeyValueStore,
  type ReadOnlyStore,
  silentLogger,
  silentMetrics,
  systemClock,
} from '../../engine/api/index.ts';
import { type Topology, topicsOf } from '../../engine/graph/index.ts';
import type { KafkaLog } from '../../engine/kafka/index.ts';
import { ChangelogCopy, restoreStart } from '../../engine/runtime/changelog.ts';
import { globalColumnFamiliesOf, taskColumnFamiliesOf } from '../../engine/runtime/index.ts';
import { News } from '../../engine/runtime/news.ts';
import { decodePosition, POSITION_COLUMN_FAMILY, type TaskPosition } from '../../engine/runtime/position.ts';
import { Tables } from '../../engine/runtime/tables.ts';
import { createSerdes, type RegistrySchemaSource, sourceTopics } from '../../schemas/index.ts';
import { createMemoryDatabase, rocksTaskDatabases } from '../../state/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';

const RECORDS_PER_PART = 5_000;
const WAIT_MS = 1_000;
const PATIENCE_MS = 120_000;

/** A task's state, whole. */
export interface RestoredTask {
  readonly taskId: number;
  readonly database: Database;
  readonly position: TaskPosition;
  /** A store with the values that the database holds. */
  store<V>(name: string): KeyValueStore<V>;
}

export interface RestoredState {
  readonly topology: Topology;
  readonly tasks: readonly RestoredTask[];
  readonly globalStores: ReadonlyMap<string, ReadOnlyStore<unknown>>;
  /** Changelog records read, over all tasks. */
  readonly records: number;
}

/** A reader of what an application has written. */
export class StateReader {
  readonly #config: Config;
  readonly #schemas: RegistrySchemaSource;
  readonly #closing = new AbortController();
  readonly #log: KafkaLog;
  /** How far the changelogs have been followed for their commit numbers. */
  readonly #followed = new Map<number, { readonly numbers: CommitNumbers; next: number }>();

  private constructor(config: Config, schemas: RegistrySchemaSource) {
    this.#config = config;
    this.#schemas = schemas;
    const written: ReadonlySet<string> = new Set(sourceTopics);
    this.#log = kafkaLog(config, silentLogger, (topic, records) =>
      written.has(topic) ? schemas.prepare(records.map(({ value }) => value)) : undefined,
    );
  }

  static async open(config: Config): Promise<StateReader> {
    const schemas = await openRegistry(config, systemClock, silentLogger, AbortSignal.timeout(30_000));
    const reader = new StateReader(config, schemas);
    await reader.#log.open(topicsOf(reader.#topology(), config.partitions));
    return reader;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#log.close();
    this.#schemas.close();
  }

  /** The number of the last commit of each task. @throws {AssertionError} as `restore` */
  async commitNumbers(): Promise<readonly number[]> {
    const numbers: number[] = [];
    for (let taskId = 0; taskId < this.#config.partitions; taskId++) {
      const followed = this.#followed.get(taskId) ?? { numbers: new CommitNumbers(taskId), next: 0 };
      this.#followed.set(taskId, followed);
      const { end } = await this.#log.changelogRange(taskId);
      followed.next = await this.#read(taskId, followed.next, end, ({ records }) => {
        for (const { key, value } of records) followed.numbers.see(key, value);
      });
      numbers.push(followed.numbers.last ?? 0);
    }
    return numbers;
  }

  /** Reads everything that is committed now. @throws {AssertionError} when a number of a changelog's commits is left out or used twice. */
  async restore(): Promise<RestoredState> {
    const topology = this.#topology();
    const tasks: RestoredTask[] = [];
    let records = 0;
    for (let taskId = 0; taskId < this.#config.partitions; taskId++) {
      const database = createMemoryDatabase({ columnFamilies: taskColumnFamiliesOf(topology) });
      records += await this.#copy(topology, taskId, database, new CommitNumbers(taskId));
      tasks.push(restoredTask(topology, taskId, database));
    }
    return { topology, tasks, globalStores: await this.#tables(topology), records };
  }

  /**
   * The tasks that a former owner left in its folder, each brought up to the changelog's end as the owner would at its next start.
   */
  async resume(dataDir: string): Promise<readonly { readonly taskId: number; readonly database: Database }[]> {
    const topology = this.#topology();
    const root = join(dataDir, this.#config.appId, 'tasks');
    const databases = rocksTaskDatabases(root, taskColumnFamiliesOf(topology));
    const resumed: { taskId: number; database: Database }[] = [];
    for (const taskId of await databases.stored()) {
      const database = await databases.open(taskId);
      await this.#copy(topology, taskId, database);
      resumed.push({ taskId, database });
    }
    return resumed;
  }

  #topology(): Topology {
    return buildRecommendationTopology({
      serdes: createSerdes(this.#schemas),
      cacheMaxBytes: 64 << 20,
      partitions: this.#config.partitions,
    });
  }

  async #copy(topology: Topology, taskId: number, database: Database, numbers?: CommitNumbers): Promise<number> {
    const log = this.#log;
    const copy = new ChangelogCopy(database, taskId, taskColumnFamiliesOf(topology));
    const range = await log.changelogRange(taskId);
    const start = restoreStart(copy.mark, range, Date.now(), log.tombstoneRetentionMs);
    assert.notEqual(start, 'set-aside', `task ${taskId}: the disk is ahead of the changelog`);
    if (start === 'from-start') copy.clear();
    copy.begin();
    let records = 0;
    await this.#read(taskId, copy.mark?.next ?? 0, range.end, (part) => {
      for (const { key, value } of part.records) numbers?.see(key, value);
      assert.notEqual(copy.add(part), undefined, `task ${taskId}: the changelog was made anew`);
      records += part.records.length;
    });
    copy.write(Date.now());
    return records;
  }

  /** Reads a changelog from one offset to another, and returns where it has come to. */
  async #read(taskId: number, from: number, end: number, take: (part: ChangelogPart) => void): Promise<number> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    let next = from;
    while (next < end) {
      const part = this.#log.fetchChangelog(taskId, next, RECORDS_PER_PART);
      if (part.next === next) {
        assert.ok(performance.now() < deadlineMs, `the changelog of task ${taskId} ends at ${next}, not ${end}`);
        await this.#log.appended(WAIT_MS, this.#closing.signal);
        continue;
      }
      take(part);
      next = part.next;
    }
    this.#log.forget(taskId);
    return next;
  }

  async #tables(topology: Topology): Promise<RestoredState['globalStores']> {
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#closing.signal]);
    const news = new News();
    const watching = news.watch(this.#log.tables, signal);
    const tables = new Tables({
      topology,
      log: this.#log,
      database: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(topology) }),
      clock: systemClock,
      futureLimitMs: undefined,
      metrics: silentMetrics,
      logger: silentLogger,
      news,
      deadLetters: [],
      ownsLetters: () => false,
    });
    await tables.open(signal);
    ended.abort();
    await watching;
    return tables.stores();
  }
}

/** Holds the commits of a changelog against their numbers: who writes without owning the task repeats one or leaves one out. */
class CommitNumbers {
  readonly #taskId: number;
  readonly #key: Buffer;
  last: number | undefined;
  #lineage: string | undefined;

  constructor(taskId: number) {
    this.#taskId = taskId;
    const family = Buffer.from(POSITION_COLUMN_FAMILY);
    this.#key = Buffer.concat([Buffer.of(family.length), family, Buffer.from(`task:${taskId}`)]);
  }

  see(key: Uint8Array, value: Uint8Array | null): void {
    if (!this.#key.equals(key)) return;
    const { commitNumber, lineage } = decodePosition(value!);
    if (this.last !== undefined)
      assert.deepEqual(
        { commitNumber, lineage },
        { commitNumber: this.last + 1, lineage: this.#lineage },
        `the commit of task ${this.#taskId} after number ${this.last}`,
      );
    this.#lineage = lineage;
    this.last = commitNumber;
  }
}

function restoredTask(topology: Topology, taskId: number, database: Database): RestoredTask {
  const prefix = Uint8Array.of(taskId >> 8, taskId & 0xff);
  const stored = database.get(POSITION_COLUMN_FAMILY, Buffer.from(`task:${taskId}`));
  assert.ok(stored, `task ${taskId} has never committed`);
  return {
    taskId,
    database,
    position: decodePosition(stored),
    store: <V>(name: string) => {
      const { supplier } = topology.stores.find(({ supplier }) => supplier.name === name)!;
      return supplier.create({ database, columnFamily: name, prefix }) as KeyValueStore<V>;
    },
  };
}

/** Keys under which two databases of a task differ, but for how far each says that it has read. */
export function differences(taskId: number, expected: Database, actual: Database, topology: Topology): string[] {
  const found: string[] = [];
  for (const columnFamily of taskColumnFamiliesOf(topology)) {
    const contents = [expected, actual].map((database) => {
      const entries = new Map<string, string>();
      for (const [key, value] of database.scan(columnFamily, {}))
        entries.set(Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex'));
      entries.delete(Buffer.from(`changelog:${taskId}`).toString('hex'));
      return entries;
    });
    for (const key of new Set([...contents[0]!.keys(), ...contents[1]!.keys()]))
      if (contents[0]!.get(key) !== contents[1]!.get(key))
        found.push(`task ${taskId}, ${columnFamily}: ${Buffer.from(key, 'hex').toString('latin1')}`);
  }
  return found;
}
