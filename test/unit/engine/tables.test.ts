// Global stores of instances that share a log: what becomes of rows that cannot be read, and of topics that grow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  silentLogger,
} from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { taskAssignor } from '../../../engine/runtime/assignor.ts';
import { GroupEngine, globalColumnFamiliesOf, taskColumnFamiliesOf } from '../../../engine/runtime/index.ts';
import { createMemoryDatabase } from '../../../state/memory-database.ts';
import { json, jsonStore, record } from '../../support/engine.ts';
import { SimulatedCluster } from '../../support/simulated-log.ts';
import { MemoryTaskDatabases } from '../../support/task-databases.ts';
import { waitFor } from '../../support/wait-for.ts';

const TASKS = 2;

class Sums implements Processor<number> {
  #sums!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#sums = context.store('sums');
  }

  process(records: readonly StreamRecord<number>[]): void {
    for (const { key, value } of records) this.#sums.put(key!, (this.#sums.get(key!) ?? 0) + value!);
  }
}

/** Tasks that sum what is sold, and tables that no task reads. */
function shop(...tables: readonly (string | { readonly name: string; readonly topic: string })[]) {
  const builder = new TopologyBuilder()
    .addSource('sold', { topic: 'sold', deserializer: json<number>() })
    .addStore(jsonStore<number>('sums'))
    .addProcessor('sum', () => new Sums(), { parents: ['sold'], stores: ['sums'] });
  for (const table of tables) {
    const { name, topic } = typeof table === 'string' ? { name: table, topic: table } : table;
    builder.addGlobalStore({ topic, deserializer: json<number>(), supplier: jsonStore<number>(name) });
  }
  const topology = builder.build();
  const cluster = new SimulatedCluster();
  const disk = () => createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(topology) });
  const start = async (globalDatabase = disk()) => {
    const engine = new GroupEngine({
      topology,
      log: cluster.connect(),
      partitions: TASKS,
      databases: new MemoryTaskDatabases(taskColumnFamiliesOf(topology)),
      globalDatabase,
      sinks: {},
      assign: taskAssignor({ tasks: TASKS, standbyReplicas: 0 }),
      instanceId: 'instance',
      clock: { nowMs: () => cluster.nowMs },
      commitIntervalMs: 0,
      logger: silentLogger,
    });
    await engine.open(new AbortController().signal);
    return engine;
  };
  const letters = () =>
    (cluster.topics.get('dead-letters') ?? []).reduce((sum, { entries }) => sum + entries.length, 0);
  /** A commit of task 0, which carries the letters. */
  const sell = async (engine: GroupEngine) => {
    const commits = () => engine.tasks().find(({ taskId }) => taskId === 0)?.commitNumber ?? 0;
    await waitFor('task 0', () => engine.tasks().some(({ taskId, status }) => taskId === 0 && status === 'RUNNING'));
    const before = commits();
    cluster.append([record('sold', 'x', 1, cluster.nowMs, 0)]);
    await waitFor('a commit', () => commits() > before);
  };
  const unreadable = (partition: number) => ({
    ...record('limits', 'a', 1, cluster.nowMs, partition),
    value: Buffer.from('{no json'),
  });
  return { cluster, disk, start, letters, sell, unreadable };
}

test('bad rows of a table are sent as dead letters by the owner of task 0, and not again by the next', async () => {
  const { cluster, start, letters, sell, unreadable } = shop('limits');
  const engines = [await start(), await start()];
  const owner = engines.find((engine) => engine.tasks().some(({ taskId }) => taskId === 0))!;
  const other = engines.find((engine) => engine !== owner)!;
  for (let i = 0; i < 50; i++) cluster.append([unreadable(i % TASKS)]);
  await waitFor('the rows', () => engines.every((engine) => engine.tables!.lag() === 0));
  await sell(owner);
  await sell(owner);
  assert.equal(letters(), 50);
  await owner.close();
  await sell(other);
  cluster.append([unreadable(0)]);
  await waitFor('a row', () => other.tables!.lag() === 0);
  await sell(other);
  await sell(other);
  assert.equal(letters(), 51);
  await other.close();
});

test('a bad row that is there before any instance has task 0 is a dead letter as well', async () => {
  const { cluster, start, letters, sell, unreadable } = shop('limits');
  await (await start()).close();
  cluster.append([unreadable(0)]);
  const engine = await start();
  await sell(engine);
  await sell(engine);
  assert.equal(letters(), 1);
  await engine.close();
});

for (const tables of [['limits'], ['limits', 'names']])
  test(`partitions that a topic of ${tables.join(' and ')} gets are read after a restart, with the state on disk`, async () => {
    const { cluster, start, disk } = shop(...tables);
    const database = disk();
    const first = await start(database);
    cluster.append([record('limits', 'a', 1, cluster.nowMs, 0), record('limits', 'b', 2, cluster.nowMs, 1)]);
    for (const name of tables.slice(1)) cluster.append([record(name, 'n', 1, cluster.nowMs, 0)]);
    await waitFor('the rows', () => first.tables!.lag() === 0);
    await first.close();
    cluster.addPartition('limits');
    cluster.append([record('limits', 'c', 3, cluster.nowMs, 2)]);
    const second = await start(database);
    const { tables: opened } = second;
    assert.deepEqual(
      [...opened!.stores().get('limits')!.scan()],
      [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ],
    );
    cluster.append([record('limits', 'd', 4, cluster.nowMs, 2)]);
    assert.equal(opened!.lag(), 1);
    await waitFor('a row', () => opened!.stores().get('limits')!.get('d') === 4);
    await second.close();
  });

test('a topic that was made anew with fewer partitions is read from the start', async () => {
  const { cluster, start, disk } = shop('limits');
  const database = disk();
  const first = await start(database);
  cluster.append([record('limits', 'a', 1, cluster.nowMs, 0), record('limits', 'b', 2, cluster.nowMs, 1)]);
  await waitFor('the rows', () => first.tables!.lag() === 0);
  await first.close();
  cluster.topics.delete('limits');
  cluster.create([{ name: 'limits', partitions: 1, compacted: true, internal: false }], TASKS);
  cluster.append([record('limits', 'c', 3, cluster.nowMs)]);
  const second = await start(database);
  assert.deepEqual([...second.tables!.stores().get('limits')!.scan()], [['c', 3]]);
  await second.close();
});

test('two tables of one topic', async () => {
  const { cluster, start } = shop('limits', { name: 'again', topic: 'limits' });
  const engine = await start();
  cluster.append([record('limits', 'a', 1, cluster.nowMs, 1)]);
  await waitFor('the rows', () => engine.tables!.lag() === 0);
  for (const name of ['limits', 'again']) assert.deepEqual([...engine.tables!.stores().get(name)!.scan()], [['a', 1]]);
  await engine.close();
});
