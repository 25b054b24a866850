// Bytes that are written again and again: what a commit's batches are encoded into. A commit of 1 MB that allocated its bytes anew
// would have every 64th end in a full collection of garbage, since V8 counts what lies outside of its heap; those of a backlog have 5 to 10 MB.

const FIRST_BLOCK_BYTES = 64 * 1024;
const BLOCK_BYTES = 1024 * 1024;
/** What so many commits have not used is let go: large and small ones take turns. */
const KEPT_COMMITS = 32;

export class BatchArena {
  readonly #blocks: Buffer[] = [];
  /** Number of the block that is being used, and the bytes of it that are. */
  #block = 0;
  #used = 0;
  /** Blocks that the commits since the last look have used, and the number of those commits. */
  #most = 0;
  #commits = 0;

  /** `count` bytes with any content, which are the caller's until `clear`. */
  take(count: number): Buffer {
    for (; this.#block < this.#blocks.length; this.#block++) {
      const block = this.#blocks[this.#block]!;
      const start = this.#used;
      if (start + count <= block.length) {
        this.#used += count;
        return block.subarray(start, this.#used);
      }
      this.#used = 0;
    }
    const bytes = Math.max(count, this.#blocks.length === 0 ? FIRST_BLOCK_BYTES : BLOCK_BYTES);
    this.#blocks.push(Buffer.allocUnsafeSlow(bytes));
    this.#used = count;
    return this.#blocks[this.#block]!.subarray(0, count);
  }

  /** Nobody uses what was taken any more. */
  clear(): void {
    this.#most = Math.max(this.#most, this.#block + 1);
    this.#block = 0;
    this.#used = 0;
    if (++this.#commits < KEPT_COMMITS) return;
    this.#blocks.length = Math.min(this.#blocks.length, this.#most);
    this.#most = 0;
    this.#commits = 0;
  }
}
