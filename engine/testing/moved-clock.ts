import type { Clock } from '../api/index.ts';

/** A clock that only the test moves. */
export class MovedClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** @throws {RangeError} for a step back: clocks of the engine never go back. */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError(`a clock cannot go back by ${-ms} ms`);
    this.#nowMs += ms;
  }

  advanceTo(timeMs: number): void {
    this.advance(timeMs - this.#nowMs);
  }
}
