// What has changed of items, as one feed per instance: the index of items writes it, and every task reads it from where it stopped.
// A ring: a reader that is too far behind is told that it has missed something, and has to take everything as changed.

/** What can change of an item that changes lists of others. */
export type ItemChange = 'availability' | 'content' | 'neighbours';

/**
 * Changes that a reader may be behind. Half: a catalog of 40,000 items that is sent again makes every list due, and not those with its
 * items; double: 0.3 MB more.
 */
const RING = 1 << 16;

const KINDS: readonly ItemChange[] = ['availability', 'content', 'neighbours'];

/** The feed. */
export class ItemChanges {
  readonly #denseIds = new Int32Array(RING);
  readonly #kinds = new Uint8Array(RING);
  #count = 0;

  /** Number of changes so far: where a new reader begins. */
  get count(): number {
    return this.#count;
  }

  /** Adds a change. Costs two array writes. */
  add(denseId: number, change: ItemChange): void {
    const at = this.#count++ & (RING - 1);
    this.#denseIds[at] = denseId;
    this.#kinds[at] = KINDS.indexOf(change);
  }

  /** Shows every change since there were `from`, oldest first. Returns false, and shows none, when some of them are gone. */
  read(from: number, visit: (denseId: number, change: ItemChange) => void): boolean {
    if (this.#count - from > RING) return false;
    for (let place = from; place < this.#count; place++) {
      const at = place & (RING - 1);
      visit(this.#denseIds[at]!, KINDS[this.#kinds[at]!]!);
    }
    return true;
  }
}
