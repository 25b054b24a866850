// How the engine connects to Kafka: the settings of a client, and kafkajs's client and cluster made from them. What kafkajs has to
// say goes to our logger as warnings, the same text at most once in a while: an outage fills no log.

import kafkajs, { type Kafka, type KafkaConfig, type LogEntry } from 'kafkajs';
import type { Logger } from '../api/index.ts';
import { registerCodecs } from './codecs.ts';
import { type Cluster, createSilentLogger, createSocketFactory, KafkaCluster } from './kafkajs-internals.ts';

export interface KafkaClientOptions {
  /** `host:port` of one or more brokers to begin with. */
  readonly brokers: readonly string[];
  /** Seen in the brokers' logs, metrics and quotas. */
  readonly clientId: string;
  /** `true` or the options of a TLS connection; absent for plain text. */
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaConfig['sasl'];
  readonly connectionTimeoutMs: number;
  /** Longest wait for an answer, beyond what the request itself asks the broker to wait. */
  readonly requestTimeoutMs: number;
  readonly logger: Logger;
}

/** The same text of kafkajs is logged at most once in so many ms. */
const REPEAT_MS = 30_000;
/** Texts remembered for that. */
const MAX_TEXTS = 200;

/** Retries of single requests: short first pauses, since a commit waits for them. About 10 s in all. */
const RETRY = { initialRetryTime: 5, maxRetryTime: 2000, multiplier: 2, retries: 12 } as const;

/** What kafkajs's client and its cluster are told alike. */
function connectionSettings({ ssl, sasl, ...options }: KafkaClientOptions) {
  return {
    brokers: [...options.brokers],
    clientId: options.clientId,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: options.connectionTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
  };
}

/** kafkajs's client: for producers, groups and administration. */
export function createKafka(options: KafkaClientOptions): Kafka {
  registerCodecs();
  return new kafkajs.Kafka({
    ...connectionSettings(options),
    retry: RETRY,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => logTo(options.logger),
  });
}

/**
 * Brokers, connections and metadata without a producer or a group: what the reader is built on. It says nothing by itself, and
 * gives up quickly: its user retries and reports.
 */
export function createCluster(options: KafkaClientOptions): Cluster {
  return new KafkaCluster({
    ...connectionSettings(options),
    // Every broker of the list is tried once before a failure is reported.
    retry: { initialRetryTime: 20, maxRetryTime: 200, retries: Math.max(1, options.brokers.length) },
    socketFactory: createSocketFactory(),
    logger: createSilentLogger(),
    enforceRequestTimeout: true,
    metadataMaxAge: 300_000,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    isolationLevel: READ_COMMITTED,
  });
}

/** Isolation level of Kafka's protocol: only what was committed is read. */
export const READ_COMMITTED = 1;
export const READ_UNCOMMITTED = 0;

/**
 * Texts of kafkajs that say nothing of ours: partitions are chosen by us, and a producer whose retries have ended is replaced.
 */
const NOTICES = ['switched default partitioner', 'Limiting retries for the idempotent producer'];

function logTo(logger: Logger): (entry: LogEntry) => void {
  const lastMs = new Map<string, number>();
  return ({ namespace, label, log }) => {
    const text = `${namespace}: ${log.message}`;
    if (NOTICES.some((notice) => text.includes(notice))) return;
    const now = performance.now();
    const last = lastMs.get(text);
    if (last !== undefined && now - last < REPEAT_MS) return;
    if (lastMs.size >= MAX_TEXTS) lastMs.clear();
    lastMs.set(text, now);
    const broker: unknown = log.broker;
    const error: unknown = log.error;
    logger.warn('kafka.client', {
      level: label.toLowerCase(),
      text,
      broker: typeof broker === 'string' ? broker : undefined,
      error: typeof error === 'string' ? error : undefined,
    });
  };
}
