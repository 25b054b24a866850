// Trying again until it works or nobody wants it any more.

import { setTimeout as wait } from 'node:timers/promises';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;

/**
 * Calls `attempt` until it resolves, waiting longer after each failure, up to 30 s, with some chance in it so that tasks do not try in
 * step. Resolves with `undefined` when `signal` aborts.
 * @param failed hears each failure.
 */
export async function untilDone<T>(
  attempt: () => Promise<T>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      return { value: await attempt() };
    } catch (error) {
      if (signal.aborted) break;
      failed(error);
    }
    // Rejects when it is aborted, which the loop sees.
    await wait(waitMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
