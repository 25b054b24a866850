// Wall-clock time that can also be waited for, so that pacing is tested with a clock moved by hand.
import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../engine/api/index.ts';

export interface WaitingClock extends Clock {
  /** Resolves after `durationMs` (0 or more), or as soon as `signal` aborts. Never rejects. */
  wait(durationMs: number, signal: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemWaitingClock: WaitingClock = {
  nowMs: () => systemClock.nowMs(),
  async wait(durationMs, signal) {
    if (signal.aborted) return;
    try {
      await delay(durationMs, undefined, { signal });
    } catch {
      // The only rejection of a timer is the abort, and the caller looks at the signal itself.
    }
  },
};
