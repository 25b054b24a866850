// Real Kafka, schema registry and Redis for the tests of one file, and applications on them: topics and schemas are made by the
// functions of the product that make them for everybody.

import { join } from 'node:path';
import { type Config, readConfig } from '../../app/config.ts';
import { kafkaClientOptions, plannedTopics } from '../../app/kafka.ts';
import { registryPlace } from '../../app/registry.ts';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { type RedisServer, startRedis } from '../../deploy/local-stack/redis.ts';
import type { RegistryServer } from '../../deploy/local-stack/registry.ts';
import { silentLogger } from '../../engine/api/index.ts';
import { createKafka, createTopics } from '../../engine/kafka/index.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { registerContracts } from '../../schemas/register-contracts.ts';
import { RegistryHttp } from '../../schemas/registry-http.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';
import { kafkaServer, type Owner } from './kafka-server.ts';
import { registryServer } from './registry-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface ProductionStack {
  readonly kafka: KafkaServer;
  readonly registry: RegistryServer;
  readonly redis: RedisServer;
}

export type Environment = Readonly<{ [name: string]: string }>;

/** One application on the servers. */
export interface Application {
  /** Settings with which every process of the application finds the servers. */
  readonly environment: Environment;
  /** The same, read. */
  readonly config: Config;
}

/** Starts the servers; their owner ends them. Takes ten seconds or so: once per file. */
export async function productionStack(owner: Owner): Promise<ProductionStack> {
  const started = async () => {
    const redis = await startRedis({ directory: join(temporaryDirectory(), 'redis') });
    owner.after(() => redis.stop());
    return redis;
  };
  const [kafka, registry, redis] = await Promise.all([kafkaServer(owner), registryServer(owner), started()]);
  return { kafka, registry, redis };
}

/** Makes the topics and registers the schemas of a new application. */
export async function createApplication(
  stack: ProductionStack,
  appId: string,
  settings: Environment = {},
): Promise<Application> {
  const environment = {
    FRESHET_APP_ID: appId,
    FRESHET_TOPIC_PREFIX: `${appId}-`,
    FRESHET_KAFKA_BROKERS: stack.kafka.bootstrap,
    FRESHET_REGISTRY_URL: stack.registry.url,
    FRESHET_REDIS_URL: stack.redis.url,
    ...settings,
  };
  const config = readConfig(environment);
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: 0,
    partitions: config.partitions,
  });
  const admin = createKafka(kafkaClientOptions(config, silentLogger)).admin();
  await admin.connect();
  try {
    await createTopics(admin, plannedTopics(config, topology));
  } finally {
    await admin.disconnect();
  }
  const place = registryPlace(config);
  await registerContracts({
    registry: new RegistryHttp(place),
    compatibility: 'BACKWARD',
    topicName: place.topicName,
  });
  return { environment, config };
}
