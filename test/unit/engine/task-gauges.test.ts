// What gauges say of a task that stands still: its records wait, and the longer the worse.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  silentLogger,
  type VersionedSink,
} from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { taskAssignor } from '../../../engine/runtime/assignor.ts';
import { GroupEngine, globalColumnFamiliesOf, taskColumnFamiliesOf } from '../../../engine/runtime/index.ts';
import { MetricRegistry } from '../../../engine/telemetry/index.ts';
import { createMemoryDatabase } from '../../../state/memory-database.ts';
import { json, record } from '../../support/engine.ts';
import { SimulatedCluster, type SimulatedLog } from '../../support/simulated-log.ts';
import { MemoryTaskDatabases } from '../../support/task-databases.ts';
import { waitFor } from '../../support/wait-for.ts';

const MAX_WAITING = 20;

class Publish implements Processor<number> {
  #context!: ProcessorContext;

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  process(records: readonly StreamRecord<number>[]): void {
    for (const { key } of records) this.#context.forward({ key: key!, value: Buffer.from('v'), timestampMs: 0 });
  }

  republish(): void {}
}

/** An engine that has the only task. */
async function opened(t: TestContext, cluster: SimulatedCluster, log: SimulatedLog, board: VersionedSink) {
  const topology = new TopologyBuilder()
    .addSource('in', { topic: 'in', deserializer: json<number>() })
    .addProcessor('publish', () => new Publish(), { parents: ['in'] })
    .addVersionedSink('board', { sink: 'board', parents: ['publish'] })
    .build();
  const clock = { nowMs: () => cluster.nowMs };
  const registry = new MetricRegistry(clock);
  const engine = new GroupEngine({
    topology,
    log,
    partitions: 1,
    databases: new MemoryTaskDatabases(taskColumnFamiliesOf(topology)),
    globalDatabase: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(topology) }),
    sinks: { board },
    assign: taskAssignor({ tasks: 1, standbyReplicas: 0 }),
    instanceId: 'instance',
    clock,
    commitIntervalMs: 0,
    maxWaitingLists: MAX_WAITING,
    metrics: registry,
    logger: silentLogger,
  });
  t.after(() => engine.close());
  await engine.open(new AbortController().signal);
  const gauge = (name: string) =>
    registry.gauges((error) => assert.fail(String(error))).find((one) => one.name === name)?.value;
  const append = (count: number) => {
    for (let i = 0; i < count; i++) cluster.append([record('in', `k${i}`, 1, cluster.nowMs, 0)]);
  };
  return { engine, gauge, append };
}

/** A task that has consumed all there was and waits for a sink that is away. */
async function paused(t: TestContext) {
  let isAway = true;
  t.after(() => {
    isAway = false;
  });
  const board: VersionedSink = {
    publish: async () => {
      await setImmediate();
      if (isAway) throw new Error('the board is away');
    },
  };
  const cluster = new SimulatedCluster();
  const log = cluster.connect();
  const { engine, gauge, append } = await opened(t, cluster, log, board);
  await waitFor('the task', () => engine.tasks()[0]?.status === 'RUNNING');
  append(MAX_WAITING);
  await waitFor('its lists', () => engine.tasks()[0]!.waitingLists >= MAX_WAITING && gauge('freshet.stream.lag') === 0);
  const comeBack = async () => {
    isAway = false;
    await waitFor('what waits', () => gauge('freshet.stream.lag') === 0);
  };
  return { cluster, log, gauge, append, comeBack };
}

test('records wait for as long as the log has had the first that was read ahead', async (t) => {
  const { cluster, log, gauge, append, comeBack } = await paused(t);
  assert.equal(gauge('freshet.stream.lag.time'), 0);
  append(3);
  const appendedMs = cluster.nowMs;
  const offsets = log.offsets.bind(log);
  t.mock.method(log, 'offsets', (place: Parameters<typeof offsets>[0]) => ({
    ...offsets(place),
    oldestMs: appendedMs,
  }));
  cluster.nowMs += 60_000;
  assert.equal(gauge('freshet.stream.lag'), 3);
  assert.equal(gauge('freshet.stream.lag.time'), 60);
  t.mock.reset();
  await comeBack();
  assert.equal(gauge('freshet.stream.lag.time'), 0);
});

test('where none was read ahead they wait since they were first seen to wait', async (t) => {
  const { cluster, gauge, append, comeBack } = await paused(t);
  append(3);
  assert.equal(gauge('freshet.stream.lag.time'), 0);
  cluster.nowMs += 60_000;
  assert.equal(gauge('freshet.stream.lag.time'), 60);
  await comeBack();
  assert.equal(gauge('freshet.stream.lag.time'), 0);
});

test('a task that was taken over with a backlog is behind from the start, though the log has not answered it yet', async (t) => {
  const cluster = new SimulatedCluster();
  cluster.create([{ name: 'in', partitions: 1, compacted: false, internal: false }], 1);
  for (let i = 0; i < 3; i++) cluster.append([record('in', `k${i}`, 1, cluster.nowMs, 0)]);
  const log = cluster.connect();
  log.isLate = () => true;
  const { engine, gauge } = await opened(t, cluster, log, { publish: async () => {} });
  await waitFor('the task', () => engine.tasks()[0]?.status === 'RUNNING');
  assert.equal(gauge('freshet.stream.lag'), 3);
  assert.deepEqual(engine.lag(), new Map([['in', 3]]));
  log.isLate = () => false;
  await waitFor('the backlog', () => gauge('freshet.stream.lag') === 0);
});

test('lists that wait can be held against how many may', async (t) => {
  const { gauge } = await paused(t);
  assert.ok(gauge('freshet.lists.waiting')! >= MAX_WAITING);
  assert.equal(gauge('freshet.lists.waiting.limit'), MAX_WAITING);
});
