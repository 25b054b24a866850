// The reference job in one process: the engine's embedded log instead of Kafka, one database for log and state, lists in Redis all
// the same. Its clicks are those of the workload's folder (WORKLOAD), which are appended before the clock starts. Prints one line of
// JSON; the workload's verifier reads the lists.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProducerRecord, systemClock } from '../../engine/api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../../engine/embedded/index.ts';
import { topicsOf } from '../../engine/graph/index.ts';
import { columnFamiliesOf, StreamEngine } from '../../engine/runtime/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import { processCost } from '../process-cost.ts';
import { topologyOf } from '../reference/member.ts';
import { RedisLists } from '../reference/redis-lists.ts';
import { settingsOf } from '../reference/settings.ts';
import { Stats } from '../reference/stats.ts';
import { CLICKS, LISTS_SINK } from '../reference/topology.ts';
import { loadWorkload, type Workload } from '../workload.ts';

const APPENDED_AT_ONCE = 5_000;
Buffer.poolSize = 1 << 16;

const { WORKLOAD, EVENTS } = process.env;
if (WORKLOAD === undefined || EVENTS === undefined) throw new RangeError('WORKLOAD and EVENTS must be set');
const settings = settingsOf(process.env);
const stats = new Stats(() => {});
const topology = topologyOf(settings, stats);
const directory = await mkdtemp(join(tmpdir(), 'freshet-bench-embedded-'));
const database = await openRocksDatabase(directory, {
  columnFamilies: [...columnFamiliesOf(topology), LOG_COLUMN_FAMILY],
});
const log = new EmbeddedLog({ database, clock: systemClock });
const lists = await RedisLists.open(settings.redisUrl);
try {
  await log.open(topicsOf(topology, settings.partitions));
  await append(await loadWorkload(WORKLOAD), Number(EVENTS));
  const engine = new StreamEngine({
    topology,
    log,
    database,
    partitions: settings.partitions,
    sinks: { [LISTS_SINK]: lists },
    clock: systemClock,
    mode: 'live',
    // Its batches do not grow.
    recordsPerBatch: 8 * settings.recordsPerBatch,
  });
  await engine.open();
  const before = processCost(process.pid);
  const startedMs = performance.now();
  await engine.runUntilIdle();
  const seconds = (performance.now() - startedMs) / 1_000;
  const after = processCost(process.pid);
  engine.close();
  const answer = {
    clicks: stats.clicks,
    eventsPerSecond: stats.clicks / seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    peakBytes: after.peakBytes,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} finally {
  lists.close();
  await database.close();
  await rm(directory, { recursive: true, force: true });
}

async function append({ clicks, encodeClick }: Workload, events: number): Promise<void> {
  let records: ProducerRecord[] = [];
  for (const click of clicks({ events })) {
    records.push({ topic: CLICKS, key: click.userId, value: encodeClick(click, 1), timestampMs: click.at });
    if (records.length < APPENDED_AT_ONCE) continue;
    await log.append(records);
    records = [];
  }
  if (records.length > 0) await log.append(records);
}
