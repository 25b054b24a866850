// Where the schema registry is, by the settings.

import type { Clock, Logger } from '../engine/api/index.ts';
import { connectRegistry, type RegistrySchemaSource, type SourceTopic } from '../schemas/index.ts';
import type { Config } from './config.ts';
import { sourceTopicName } from './kafka.ts';

/** Longest time that one request to the registry may take, ms. */
const REGISTRY_TIMEOUT_MS = 5_000;

/** The registry and the physical names of the topics in it. */
export const registryPlace = (config: Config) => ({
  url: config.registryUrl,
  username: config.registryUsername,
  password: config.registryPassword,
  timeoutMs: REGISTRY_TIMEOUT_MS,
  topicName: (topic: SourceTopic) => sourceTopicName(config, topic),
});

/** The registry as a source of schemas; waits until it answers. */
export function openRegistry(
  config: Config,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<RegistrySchemaSource> {
  return connectRegistry({ ...registryPlace(config), clock, logger, signal });
}
