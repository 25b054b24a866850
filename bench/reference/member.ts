// One member of the group that does the reference job: an engine with its log, its databases and its sink.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Logger, systemClock } from '../../engine/api/index.ts';
import { DEAD_LETTER_TOPIC, topicsOf } from '../../engine/graph/index.ts';
import {
  createKafka,
  createKafkaLog,
  createTopics,
  type KafkaClientOptions,
  topicPlan,
} from '../../engine/kafka/index.ts';
import { GroupEngine, globalColumnFamiliesOf, taskAssignor, taskColumnFamiliesOf } from '../../engine/runtime/index.ts';
import { openRocksDatabase, rocksTaskDatabases } from '../../state/index.ts';
import { CacheGauge } from './cache-gauge.ts';
import { ItemIds } from './item-ids.ts';
import { RedisLists } from './redis-lists.ts';
import type { Settings } from './settings.ts';
import type { Stats } from './stats.ts';
import { TapeRecorder } from './tape.ts';
import { CLICKS, LISTS_SINK, NEIGHBOURS_TOPIC, referenceTopology } from './topology.ts';

export interface Member {
  readonly engine: GroupEngine;
  /** What its stores keep decoded in memory. */
  cacheBytes(): number;
  close(): Promise<void>;
}

export const clientOf = (settings: Settings, logger: Logger): KafkaClientOptions => ({
  brokers: settings.brokers,
  clientId: settings.applicationId,
  connectionTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  logger,
});

export function naming(settings: Settings) {
  const { applicationId, topicPrefix, partitions } = settings;
  const names: { readonly [topic: string]: string } = {
    [CLICKS]: `${topicPrefix}${CLICKS}`,
    [NEIGHBOURS_TOPIC]: `${topicPrefix}${NEIGHBOURS_TOPIC}`,
    [DEAD_LETTER_TOPIC]: `${applicationId}-${DEAD_LETTER_TOPIC}`,
  };
  return {
    topicName: ({ name }: { readonly name: string }) => names[name] ?? `${applicationId}-${name}-repartition`,
    changelogTopic: `${applicationId}-changelog`,
    deadLetterTopic: DEAD_LETTER_TOPIC,
    tasks: partitions,
  };
}

export const topologyOf = (settings: Settings, stats: Stats) =>
  referenceTopology({ ...settings, stats, ids: new ItemIds(settings.partitions) });

/** Makes the inner topics, and has the clicks' topic tell when it took a record: by that the engine knows records of the future. */
export async function prepareTopics(settings: Settings, stats: Stats, logger: Logger): Promise<void> {
  const admin = createKafka(clientOf(settings, logger)).admin();
  await admin.connect();
  try {
    const name = naming(settings).topicName({ name: CLICKS });
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name, configEntries }] });
    await createTopics(admin, topicPlan(topicsOf(topologyOf(settings, stats), settings.partitions), naming(settings)));
  } finally {
    await admin.disconnect();
  }
}

/** Joins the group. The topics must be there. */
export async function openMember(
  settings: Settings,
  stats: Stats,
  logger: Logger,
  signal: AbortSignal,
): Promise<Member> {
  const { partitions, stateDirectory, commitIntervalMs, recordsPerBatch, compression } = settings;
  const topology = topologyOf(settings, stats);
  const globalDatabase = await openRocksDatabase(join(stateDirectory, 'global'), {
    columnFamilies: globalColumnFamiliesOf(topology),
    // Its values are in memory besides: what is written here is read at the next start.
    memoryShare: 1 / partitions,
  });
  const lists = await RedisLists.open(settings.redisUrl);
  const log = createKafkaLog({
    ...naming(settings),
    client: clientOf(settings, logger),
    applicationId: settings.applicationId,
    compression,
  });
  const tape = settings.tape === undefined ? undefined : new TapeRecorder(partitions);
  tape?.listen(log);
  const cache = new CacheGauge();
  const engine = new GroupEngine({
    topology,
    log,
    partitions,
    databases: rocksTaskDatabases(join(stateDirectory, 'tasks'), taskColumnFamiliesOf(topology), partitions),
    globalDatabase,
    sinks: { [LISTS_SINK]: tape?.sink(lists) ?? lists },
    assign: taskAssignor({ tasks: partitions, standbyReplicas: 0 }),
    instanceId: randomUUID(),
    clock: systemClock,
    recordsPerBatch,
    commitIntervalMs,
    maxWaitingLists: 20_000,
    metrics: cache,
    logger,
  });
  await engine.open(signal);
  return {
    engine,
    cacheBytes: () => cache.bytes,
    async close() {
      await engine.close();
      await log.close();
      lists.close();
      await globalDatabase.close();
      tape?.save(settings.tape!);
    },
  };
}
