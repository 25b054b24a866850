// The punctuators of a task. A timer fires at the first multiple of its interval that has passed (epoch ms), once however
// many it missed; the next time is part of the task's position, so a restart changes nothing.

import type { Cancellable, PunctuationType } from '../api/index.ts';

interface Timer {
  readonly id: string;
  readonly intervalMs: number;
  readonly type: PunctuationType;
  readonly punctuate: (nowMs: number) => void;
  /** `undefined` until the clock has been seen for the first time. */
  nextMs: number | undefined;
  isCancelled: boolean;
}

export class Timers {
  readonly #timers: Timer[] = [];

  schedule(id: string, intervalMs: number, type: PunctuationType, punctuate: (nowMs: number) => void): Cancellable {
    if (!(intervalMs > 0)) throw new RangeError(`timer "${id}": the interval must be above 0 ms, not ${intervalMs}`);
    if (this.#timers.some((timer) => timer.id === id)) throw new RangeError(`timer "${id}" is scheduled twice`);
    const timer: Timer = { id, intervalMs, type, punctuate, nextMs: undefined, isCancelled: false };
    this.#timers.push(timer);
    return {
      cancel: () => {
        timer.isCancelled = true;
      },
    };
  }

  /** Starts the wall-clock timers that never ran: they need no record to begin. A clock that has not started is -Infinity. */
  arm(wallClockMs: number): void {
    if (wallClockMs === Number.NEGATIVE_INFINITY) return;
    for (const timer of this.#timers)
      if (timer.type === 'WALL_CLOCK_TIME') timer.nextMs ??= nextMultiple(wallClockMs, timer.intervalMs);
  }

  /** Fires what is due and returns how many fired. A clock that has not started yet is -Infinity. */
  fire(streamTimeMs: number, wallClockMs: number): number {
    let fired = 0;
    for (const timer of this.#timers) {
      const now = timer.type === 'STREAM_TIME' ? streamTimeMs : wallClockMs;
      if (timer.isCancelled || now === Number.NEGATIVE_INFINITY) continue;
      const isDue = timer.nextMs !== undefined && now >= timer.nextMs;
      if (timer.nextMs === undefined || isDue) timer.nextMs = nextMultiple(now, timer.intervalMs);
      if (!isDue) continue;
      fired += 1;
      timer.punctuate(now);
    }
    return fired;
  }

  /** Whether `fire` would fire anything. */
  isDue(streamTimeMs: number, wallClockMs: number): boolean {
    return this.#timers.some(
      (timer) =>
        !timer.isCancelled &&
        timer.nextMs !== undefined &&
        (timer.type === 'STREAM_TIME' ? streamTimeMs : wallClockMs) >= timer.nextMs,
    );
  }

  /** Longest interval on stream time, ms; 0 without any. Moving stream time on by it fires every such timer. */
  get longestStreamIntervalMs(): number {
    return Math.max(
      0,
      ...this.#timers.filter((timer) => timer.type === 'STREAM_TIME').map((timer) => timer.intervalMs),
    );
  }

  save(): { [id: string]: number } {
    const saved: { [id: string]: number } = {};
    for (const timer of this.#timers) if (timer.nextMs !== undefined) saved[timer.id] = timer.nextMs;
    return saved;
  }

  restore(saved: { readonly [id: string]: number }): void {
    for (const timer of this.#timers) timer.nextMs = saved[timer.id];
  }
}

const nextMultiple = (nowMs: number, intervalMs: number) => (Math.floor(nowMs / intervalMs) + 1) * intervalMs;
