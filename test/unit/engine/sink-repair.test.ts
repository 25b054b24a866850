// Everything that was ever published goes out again when a sink has lost its data, in pieces between which others have their turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyValueStore, type Processor, type ProcessorContext, silentLogger } from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { taskAssignor } from '../../../engine/runtime/assignor.ts';
import { GroupEngine, globalColumnFamiliesOf, taskColumnFamiliesOf } from '../../../engine/runtime/index.ts';
import { createMemoryDatabase } from '../../../state/index.ts';
import { json, jsonStore, record } from '../../support/engine.ts';
import { SimulatedCluster } from '../../support/simulated-log.ts';
import { MemoryTaskDatabases } from '../../support/task-databases.ts';
import { waitFor } from '../../support/wait-for.ts';

const TASKS = 2;
const KEYS = 1_000;
/** Lists that a piece may hold, with some room; all tasks may have one between two turns of the event loop. */
const MOST_AT_ONCE = 50 * TASKS;

test('while a sink is filled again the event loop has its turns', async () => {
  let turn = 0;
  const madeInTurn = new Map<number, number>();
  const republished = new Set<string>();
  const processor = (): Processor<number> => {
    let context: ProcessorContext;
    let store: KeyValueStore<number>;
    const publish = (key: string) => context.forward({ key, value: Buffer.from('v'), timestampMs: 1 });
    return {
      init(given) {
        context = given;
        store = context.store('published');
      },
      process(records) {
        for (const { key, value } of records) {
          store.put(key!, value!);
          publish(key!);
        }
      },
      republish(_sink, keys) {
        madeInTurn.set(turn, (madeInTurn.get(turn) ?? 0) + keys.length);
        for (const key of keys) {
          republished.add(key);
          publish(key);
        }
      },
      *publishedKeys() {
        for (const [key] of store.scan()) yield key;
      },
    };
  };
  const topology = new TopologyBuilder()
    .addSource('in', { topic: 'in', deserializer: json<number>() })
    .addStore(jsonStore<number>('published'))
    .addProcessor('lists', processor, { parents: ['in'], stores: ['published'] })
    .addVersionedSink('board', { sink: 'board', parents: ['lists'] })
    .build();
  let generation = '1';
  const board = { generation: async () => generation, publish: async () => {} };
  const cluster = new SimulatedCluster();
  const engine = new GroupEngine({
    topology,
    log: cluster.connect(),
    partitions: TASKS,
    databases: new MemoryTaskDatabases(taskColumnFamiliesOf(topology)),
    globalDatabase: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(topology) }),
    sinks: { board },
    assign: taskAssignor({ tasks: TASKS, standbyReplicas: 0 }),
    instanceId: 'i',
    clock: { nowMs: () => cluster.nowMs },
    logger: silentLogger,
  });
  await engine.open(new AbortController().signal);
  cluster.append(Array.from({ length: KEYS * TASKS }, (_, i) => record('in', `k${i}`, 1, cluster.nowMs, i % TASKS)));
  await waitFor('all records', () => engine.tasks().every(({ commitNumber }) => commitNumber > 1) && isDone());
  republished.clear();
  madeInTurn.clear();

  let isCounting = true;
  const count = () => {
    turn += 1;
    if (isCounting) setImmediate(count);
  };
  count();
  generation = '2';
  await waitFor('the repair', () => republished.size === KEYS * TASKS);
  isCounting = false;
  await engine.close();
  const most = Math.max(...madeInTurn.values());
  assert.ok(most <= MOST_AT_ONCE, `${most} lists between two turns`);

  function isDone(): boolean {
    return [...engine.lag().values()].every((lag) => lag === 0) && engine.tasks().every((t) => t.waitingLists === 0);
  }
});
