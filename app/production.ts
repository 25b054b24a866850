// Puts an engine instance together over Kafka, a schema registry and Redis. The same topology runs embedded over other adapters of
// the same ports (embedded.ts).

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Logger, Metrics, Tracer } from '../engine/api/index.ts';
import type { KafkaLog } from '../engine/kafka/index.ts';
import {
  type CommitStep,
  GroupEngine,
  globalColumnFamiliesOf,
  taskAssignor,
  taskColumnFamiliesOf,
} from '../engine/runtime/index.ts';
import { type RedisListStore, RedisUnavailableError } from '../lists/index.ts';
import { createSerdes, sourceTopics } from '../schemas/index.ts';
import { openRocksDatabase, rocksTaskDatabases } from '../state/index.ts';
import { buildRecommendationTopology, LISTS_SINK } from '../topology/index.ts';
import type { Config } from './config.ts';
import { ProductionHistory } from './history.ts';
import { kafkaLog, untilBrokersAnswer } from './kafka.ts';
import { loggerOf } from './logging.ts';
import { processCount } from './processes.ts';
import { openRedisLists } from './redis.ts';
import { openRegistry } from './registry.ts';
import { loadReranker } from './reranker.ts';
import { followServedVersions } from './served-versions.ts';
import { untilAvailable } from './until-available.ts';
import { ownName } from './version.ts';

export interface ProductionOptions {
  readonly config: Config;
  /** Which of the instance's threads this is, from 0. @defaultValue 0 */
  readonly thread?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer;
  /** Gives up what is being waited for. */
  readonly signal: AbortSignal;
  readonly onCommitStep?: (step: CommitStep, taskId: number) => void;
}

/** An engine instance with what belongs to it. */
export interface Production {
  readonly engine: GroupEngine;
  readonly log: KafkaLog;
  readonly lists: RedisListStore;
  /** Ends tasks, log, lists and databases in this order. */
  close(): Promise<void>;
}

const directoryOf = (config: Config): string => join(config.dataDir, ownName(config));

/**
 * Who this instance is, kept with its state; made when it is missing. All of its threads are of one instance: a copy of a task's state
 * is of use only on another one. Called before they begin, so that none reads what another has not written yet.
 */
export async function instanceIdOf(config: Config): Promise<string> {
  const directory = directoryOf(config);
  const path = join(directory, 'instance-id');
  await mkdir(directory, { recursive: true });
  try {
    await writeFile(path, randomUUID(), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return (await readFile(path, 'utf8')).trim();
}

/**
 * Connects to everything, reads the tables, and joins the group.
 * @throws {EngineError} `TOPIC_MISSING` and others, each with what to do; `DATABASE_LOCKED` when another process uses the folder.
 */
export async function openProduction(options: ProductionOptions): Promise<Production> {
  const { config, thread = 0, clock, logger, metrics, signal } = options;
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const instanceId = await instanceIdOf(config);
    // The first has the folder that an instance of a single thread has: with more or fewer of them its state stays of use.
    const directory = thread === 0 ? directoryOf(config) : join(directoryOf(config), `thread-${thread}`);
    await mkdir(directory, { recursive: true });
    const schemas = await openRegistry(config, clock, loggerOf(logger, 'registry'), signal);
    closers.push(() => schemas.close());
    const topology = buildRecommendationTopology({
      serdes: createSerdes(schemas),
      cacheMaxBytes: config.cacheMaxMb * 1_048_576,
      processes: processCount(config.threads),
      partitions: config.partitions,
      metrics,
      lists: {
        listLength: config.listLength,
        refreshListsPerSecond: config.refreshListsPerSecond,
        nearestContent: 'graph',
        signals: config.signals,
        reranker: await loadReranker(config.reranker),
      },
    });
    const globalDatabase = await openRocksDatabase(join(directory, 'global'), {
      columnFamilies: globalColumnFamiliesOf(topology),
      measured: { metrics, name: 'global' },
    });
    closers.push(() => globalDatabase.close());
    const lists = await untilAvailable(
      'Redis',
      () => openRedisLists(config, loggerOf(logger, 'redis'), { metrics }),
      (error) => error instanceof RedisUnavailableError,
      logger,
      signal,
    );
    closers.push(() => lists.close());
    const versions = await followServedVersions({
      config,
      file: join(directory, 'served-versions'),
      isKeeper: true,
      logger,
    });
    closers.push(() => versions.close());
    await untilBrokersAnswer(config, logger, signal);
    const written: ReadonlySet<string> = new Set(sourceTopics);
    const log = kafkaLog(config, loggerOf(logger, 'kafka'), (topic, records) =>
      written.has(topic) ? schemas.prepare(records.map(({ value }) => value)) : undefined,
    );
    closers.push(() => log.close());
    const history = await ProductionHistory.open({
      config,
      log,
      schemas,
      clock,
      metrics,
      logger: loggerOf(logger, 'history'),
    });
    if (history !== undefined) closers.push(() => history.close());
    const engine = new GroupEngine({
      topology,
      log,
      partitions: config.partitions,
      databases: rocksTaskDatabases(
        join(directory, 'tasks'),
        taskColumnFamiliesOf(topology),
        config.partitions,
        metrics,
      ),
      globalDatabase,
      sinks: { [LISTS_SINK]: lists },
      assign: taskAssignor({ tasks: config.partitions, standbyReplicas: config.standbyReplicas }),
      ...(history !== undefined && { historyOf: (taskId: number) => history.historyOf(taskId) }),
      instanceId,
      clock,
      recordsPerBatch: config.recordsPerBatch,
      commitIntervalMs: config.commitIntervalMs,
      maxWaitingLists: config.maxWaitingLists,
      metrics,
      logger: loggerOf(logger, 'engine'),
      ...(options.tracer !== undefined && { tracer: options.tracer }),
      ...(options.onCommitStep !== undefined && { onCommitStep: options.onCommitStep }),
    });
    closers.push(() => engine.close());
    await engine.open(signal);
    return { engine, log, lists, close };
  } catch (error) {
    await close();
    throw error;
  }
}
