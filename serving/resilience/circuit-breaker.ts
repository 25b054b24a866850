// Keeps requests away from a store that does not answer: after a few failures in a row nothing is asked any more, and a probe in the
// background finds out when it is back. CLOSED -> OPEN -> CLOSED. There is no half-open state (Nygard, Release It!, 2007, has one):
// libraries of this pattern try their luck with a caller's request, and that shopper would wait for the timeout.

/** Failures in a row after which the store is left alone. */
const FAILURES_TO_OPEN = 3;
/** From one probe to the next, ms. */
const PROBE_INTERVAL_MS = 200;

export interface CircuitBreakerOptions {
  /** Resolves when the store answers in time. */
  readonly probe: () => Promise<void>;
  /** Called once for each change, with what failed last when it opens. */
  readonly changed: (isOpen: boolean, error: unknown) => void;
}

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #isOpen = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Nothing is to be asked now. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(error: unknown): void {
    this.#failures += 1;
    if (this.#isOpen || this.#isClosed || this.#failures < FAILURES_TO_OPEN) return;
    this.#isOpen = true;
    this.#options.changed(true, error);
    this.#probeLater();
  }

  /** No probe any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #probeLater(): void {
    this.#timer = setTimeout(() => void this.#probe(), PROBE_INTERVAL_MS);
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.probe();
    } catch {
      if (!this.#isClosed) this.#probeLater();
      return;
    }
    if (this.#isClosed) return;
    this.#isOpen = false;
    this.#failures = 0;
    this.#options.changed(false, undefined);
  }
}
