// When a failed request to Kafka is tried again: what brokers call retriable, and everything about connections.

import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../api/index.ts';
import { protocolErrorOf } from './broker-requests.ts';

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 1000;

/** Settings, rights and programs must be changed before these go away. */
const PERMANENT: ReadonlySet<string> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'INVALID_TRANSACTION_TIMEOUT',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
  'INCONSISTENT_GROUP_PROTOCOL',
]);

/** True where the same request can never succeed: so says the broker, or the engine itself. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof EngineError) return true;
  if (error instanceof Error && error.name === 'KafkaJSSASLAuthenticationError') return true;
  return PERMANENT.has(protocolErrorOf(error) ?? '');
}

/** Pause before attempt number `attempt` (from 1), ms: doubling, with a share of chance so that clients do not knock together. */
export function pauseMs(attempt: number): number {
  return Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)) * (0.75 + Math.random() / 2);
}

/** Repeats `attempt` until it succeeds, fails for good, `deadlineMs` on `performance.now()` would pass, or `signal` aborts. */
export async function retryUntil<T>(deadlineMs: number, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      const waitMs = pauseMs(failures);
      if (isPermanent(error) || performance.now() + waitMs > deadlineMs) throw error;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted) throw error;
    }
  }
}
