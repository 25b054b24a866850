// What a new owner of a task publishes again, of which there may be much.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Processor, type ProcessorContext, silentLogger, silentMetrics } from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { columnFamiliesOf } from '../../../engine/runtime/index.ts';
import { readersOf } from '../../../engine/runtime/source-record.ts';
import { Task } from '../../../engine/runtime/task.ts';
import { MovedClock } from '../../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../../state/memory-database.ts';
import { json } from '../../support/engine.ts';

const KEYS = Array.from({ length: 1_000 }, (_, i) => `key ${i}`);
const KEY_MS = 0.1;

test('all of it is published, and others have their turns meanwhile', async () => {
  let context: ProcessorContext;
  const lists: Processor = {
    init: (given) => {
      context = given;
    },
    process() {},
    republish(_sink, keys) {
      for (const key of keys) {
        for (const startedMs = performance.now(); performance.now() - startedMs < KEY_MS; );
        context.forward({ key, value: Buffer.from(key), timestampMs: 1 });
      }
    },
  };
  const topology = new TopologyBuilder()
    .addSource('events', { topic: 'events', deserializer: json<object>(), timestamp: () => 1 })
    .addProcessor('lists', () => lists, { parents: ['events'] })
    .addVersionedSink('sink', { sink: 'lists', parents: ['lists'] })
    .build();
  const task = new Task({
    taskId: 0,
    partitions: 1,
    topology,
    readers: readersOf(topology, undefined),
    database: createMemoryDatabase({ columnFamilies: columnFamiliesOf(topology) }),
    globalStores: new Map(),
    clock: new MovedClock(1),
    isReplay: false,
    recordsPerBatch: 1,
    maxRecordBytes: 1_000,
    metrics: silentMetrics,
    logger: silentLogger,
  });
  let turns = 0;
  let other = setImmediate(function turn() {
    turns += 1;
    other = setImmediate(turn);
  });
  const entries = await task.entriesOf('sink', KEYS);
  clearImmediate(other);
  assert.deepEqual(
    entries.get('sink')!.map(({ key, value }) => [key, String(value)]),
    KEYS.map((key) => [key, key]),
  );
  assert(turns >= 10, `${turns} turns in ${KEYS.length * KEY_MS} ms of work`);
});
