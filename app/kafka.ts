// How this application looks on Kafka: its client's settings, the names of its topics, and the log over them.

import { readFileSync } from 'node:fs';
import { type Logger, silentLogger, type TopicSpec } from '../engine/api/index.ts';
import { DEAD_LETTER_TOPIC, type Topology, topicsOf } from '../engine/graph/index.ts';
import {
  createKafka,
  createKafkaLog,
  type KafkaClientOptions,
  type KafkaLog,
  type KafkaLogOptions,
  type PlannedTopic,
  topicPlan,
} from '../engine/kafka/index.ts';
import { type Config, ConfigError } from './config.ts';
import { untilAvailable } from './until-available.ts';
import { changelogName, ownName } from './version.ts';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** @throws {ConfigError} for settings that do not go together, or a file that cannot be read. */
export function kafkaClientOptions(config: Config, logger: Logger): KafkaClientOptions {
  const ssl = tlsOf(config);
  const sasl = saslOf(config);
  return {
    brokers: config.kafkaBrokers.split(',').map((address) => address.trim()),
    clientId: config.appId,
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
    connectionTimeoutMs: CONNECTION_TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    logger,
  };
}

function tlsOf(config: Config): KafkaClientOptions['ssl'] {
  if (config.kafkaTls === 'off') return undefined;
  return {
    ...(config.kafkaTlsCa !== undefined && { ca: readPem('FRESHET_KAFKA_TLS_CA', config.kafkaTlsCa) }),
    ...(config.kafkaTlsCertificate !== undefined && {
      cert: readPem('FRESHET_KAFKA_TLS_CERTIFICATE', config.kafkaTlsCertificate),
    }),
    ...(config.kafkaTlsKey !== undefined && { key: readPem('FRESHET_KAFKA_TLS_KEY', config.kafkaTlsKey) }),
  };
}

function saslOf({ kafkaSasl, kafkaUsername, kafkaPassword }: Config): KafkaClientOptions['sasl'] {
  if (kafkaSasl === 'none') return undefined;
  if (kafkaUsername === undefined || kafkaPassword === undefined)
    throw new ConfigError(`FRESHET_KAFKA_SASL=${kafkaSasl} needs FRESHET_KAFKA_USERNAME and FRESHET_KAFKA_PASSWORD`);
  const user = { username: kafkaUsername, password: kafkaPassword };
  switch (kafkaSasl) {
    case 'plain':
      return { mechanism: 'plain', ...user };
    case 'scram-sha-256':
      return { mechanism: 'scram-sha-256', ...user };
    case 'scram-sha-512':
      return { mechanism: 'scram-sha-512', ...user };
  }
}

/** Text of a PEM file that a setting names. @throws {ConfigError} */
export function readPem(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${variable}: ${(error as Error).message}`);
  }
}

/** Physical name of a topic: the version's own begin with its name, the shop's with the prefix that the shop uses. */
export const topicName = (config: Config, { name, internal }: Pick<TopicSpec, 'name' | 'internal'>) =>
  internal || name === DEAD_LETTER_TOPIC ? `${ownName(config)}-${name}` : `${config.topicPrefix ?? ''}${name}`;

/** Physical name of a topic that the shop writes. */
export const sourceTopicName = (config: Config, name: string) => topicName(config, { name, internal: false });

const naming = (config: Config) => ({
  topicName: (spec: TopicSpec) => topicName(config, spec),
  changelogTopic: changelogName(config),
  deadLetterTopic: DEAD_LETTER_TOPIC,
  tasks: config.partitions,
});

/** The topics that the application needs. */
export function plannedTopics(config: Config, topology: Topology): readonly PlannedTopic[] {
  return topicPlan(topicsOf(topology, config.partitions), {
    ...naming(config),
    ...(config.kafkaReplication > 0 && { replicationFactor: config.kafkaReplication }),
    retentionMs: config.retentionHours * 3_600_000,
  });
}

/** Errors of the client that no waiting mends. */
const FINAL = /SASL|authentication|authorization|certificate|self.signed|verify/i;

/** Waits until a broker answers. @throws when the brokers are there and do not let us in. */
export async function untilBrokersAnswer(config: Config, logger: Logger, signal: AbortSignal): Promise<void> {
  const kafka = createKafka({ ...kafkaClientOptions(config, silentLogger), connectionTimeoutMs: 2_000 });
  const connect = async () => {
    const admin = kafka.admin({ retry: { retries: 0 } });
    try {
      await admin.connect();
    } finally {
      await admin.disconnect();
    }
  };
  const isAway = (error: unknown) => !FINAL.test((error as Error).message);
  await untilAvailable(`Kafka at ${config.kafkaBrokers}`, connect, isAway, logger, signal);
}

/** The log, not open yet. */
export function kafkaLog(config: Config, logger: Logger, onFetched?: KafkaLogOptions['onFetched']): KafkaLog {
  return createKafkaLog({
    ...naming(config),
    client: kafkaClientOptions(config, logger),
    applicationId: ownName(config),
    compression: config.kafkaCompression,
    sessionTimeoutMs: config.sessionTimeoutMs,
    ...(onFetched !== undefined && { onFetched }),
  });
}
