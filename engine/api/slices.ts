// Long work on the one thread in slices, between which other tasks, and what came for them, have their turn.

import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 4;

/**
 * The slices of one piece of work:
 * ```ts
 * const slices = new Slices();
 * for (const one of many) {
 *   if (slices.isOver()) await slices.turn();
 *   work(one);
 * }
 * await slices.each(others, 16, (some) => workOnAll(some));
 * ```
 */
export class Slices {
  #startedMs = performance.now();

  /** Whether others should have their turn. */
  isOver(): boolean {
    return performance.now() - this.#startedMs > SLICE_MS;
  }

  /** Resolves when they have had it. */
  async turn(): Promise<void> {
    await setImmediate();
    this.#startedMs = performance.now();
  }

  /** Has all of them worked on, so many at once; others may have their turn between. */
  async each<T>(all: readonly T[], atOnce: number, work: (some: readonly T[]) => void): Promise<void> {
    for (let from = 0; from < all.length; from += atOnce) {
      if (this.isOver()) await this.turn();
      work(all.slice(from, from + atOnce));
    }
  }
}
