// One task of a topology without an engine around it: the test hands it records, and commits when it likes.

import { type Database, type LogRecord, silentLogger, silentMetrics } from '../../engine/api/index.ts';
import type { Topology } from '../../engine/graph/index.ts';
import { columnFamiliesOf } from '../../engine/runtime/index.ts';
import { readersOf } from '../../engine/runtime/source-record.ts';
import { Task, writerTo } from '../../engine/runtime/task.ts';
import { MovedClock } from '../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../state/memory-database.ts';

export interface SingleTaskOptions {
  /** Of a batch. */
  readonly recordsPerBatch: number;
  readonly isReplay?: boolean;
  readonly clock?: MovedClock;
  /** @defaultValue an empty one */
  readonly database?: Database;
}

/** Task 0 of 1. */
export function singleTask(topology: Topology, options: SingleTaskOptions): { task: Task; database: Database } {
  const database = options.database ?? createMemoryDatabase({ columnFamilies: columnFamiliesOf(topology) });
  const task = new Task({
    taskId: 0,
    partitions: 1,
    topology,
    readers: readersOf(topology, undefined),
    database,
    globalStores: new Map(),
    clock: options.clock ?? new MovedClock(1),
    isReplay: options.isReplay ?? false,
    recordsPerBatch: options.recordsPerBatch,
    maxRecordBytes: 1_000,
    metrics: silentMetrics,
    logger: silentLogger,
  });
  return { task, database };
}

/** Records of partition 0 of a topic, from offset 0, as `[key, JSON value]`. */
export function recordsOf(topic: string, values: readonly (readonly [key: string, value: object])[]): LogRecord[] {
  return values.map(([key, value], offset) => ({
    topic,
    partition: 0,
    offset,
    key,
    value: Buffer.from(JSON.stringify(value)),
    timestampMs: 1,
    appendTimeMs: 1,
    headers: undefined,
  }));
}

/** Hands a task what it wants of the records of its one topic. */
export function fill(task: Task, records: readonly LogRecord[]): void {
  const answers = task.queues.wants().map(({ offset, maxRecords }) => {
    const found = records.slice(offset, offset + maxRecords);
    return { records: found, next: offset + found.length };
  });
  task.queues.fill(answers);
}

/** Commits what the task has processed. */
export function commit(task: Task, database: Database): ReturnType<Task['committed']> {
  const batch = database.createBatch();
  task.stage(writerTo(batch));
  database.write(batch);
  return task.committed();
}
