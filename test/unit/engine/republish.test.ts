// What a new owner of a task publishes again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Processor, ProcessorContext } from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { json } from '../../support/engine.ts';
import { singleTask } from '../../support/single-task.ts';

const KEYS = Array.from({ length: 1_000 }, (_, i) => `key ${i}`);

test('all keys of a sink come in one call: which list of a session is whose, only the visitor’s keys beside it tell', async () => {
  const calls: (readonly string[])[] = [];
  let context: ProcessorContext;
  const lists: Processor = {
    init: (given) => {
      context = given;
    },
    process() {},
    republish(_sink, keys) {
      calls.push(keys);
      for (const key of keys) context.forward({ key, value: Buffer.from(key), timestampMs: 1 });
    },
  };
  const topology = new TopologyBuilder()
    .addSource('events', { topic: 'events', deserializer: json<object>(), timestamp: () => 1 })
    .addProcessor('lists', () => lists, { parents: ['events'] })
    .addVersionedSink('sink', { sink: 'lists', parents: ['lists'] })
    .build();
  const { task } = singleTask(topology, { recordsPerBatch: 1 });
  const entries = await task.entriesOf('sink', KEYS);
  assert.deepEqual(calls, [KEYS]);
  assert.deepEqual(
    entries.get('sink')!.map(({ key, value }) => [key, String(value)]),
    KEYS.map((key) => [key, key]),
  );
});
