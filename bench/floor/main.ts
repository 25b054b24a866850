// The floor: what any program costs that reads and decodes the clicks, produces what the reference job produces in as many
// transactions, and writes the same lists to Redis, but computes nothing. It plays a tape that the reference job has recorded
// (TAPE=path); the log's and Redis's clients are the engine's, and the contract with the measuring script is the same. What the job
// itself wrote it does not read back.

import { setTimeout as delay } from 'node:timers/promises';
import { type LogRecord, silentLogger } from '../../engine/api/index.ts';
import { topicsOf } from '../../engine/graph/index.ts';
import { createKafkaLog } from '../../engine/kafka/index.ts';
import { clickDeserializer } from '../reference/click.ts';
import { clientOf, naming, prepareTopics, topologyOf } from '../reference/member.ts';
import { RedisLists } from '../reference/redis-lists.ts';
import { settingsOf } from '../reference/settings.ts';
import { Stats } from '../reference/stats.ts';
import { readTape, type TapeCommit } from '../reference/tape.ts';
import { CHANGED, CLICKS, PAIRS } from '../reference/topology.ts';

const READ_AHEAD = 2_000;
const IDLE_MS = 50;

const print = (line: string) => process.stdout.write(`${line}\n`);
const settings = settingsOf(process.env);
if (settings.tape === undefined) throw new RangeError('TAPE must name what a run of the reference job has recorded');
const { tasks } = readTape(settings.tape);
const stats = new Stats((nowMs) => print(`FIRST ${nowMs}`));
await prepareTopics(settings, stats, silentLogger);
const log = createKafkaLog({
  ...naming(settings),
  client: clientOf(settings, silentLogger),
  applicationId: settings.applicationId,
  compression: settings.compression,
});
const closing = new AbortController();
await log.open(topicsOf(topologyOf(settings, stats), settings.partitions));
const lists = await RedisLists.open(settings.redisUrl);
const membership = await log.join({
  assign: (members) => new Map(members.map(({ memberId }) => [memberId, { active: [...tasks.keys()], standby: [] }])),
  state: () => ({ instanceId: settings.applicationId, active: [], offsets: {} }),
  assigned: () => {},
  failed: (error) => {
    throw error;
  },
});

/** Plays a task's commits, each with its share of the clicks. */
async function play(taskId: number, commits: readonly TapeCommit[]): Promise<void> {
  const place = { topic: CLICKS, partition: taskId };
  const writer = await log.claim(taskId);
  const range = (await log.ranges([place]))[0]!;
  const share = Math.ceil((range.end - range.start) / commits.length);
  let offset = range.start;
  for (const commit of commits) {
    const startedMs = performance.now();
    for (let left = share; left > 0 && offset < range.end && !closing.signal.aborted; ) {
      const { records, next } = log.fetch([{ ...place, offset, maxRecords: Math.min(left, READ_AHEAD) }])[0]!;
      if (records.length === 0) await log.appended(IDLE_MS, closing.signal);
      for (const record of records) decode(record);
      left -= records.length;
      offset = next;
    }
    await writer.commit(commit.changelog, commit.records);
    await lists.publish(commit.entries);
    stats.userLists += commit.entries.length;
    const leftMs = settings.commitIntervalMs - (performance.now() - startedMs);
    if (leftMs > 1) await delay(leftMs);
    await membership.commitOffsets([{ ...place, offset }]);
  }
  await writer.close();
}

function decode({ value }: LogRecord): void {
  clickDeserializer.deserialize(value!);
  stats.click(0);
}

process.once('SIGTERM', async () => {
  closing.abort();
  await log.close();
  lists.close();
  process.exit(0);
});

print(`STATE RUNNING ${Date.now()}`);
await Promise.all(tasks.map((commits, taskId) => play(taskId, commits)));
const places = tasks.flatMap((_, partition) => [PAIRS, CHANGED].map((topic) => ({ topic, partition })));
const ends = await log.ranges(places);
await membership.commitOffsets(places.map((place, index) => ({ ...place, offset: ends[index]!.end })));
print(`STATS ${JSON.stringify({ clicks: stats.clicks, lists: stats.userLists })}`);
