// A map that is kept in key order: a list of sorted chunks, searched by halves, split when full. An insertion moves at most one
// chunk's entries, whatever the size of the map. Invariant: no chunk is empty, and every key of a
// chunk is smaller than every key of the next.

/** Entries per chunk. Half: more chunks to search; double: each insertion moves more. */
const CHUNK_CAPACITY = 512;

interface Chunk<V> {
  readonly keys: string[];
  readonly values: V[];
}

/** Keys are ordered by UTF-16 code units, so latin1 strings of bytes are in byte order. */
export class SortedMap<V> {
  #chunks: Chunk<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const chunk = this.#chunks[this.#chunkOf(key)];
    if (chunk === undefined) return undefined;
    const at = lowerBound(chunk.keys, key);
    return chunk.keys[at] === key ? chunk.values[at] : undefined;
  }

  /** The value that was there before. */
  set(key: string, value: V): V | undefined {
    const chunkIndex = this.#chunkOf(key);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) {
      this.#chunks.push({ keys: [key], values: [value] });
      this.#size++;
      return undefined;
    }
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] === key) {
      const before = chunk.values[at];
      chunk.values[at] = value;
      return before;
    }
    chunk.keys.splice(at, 0, key);
    chunk.values.splice(at, 0, value);
    this.#size++;
    if (chunk.keys.length > CHUNK_CAPACITY) this.#split(chunkIndex, chunk, at);
    return undefined;
  }

  /** The value that was there. */
  delete(key: string): V | undefined {
    const chunkIndex = this.#chunkOf(key);
    const chunk = this.#chunks[chunkIndex];
    if (chunk === undefined) return undefined;
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] !== key) return undefined;
    const before = chunk.values[at];
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    if (chunk.keys.length === 0) this.#chunks.splice(chunkIndex, 1);
    this.#size--;
    return before;
  }

  /**
   * Copies up to `limit` entries of `gte <= key < lt` in order, or from the end when `reverse`. The copy is what makes a reader
   * independent of later changes.
   */
  slice(gte: string, lt: string | undefined, limit: number, reverse: boolean): [string, V][] {
    const found: [string, V][] = [];
    const step = reverse ? -1 : 1;
    let chunkIndex = reverse ? (lt === undefined ? this.#chunks.length - 1 : this.#chunkOf(lt)) : this.#chunkOf(gte);
    for (; chunkIndex >= 0 && chunkIndex < this.#chunks.length; chunkIndex += step) {
      const { keys, values } = this.#chunks[chunkIndex]!;
      const from = lowerBound(keys, gte);
      const to = lt === undefined ? keys.length : lowerBound(keys, lt);
      for (let i = reverse ? to - 1 : from; i >= from && i < to; i += step) {
        if (found.length >= limit) return found;
        found.push([keys[i]!, values[i]!]);
      }
      if (reverse ? from > 0 : to < keys.length) break;
    }
    return found;
  }

  /** The last chunk whose first key is not above `key`; the first chunk when there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#chunks[middle]!.keys[0]! <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }

  #split(chunkIndex: number, chunk: Chunk<V>, inserted: number): void {
    // Keys that arrive in order leave full chunks behind, not half-full ones.
    const isAppend = inserted === chunk.keys.length - 1;
    const at = isAppend ? inserted : chunk.keys.length >>> 1;
    this.#chunks.splice(chunkIndex + 1, 0, { keys: chunk.keys.splice(at), values: chunk.values.splice(at) });
  }
}

/** Index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
