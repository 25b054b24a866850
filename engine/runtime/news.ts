// One watcher of the log for all who wait for records: the tasks, restores and global stores of an instance.

import type { LogReader } from '../api/index.ts';

/** Longest wait of the watcher, ms: bounds how late its end is noticed. */
const WATCH_MS = 1_000;

export class News {
  #waiters = new Set<() => void>();

  /** Wakes waiters whenever the log has news, until `signal` aborts. */
  async watch(log: LogReader, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await log.appended(WATCH_MS, signal);
      this.wake();
    }
  }

  wake(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const waiter of waiters) waiter();
  }

  /** Resolves at the next news, after `timeoutMs`, or when `signal` aborts. */
  next(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
