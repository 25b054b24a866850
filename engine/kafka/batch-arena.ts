// Bytes that are written again and again: what a commit's batches are encoded into. A commit of 1 MB that allocated its bytes anew
// would have every 64th end in a full collection of garbage, since V8 counts what lies outside of its heap.

/** Smallest piece of memory, and what is kept of a commit that was larger, bytes. Double: as much more per task. */
const KEPT_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 64 * 1024;

export class BatchArena {
  #bytes = Buffer.alloc(0);
  #used = 0;

  /** `count` bytes with any content, which are the caller's until `clear`. */
  take(count: number): Buffer {
    if (this.#used + count > this.#bytes.length) {
      // What was taken before keeps the old piece alive.
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * this.#bytes.length, count));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += count;
    return this.#bytes.subarray(start, this.#used);
  }

  /** Nobody uses what was taken any more. */
  clear(): void {
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.alloc(0);
    this.#used = 0;
  }
}
