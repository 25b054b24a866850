// How many records a task takes at once, and what that says of how far it is behind. A backlog is worked off in larger batches, as long as
// one is done in time: what is made once for a batch is made less often.

/** A batch that takes longer, the turns of others included, is a sign to do less. */
const SLOW_BATCH_MS = 100;
/** In a backlog batches grow up to so many times their usual size, */
const MAX_GROWTH = 8;
/** while one takes less than this, */
const GROWING_BATCH_MS = 2_000;
/** and become smaller where one takes longer than this: a task ends after the batch under way. */
const LONGEST_BATCH_MS = 4_000;

export class BatchSize {
  readonly #usual: number;
  #most: number;
  #tookMs = 0;

  /** @param usual records of a batch at most, where there is no backlog. */
  constructor(usual: number) {
    this.#usual = usual;
    this.#most = usual;
  }

  /** Records that the next batch may have. */
  get most(): number {
    return this.#most;
  }

  /** How far the task is behind that takes so many, as `ProcessorContext` has it. */
  behindBy(records: number): number {
    if (records >= this.#most) return records / this.#usual;
    return this.#tookMs > SLOW_BATCH_MS ? 1 : 0;
  }

  /** A batch has been processed. */
  took(tookMs: number): void {
    this.#tookMs = tookMs;
  }

  /** After a batch of so many records, where the next may have another size. `left` is what it has left of the topic with the most. */
  adapt(records: number, left: number): void {
    const isFull = records >= this.#most;
    if (isFull && this.#tookMs < GROWING_BATCH_MS) this.#most = Math.min(2 * this.#most, MAX_GROWTH * this.#usual);
    // What has to wait for its turn is a backlog too.
    else if ((!isFull && left < this.#usual) || this.#tookMs > LONGEST_BATCH_MS)
      this.#most = Math.max(this.#usual, this.#most / 2);
  }
}
