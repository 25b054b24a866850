// The application's topics as resources of Strimzi's topic operator: what `freshet topics create` would make with the same settings.

import { parseEnv } from 'node:util';
import { stringify } from 'yaml';
import { readConfig } from '../../app/config.ts';
import { plannedTopics } from '../../app/kafka.ts';
import { FIRST_VERSION, ownName } from '../../app/version.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';

/** Copies of each partition; with `min.insync.replicas` of 2 a broker may be away. */
const REPLICAS = 3;

const HEAD = `# Made by \`npm run deploy:generate\` from the settings in base/settings.env: the topics as the engine needs them. The number of partitions is the number
# of tasks, and cannot be changed later.
`;

/**
 * All of them, or of a later version those that the shop and the versions before do not have already.
 * @param settings lines of NAME=value
 */
export function kafkaTopics(settings: string): string {
  const config = readConfig(parseEnv(settings));
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: 0,
    partitions: config.partitions,
  });
  const planned = plannedTopics(config, topology).filter(
    ({ name }) => config.version === FIRST_VERSION || name.startsWith(`${ownName(config)}-`),
  );
  const resources = planned.map(({ name, partitions, settings }) => ({
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: {
      // A resource may have no underscore in its name.
      name: name.toLowerCase().replaceAll('_', '-'),
      labels: {
        'app.kubernetes.io/name': 'freshet',
        'strimzi.io/cluster': 'kafka',
        // Of the version's own ones, which go with it.
        ...(name.startsWith(`${ownName(config)}-`) && { 'freshet/version': config.version }),
      },
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
