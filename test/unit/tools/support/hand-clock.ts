// A clock that only waiting moves: each wait ends at once and the time has passed.
import type { WaitingClock } from '../../../../tools/waiting-clock.ts';

export interface HandClock extends WaitingClock {
  advance(durationMs: number): void;
  /** Called after each wait, before it resolves. */
  afterWait: () => void;
}

export function createHandClock(startMs: number): HandClock {
  let nowMs = startMs;
  const clock: HandClock = {
    nowMs: () => nowMs,
    advance(durationMs) {
      nowMs += durationMs;
    },
    afterWait: () => {},
    async wait(durationMs, signal) {
      if (signal.aborted) return;
      nowMs += durationMs;
      clock.afterWait();
    },
  };
  return clock;
}
