// The application's topics as resources of Strimzi's topic operator: what `freshet topics create` would make with the same settings.

import { parseEnv } from 'node:util';
import { stringify } from 'yaml';
import { readConfig } from '../../app/config.ts';
import { plannedTopics } from '../../app/kafka.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';

/** Copies of each partition; with `min.insync.replicas` of 2 a broker may be away. */
const REPLICAS = 3;

const HEAD = `# Made by \`npm run deploy:generate\` from the settings in base/settings.env: the topics as the engine needs them. The number of partitions is the number
# of tasks, and cannot be changed later.
`;

/** @param settings lines of NAME=value */
export function kafkaTopics(settings: string): string {
  const config = readConfig(parseEnv(settings));
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: 0,
    partitions: config.partitions,
  });
  const resources = plannedTopics(config, topology).map(({ name, partitions, settings }) => ({
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: {
      // A resource may have no underscore in its name.
      name: name.toLowerCase().replaceAll('_', '-'),
      labels: { 'app.kubernetes.io/name': 'freshet', 'strimzi.io/cluster': 'kafka' },
    },
    spec: {
      topicName: name,
      partitions,
      replicas: REPLICAS,
      config: { ...settings, 'min.insync.replicas': '2' },
    },
  }));
  return HEAD + resources.map((resource) => stringify(resource)).join('---\n');
}
