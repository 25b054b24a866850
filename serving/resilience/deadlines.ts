// One time limit for many pieces of work, with one timer for all: a timer for each would cost every request, though hardly any is ever late.
// Work that began first is due first, so only the oldest is looked at.

export class Deadlines<Work> {
  readonly #timeoutMs: number;
  readonly #missed: (work: Work) => void;
  /** When each is due, of `performance.now()`; oldest first. */
  readonly #due = new Map<Work, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param missed called once for work that is not done in time. */
  constructor(timeoutMs: number, missed: (work: Work) => void) {
    this.#timeoutMs = timeoutMs;
    this.#missed = missed;
  }

  begin(work: Work): void {
    this.#due.set(work, performance.now() + this.#timeoutMs);
    this.#timer ??= setTimeout(this.#look, this.#timeoutMs);
  }

  /** Whether it is in time. */
  end(work: Work): boolean {
    return this.#due.delete(work);
  }

  // Where this process was held up, what has arrived meanwhile still counts: sockets are read before the immediate.
  readonly #look = (): void => void setImmediate(this.#judge);

  readonly #judge = (): void => {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (const [work, dueMs] of this.#due) {
      if (dueMs > nowMs) {
        this.#timer = setTimeout(this.#look, dueMs - nowMs);
        return;
      }
      this.#due.delete(work);
      this.#missed(work);
    }
  };
}
