// `freshet topics create`: the topics that the application needs, as it needs them.

import { createTopics } from '../../engine/kafka/index.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';
import type { Config } from '../config.ts';
import { plannedTopics } from '../kafka.ts';
import { withAdmin } from '../kafka-admin.ts';
import { createLogger } from '../logging.ts';

/** Creates what is missing and prints how the rest differs. Returns whether the engine can run on the topics as they are. */
export async function createApplicationTopics(config: Config): Promise<boolean> {
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: 0,
    partitions: config.partitions,
  });
  const plan = plannedTopics(config, topology);
  const logger = createLogger(config.logLevel, 'freshet-topics');
  return withAdmin(config, { logger }, async (admin) => {
    const outcomes = await createTopics(admin, plan);
    for (const { topic, action, differences, isRefused } of outcomes) {
      const partitions = plan.find(({ name }) => name === topic)?.partitions;
      process.stdout.write(`${action === 'created' ? 'created' : 'exists '}  ${topic} (${partitions} partitions)\n`);
      for (const text of differences) process.stdout.write(`         ${isRefused ? 'WRONG: ' : ''}${text}\n`);
    }
    return outcomes.every(({ isRefused }) => !isRefused);
  });
}
