// Stream time in a backlog is that of the events: the clock moves it on only where everything in the log has been processed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KeyValueStore, type ProcessorContext, silentLogger } from '../../../engine/api/index.ts';
import { EmbeddedLog } from '../../../engine/embedded/index.ts';
import { type Topology, TopologyBuilder } from '../../../engine/graph/index.ts';
import { taskAssignor } from '../../../engine/runtime/assignor.ts';
import {
  columnFamiliesOf,
  GroupEngine,
  globalColumnFamiliesOf,
  StreamEngine,
  taskColumnFamiliesOf,
} from '../../../engine/runtime/index.ts';
import { createMemoryDatabase } from '../../../state/index.ts';
import { json, jsonStore, record } from '../../support/engine.ts';
import { SimulatedCluster } from '../../support/simulated-log.ts';
import { MemoryTaskDatabases } from '../../support/task-databases.ts';
import { waitFor } from '../../support/wait-for.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const EVENTS = 1_200;
const PER_BATCH = 100;

/** What the topology's processor has seen: its records, and stream time when its timer fired. */
interface Seen {
  records: number;
  readonly fired: number[];
}

/** A timer each minute of stream time over the topic `in`. */
function minutely(seen: Seen): Topology {
  let last: KeyValueStore<number>;
  return new TopologyBuilder()
    .addSource('in', { topic: 'in', deserializer: json<number>() })
    .addStore(jsonStore<number>('last'))
    .addProcessor(
      'window',
      () => ({
        init(context: ProcessorContext) {
          last = context.store('last');
          context.schedule('close', MINUTE_MS, 'STREAM_TIME', (timeMs) => {
            seen.fired.push(timeMs);
            last.put('closed', timeMs);
          });
        },
        process(records) {
          seen.records += records.length;
          last.put('seen', seen.records);
        },
      }),
      { parents: ['in'], stores: ['last'] },
    )
    .build();
}

/** As many events as there are, evenly over an hour from `fromMs`. */
const hourOf = (fromMs: number) =>
  Array.from({ length: EVENTS }, (_, i) => record('in', 'k', i, fromMs + (i * HOUR_MS) / EVENTS, 0));

/** Stream times at which the timer fires when each batch of an hour of events moves them on. */
function batchTimes(fromMs: number): number[] {
  const times: number[] = [];
  for (let taken = PER_BATCH; taken <= EVENTS; taken += PER_BATCH)
    times.push(fromMs + ((taken - 1) * HOUR_MS) / EVENTS);
  return times;
}

test('embedded, what waits in the log is older than the clock, and stream time is its', async () => {
  const seen: Seen = { records: 0, fired: [] };
  const topology = minutely(seen);
  let nowMs = 1_700_000_000_000;
  const clock = { nowMs: () => nowMs };
  const database = createMemoryDatabase({ columnFamilies: ['log', ...columnFamiliesOf(topology)] });
  const log = new EmbeddedLog({ database, clock });
  const engine = new StreamEngine({
    topology,
    log,
    database,
    sinks: {},
    partitions: 1,
    clock,
    mode: 'live',
    recordsPerBatch: PER_BATCH,
  });
  await engine.open();
  const fromMs = nowMs - HOUR_MS;
  await log.append(hourOf(fromMs));
  const stop = new AbortController();
  const running = engine.run(stop.signal);
  await waitFor('the last record', () => seen.records === EVENTS);
  nowMs += 2 * MINUTE_MS;
  await waitFor('the clock', () => seen.fired.at(-1) === nowMs);
  stop.abort();
  await running;
  // The first batch sets the timer.
  assert.deepEqual(seen.fired, [...batchTimes(fromMs).slice(1), nowMs]);
});

test('a task that is taken over fires no timer by the clock before the first answer of the log', async () => {
  const seen: Seen = { records: 0, fired: [] };
  const topology = minutely(seen);
  const cluster = new SimulatedCluster();
  const databases = new MemoryTaskDatabases(taskColumnFamiliesOf(topology));
  const start = async (isLate: () => boolean) => {
    const log = cluster.connect();
    log.isLate = isLate;
    const engine = new GroupEngine({
      topology,
      log,
      partitions: 1,
      databases,
      globalDatabase: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(topology) }),
      sinks: {},
      assign: taskAssignor({ tasks: 1, standbyReplicas: 0 }),
      instanceId: 'i',
      clock: { nowMs: () => cluster.nowMs },
      logger: silentLogger,
      commitIntervalMs: 0,
      recordsPerBatch: PER_BATCH,
    });
    await engine.open(new AbortController().signal);
    return engine;
  };
  const first = await start(() => false);
  cluster.append([record('in', 'k', 0, cluster.nowMs, 0)]);
  await waitFor('the first record', () => seen.records === 1);
  await first.close();

  const fromMs = cluster.nowMs;
  cluster.nowMs += HOUR_MS;
  cluster.append(hourOf(fromMs));
  let asked = 0;
  const second = await start(() => asked++ < 20);
  await waitFor('the last record', () => seen.records === 1 + EVENTS);
  assert.ok(asked > 20);
  cluster.nowMs += 2 * MINUTE_MS;
  await waitFor('the clock', () => seen.fired.at(-1) === cluster.nowMs);
  await second.close();
  const minutes = seen.fired.map((timeMs) => Math.round((timeMs - fromMs) / MINUTE_MS));
  assert.deepEqual(minutes, [5, 15, 35, 60, 62]);
});
