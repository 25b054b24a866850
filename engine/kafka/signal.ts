/** Something has happened since somebody last looked: `set` is kept until one call of `wait` has seen it. */
export class Signal {
  #isSet = false;
  readonly #waiting = new Set<() => void>();

  set(): void {
    if (this.#waiting.size === 0) {
      this.#isSet = true;
      return;
    }
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Resolves when it is set, which it then is no more, or after `timeoutMs`, or when `signal` aborts. */
  wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isSet || signal.aborted) {
      this.#isSet = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
    });
  }
}
