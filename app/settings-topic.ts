// The topic `settings` of an engine that runs embedded or on Kafka: what stands in it, and a way to add to it.

import type { LogRecord, ProducerRecord } from '../engine/api/index.ts';
import { systemClock } from '../engine/api/index.ts';
import { KafkaAppender } from '../engine/kafka/index.ts';
import { MetricRegistry } from '../engine/telemetry/index.ts';
import { standingSetting } from '../processors/placements.ts';
import { createSerdes, type SourceSerdes } from '../schemas/index.ts';
import type { Setting } from '../schemas/records.ts';
import type { Config } from './config.ts';
import { openEmbedded } from './embedded.ts';
import { kafkaClientOptions, sourceTopicName } from './kafka.ts';
import { scanTopic } from './kafka-scan.ts';
import { createLogger } from './logging.ts';
import { openRegistry } from './registry.ts';

const TOPIC = 'settings';
/** The earliest time that an event may have. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);

/** An open topic. */
export interface SettingsTopic {
  readonly serdes: SourceSerdes;
  /** In force, by name. */
  readonly current: ReadonlyMap<string, Setting>;
  /** Event time for new settings, epoch ms. */
  readonly nowMs: number;
  /** Resolves when they are in the log, and embedded when the engine has published them. */
  append(records: readonly ProducerRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** @throws {EngineError} `DATABASE_LOCKED` where a running engine has the data folder. */
export async function openSettingsTopic(config: Config, isKafka: boolean, signal: AbortSignal): Promise<SettingsTopic> {
  return isKafka ? onKafka(config, signal) : inDataFolder(config);
}

/**
 * In a data folder time is that of its events: a setting of today must not move a replay of ten years ago to today, so it has the time of the
 * newest event, or in an empty folder the earliest.
 */
async function inDataFolder(config: Config): Promise<SettingsTopic> {
  const embedded = await openEmbedded({
    config,
    dataDir: config.dataDir,
    mode: 'replay',
    clock: systemClock,
    logger: createLogger(config.logLevel, 'freshet-settings'),
    metrics: new MetricRegistry(systemClock),
  });
  const { engine, log, serdes } = embedded;
  await engine.runUntilIdle();
  const requests = Array.from({ length: log.partitions(TOPIC) ?? 0 }, (_, partition) => {
    const { start } = log.offsets({ topic: TOPIC, partition });
    return { topic: TOPIC, partition, offset: start, maxRecords: Number.MAX_SAFE_INTEGER };
  });
  return {
    serdes,
    current: standing(
      log.fetch(requests).flatMap(({ records }) => records),
      serdes,
    ),
    nowMs: engine.newestEventMs ?? EARLIEST_MS,
    async append(records) {
      await log.append(records);
      await engine.runUntilIdle();
    },
    close: () => embedded.close(),
  };
}

async function onKafka(config: Config, signal: AbortSignal): Promise<SettingsTopic> {
  const logger = createLogger(config.logLevel, 'freshet-settings');
  const schemas = await openRegistry(config, systemClock, logger, signal);
  const serdes = createSerdes(schemas);
  const records: LogRecord[] = [];
  for await (const record of scanTopic(config, sourceTopicName(config, TOPIC), logger, signal)) records.push(record);
  await schemas.prepare(records.map(({ value }) => value));
  const appender = new KafkaAppender({
    client: kafkaClientOptions(config, logger),
    topicName: (topic) => sourceTopicName(config, topic),
  });
  return {
    serdes,
    current: standing(records, serdes),
    nowMs: systemClock.nowMs(),
    append: async (added) => {
      await appender.append(added);
    },
    async close() {
      await appender.close();
      schemas.close();
    },
  };
}

/** What stands after all records, each key's in the order of its partition; what cannot be read or used the engine has refused. */
function standing(records: readonly LogRecord[], serdes: SourceSerdes): Map<string, Setting> {
  const current = new Map<string, Setting>();
  for (const { key, value } of records) {
    if (key === undefined) continue;
    if (value === null) {
      current.delete(key);
      continue;
    }
    try {
      const setting = standingSetting(current.get(key), serdes.settings.deserialize(value));
      if (setting !== undefined) current.set(key, setting);
    } catch {
      // Refused by the engine, with its reason among the dead letters.
    }
  }
  return current;
}
