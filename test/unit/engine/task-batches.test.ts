// How many records a task takes at once, and what it tells its processors of how far it is behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Processor, ProcessorContext } from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { json } from '../../support/engine.ts';
import { commit, fill, recordsOf, singleTask } from '../../support/single-task.ts';

const TOPIC = 'clicks';
const USUAL = 5;

interface Batch {
  readonly records: number;
  readonly behind: number;
}

/** A task over a topic of so many records, which are all there. */
function taskOver(records: number, isReplay = false) {
  const batches: Batch[] = [];
  let context: ProcessorContext;
  const counting: Processor = {
    init: (given) => {
      context = given;
    },
    process: (taken) => void batches.push({ records: taken.length, behind: context.behind }),
  };
  const topology = new TopologyBuilder()
    .addSource(TOPIC, { topic: TOPIC, deserializer: json<object>(), timestamp: () => 1 })
    .addProcessor('counting', () => counting, { parents: [TOPIC] })
    .build();
  const { task, database } = singleTask(topology, { recordsPerBatch: USUAL, isReplay });
  const all = recordsOf(
    TOPIC,
    Array.from({ length: records }, () => ['v', {}]),
  );
  /** Works everything off, a commit after the other. */
  const workOff = async (turnMs: number | undefined): Promise<Batch[]> => {
    for (;;) {
      fill(task, all);
      if (!(await task.process(turnMs))) return batches.splice(0);
      commit(task, database);
    }
  };
  return { workOff };
}

test('a backlog is taken in batches that grow up to eight times the usual size, and the processors are told for how many each stands', async () => {
  const { workOff } = taskOver(5 + 10 + 20 + 40 + 40 + 3);
  assert.deepEqual(await workOff(0), [
    { records: 5, behind: 1 },
    { records: 10, behind: 2 },
    { records: 20, behind: 4 },
    { records: 40, behind: 8 },
    { records: 40, behind: 8 },
    { records: 3, behind: 0 },
  ]);
});

test('a task that keeps up in larger batches is not behind', async () => {
  const { workOff } = taskOver(5 + 10 + 7);
  const batches = await workOff(0);
  assert.deepEqual(batches.at(-1), { records: 7, behind: 0 });
});

test('without a clock, and in a replay, batches have their usual size: what is in one depends on the log alone', async () => {
  const embedded = await taskOver(17).workOff(undefined);
  assert.deepEqual(
    embedded.map(({ records }) => records),
    [5, 5, 5, 2],
  );
  const replayed = await taskOver(12, true).workOff(undefined);
  assert.deepEqual(replayed, [
    { records: 5, behind: 0 },
    { records: 5, behind: 0 },
    { records: 2, behind: 0 },
  ]);
});
