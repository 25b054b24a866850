// Administration of Kafka by a command: connected while its work goes on. A command waits for no broker: where none answers, it says so.

import type { Admin } from 'kafkajs';
import type { Logger } from '../engine/api/index.ts';
import { createKafka } from '../engine/kafka/index.ts';
import type { Config } from './config.ts';
import { kafkaClientOptions } from './kafka.ts';

/** No broker answers, or none lets us in. */
export class KafkaUnavailableError extends Error {
  override readonly name = 'KafkaUnavailableError';
}

/**
 * Connects, does the work, and disconnects.
 * @param signal ends the wait for a broker; the work hears it by itself.
 * @throws {KafkaUnavailableError} when no broker answers.
 */
export async function withAdmin<T>(
  config: Config,
  { logger, signal }: { readonly logger: Logger; readonly signal?: AbortSignal | undefined },
  work: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = createKafka(kafkaClientOptions(config, logger)).admin();
  try {
    await answered(admin, signal);
  } catch (cause) {
    // Not waited for: a request that nobody answers holds it up.
    void admin.disconnect().catch(() => undefined);
    signal?.throwIfAborted();
    throw new KafkaUnavailableError(`Kafka at ${config.kafkaBrokers} does not answer: ${(cause as Error).message}`, {
      cause,
    });
  }
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Resolves when a broker has answered; rejects when none does, or when the signal comes before. */
async function answered(admin: Admin, signal?: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  // To kafkajs a broker that takes the connection and is silent is connected in the end: only an answer tells.
  const answer = admin.connect().then(() => admin.describeCluster());
  try {
    await Promise.race([answer, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
