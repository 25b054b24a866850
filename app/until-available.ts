// Waits for a server that is away when the program starts, instead of giving up: whoever starts everything at once has no order.

import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../engine/api/index.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/**
 * Repeats `connect` until it succeeds, rejects with something that `isAway` does not know, or `signal` aborts. Logged once, and once more
 * when the server is there.
 */
export async function untilAvailable<T>(
  server: string,
  connect: () => Promise<T>,
  isAway: (error: unknown) => boolean,
  logger: Logger,
  signal: AbortSignal,
): Promise<T> {
  let waits = 0;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    try {
      const connected = await connect();
      if (waits > 0) logger.info('server is there', { server });
      return connected;
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error)) throw error;
      if (waits === 0) logger.warn('waiting for a server', { server, error: (error as Error).message });
      waits += 1;
      await delay(waitMs, undefined, { signal });
    }
  }
}
