// One trace through both engines, as a collector of OpenTelemetry sees it: from the headers of a producer's record through USERS, its
// commit, the repartition topic and ITEMS to the published lists. The SDK is the real one, and sends over HTTP.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { parseTraceparent, silentLogger, type Tracer } from '../../engine/api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../../engine/embedded/index.ts';
import {
  columnFamiliesOf,
  GroupEngine,
  globalColumnFamiliesOf,
  StreamEngine,
  taskAssignor,
  taskColumnFamiliesOf,
} from '../../engine/runtime/index.ts';
import { MovedClock } from '../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../state/index.ts';
import { LISTS_SINK } from '../../topology/index.ts';
import { suiteOwner } from '../support/kafka-server.ts';
import { sampled } from '../support/recording-tracer.ts';
import { type CommitFate, SimulatedCluster, type SimulatedLog } from '../support/simulated-log.ts';
import { MemoryTaskDatabases } from '../support/task-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  assertChain,
  type CollectedTracing,
  Lists,
  PARTITIONS,
  startCollectedTracing,
  type TracedEngine,
  tellStory,
  topology,
  view,
} from './chain.ts';

const START_MS = 1_700_000_000_000;

async function openEmbedded(tracer: Tracer): Promise<TracedEngine> {
  const graph = topology();
  const clock = new MovedClock(START_MS);
  const database = createMemoryDatabase({ columnFamilies: [...columnFamiliesOf(graph), LOG_COLUMN_FAMILY] });
  const log = new EmbeddedLog({ database, clock });
  const lists = new Lists();
  const sinks = { [LISTS_SINK]: lists };
  const options = { topology: graph, log, database, sinks, partitions: PARTITIONS, clock, tracer };
  const engine = new StreamEngine({ ...options, mode: 'live' });
  await engine.open();
  return {
    lists,
    commitSpans: ['commit'],
    tables: () => engine.globals!.stores(),
    async send(atMs, records) {
      clock.advance(atMs - clock.nowMs());
      await log.append(records);
      await engine.runUntilIdle();
    },
    close: async () => engine.close(),
  };
}

async function openGroup(tracer: Tracer): Promise<TracedEngine & { readonly log: SimulatedLog }> {
  const graph = topology();
  const cluster = new SimulatedCluster();
  const log = cluster.connect();
  const lists = new Lists();
  const engine = new GroupEngine({
    topology: graph,
    log,
    partitions: PARTITIONS,
    databases: new MemoryTaskDatabases(taskColumnFamiliesOf(graph)),
    globalDatabase: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(graph) }),
    sinks: { [LISTS_SINK]: lists },
    assign: taskAssignor({ tasks: PARTITIONS, standbyReplicas: 0 }),
    instanceId: 'instance',
    clock: { nowMs: () => cluster.nowMs },
    commitIntervalMs: 0,
    logger: silentLogger,
    tracer,
  });
  engine.failed.catch((error: Error) => console.error(error));
  await engine.open(new AbortController().signal);
  await waitFor('tasks that run', () => engine.tasks().every(({ status }) => status === 'RUNNING'));
  return {
    log,
    lists,
    commitSpans: ['commit', 'write state'],
    tables: () => engine.tables!.stores(),
    async send(atMs, records) {
      cluster.nowMs = atMs;
      cluster.append(records);
    },
    close: () => engine.close(),
  };
}

describe('tracing', () => {
  const owner = suiteOwner();
  let tracing: CollectedTracing;

  before(async () => {
    tracing = await startCollectedTracing(owner);
  });

  for (const [name, ids, open] of [
    ['the embedded engine', 0x100, openEmbedded],
    ['the engine of a group', 0x200, openGroup],
  ] as const) {
    test(`${name} continues a producer's trace to the lists of the visitor and of the items`, async () => {
      const engine = await open(tracing.tracer);
      const producer = sampled(ids + 1);
      await tellStory(engine, START_MS, producer);
      await engine.close();
      assertChain(await tracing.spansOf(parseTraceparent(producer)!.traceId), engine, producer);
    });

    test(`${name} links a batch to every other trace in it`, async () => {
      const engine = await open(tracing.tracer);
      const at = START_MS + 10_000;
      const [first, second] = [sampled(ids + 2), sampled(ids + 3)];
      await engine.send(at, [
        view('w', 'X', at, first),
        view('w', 'Y', at, second),
        view('w', 'Z', at, sampled(ids + 4, 0)),
      ]);
      await waitFor('publication', () => engine.lists.size > 0);
      await engine.close();
      const { traceId, spanId } = parseTraceparent(first)!;
      const [process] = (await tracing.spansOf(traceId)).filter((span) => span.parentSpanId === spanId);
      assert.deepEqual(process!.links, [parseTraceparent(second)!.spanId]);
      assert.deepEqual(await tracing.spansOf(parseTraceparent(second)!.traceId), []);
    });
  }

  test('a commit that is lost is in the trace as failed, beside the one that made up for it', async () => {
    const engine = await openGroup(tracing.tracer);
    const at = START_MS + 10_000;
    const producer = sampled(0x400);
    const fates: CommitFate[] = ['lost'];
    engine.log.fateOf = () => fates.pop() ?? 'committed';
    await engine.send(at, [view('w', 'X', at, producer)]);
    await waitFor('publication', () => engine.lists.size > 0);
    await engine.close();
    const { traceId, spanId } = parseTraceparent(producer)!;
    const spans = await tracing.spansOf(traceId);
    const processed = spans.filter((span) => span.parentSpanId === spanId);
    const commits = processed.map((process) =>
      spans.find(({ name, parentSpanId }) => parentSpanId === process.spanId && name.startsWith('commit')),
    );
    assert.deepEqual(
      commits.map((commit) => commit?.attributes['error.type']),
      ['COMMIT_UNCERTAIN', undefined],
    );
    assert.deepEqual(
      processed.map(({ isFailed }) => isFailed),
      [true, false],
    );
  });
});
