// Reads a topic on Kafka from its start to its present end.

import { EngineError, type Logger, type LogRecord } from '../engine/api/index.ts';
import { KafkaLogReader } from '../engine/kafka/index.ts';
import type { Config } from './config.ts';
import { kafkaClientOptions } from './kafka.ts';
import { withAdmin } from './kafka-admin.ts';

const RECORDS_PER_FETCH = 1_000;
const WAIT_MS = 500;

/**
 * The records of all partitions, one partition after the other, as far as there are any when it is called.
 * @throws {EngineError} `TOPIC_MISSING`
 */
export async function* scanTopic(
  config: Config,
  physicalTopic: string,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<LogRecord> {
  const ranges = await withAdmin(config, { logger, signal }, async (admin) => {
    // kafkajs would wait for a topic that is unknown.
    if (!(await admin.listTopics()).includes(physicalTopic))
      throw new EngineError('TOPIC_MISSING', `topic ${physicalTopic} does not exist: run "freshet topics create"`);
    return admin.fetchTopicOffsets(physicalTopic);
  });
  const reader = new KafkaLogReader({ ...kafkaClientOptions(config, logger), binaryTopics: new Set() });
  try {
    for (const { partition, low, high } of ranges.sort((a, b) => a.partition - b.partition)) {
      const end = Number(high);
      for (let offset = Number(low); offset < end; ) {
        signal.throwIfAborted();
        const [answer] = reader.fetch([{ topic: physicalTopic, partition, offset, maxRecords: RECORDS_PER_FETCH }]);
        if (answer!.next === offset) await reader.appended(WAIT_MS, signal);
        for (const record of answer!.records) if (record.offset < end) yield record;
        offset = answer!.next;
      }
      reader.forget([{ topic: physicalTopic, partition }]);
    }
  } finally {
    await reader.close();
  }
}
