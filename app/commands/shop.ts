// `freshet shop`: the simulated shop as a producer of its own, on Kafka.

import { setTimeout as delay } from 'node:timers/promises';
import { EngineError, systemClock } from '../../engine/api/index.ts';
import { KafkaAppender } from '../../engine/kafka/index.ts';
import { createSerdes } from '../../schemas/index.ts';
import type { Config } from '../config.ts';
import { DemoShop } from '../demo-shop.ts';
import { kafkaClientOptions, sourceTopicName } from '../kafka.ts';
import { createLogger } from '../logging.ts';
import { openRegistry } from '../registry.ts';

const REPORT_MS = 10_000;

export async function runShop(config: Config, signal: AbortSignal): Promise<void> {
  const logger = createLogger(config.logLevel, 'freshet-shop');
  const schemas = await openRegistry(config, systemClock, logger, signal);
  const appender = new KafkaAppender({
    client: kafkaClientOptions(config, logger),
    topicName: (topic) => sourceTopicName(config, topic),
  });
  let appended = 0;
  const shop = new DemoShop({
    log: {
      append: async (records) => {
        for (;;) {
          try {
            const places = await appender.append(records);
            appended += records.length;
            return places;
          } catch (error) {
            // An event that may be there already is told by its id, so it is sent again until the brokers have it.
            if (!(error instanceof EngineError) || signal.aborted) throw error;
            logger.warn('events wait for the brokers', { count: records.length, error: error.message });
            await delay(1_000, undefined, { signal });
          }
        }
      },
    },
    serdes: createSerdes(schemas),
    seed: config.demoSeed,
    eventsPerSecond: config.eventsPerSecond,
    signal,
  });
  process.stdout.write(
    `A simulated shop sends ${config.eventsPerSecond} events a second to ${config.kafkaBrokers}. Ctrl-C ends it.\n`,
  );
  const report = setInterval(() => process.stdout.write(`${appended} events sent\n`), REPORT_MS);
  try {
    await shop.run();
  } finally {
    clearInterval(report);
    await appender.close();
    schemas.close();
    process.stdout.write(`The shop is closed after ${appended} events.\n`);
  }
}
