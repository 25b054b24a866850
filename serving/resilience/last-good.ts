// What was read lately, for the time when the store cannot be asked. Least recently used goes first, by a budget of bytes.
//
// Invariant: an entry is the newest that this process has read, and at most `maxAgeMs` old when it is given back. What the store says is
// absent is remembered as absent: a list that was erased does not come back with an outage.
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../engine/api/index.ts';
import type { StoredEntry } from '../../lists/index.ts';

/** What a key takes beside its value, roughly: the entry, its place in the cache, the key's text. */
const OVERHEAD_BYTES = 200;
/** A value takes so many times its bytes, roughly, with what is decoded of it (decoded-once.ts). */
const DECODED_FACTOR = 6;

interface Kept {
  readAtMs: number;
  readonly entry: StoredEntry | undefined;
}

export interface LastGoodOptions {
  readonly clock: Clock;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export class LastGood {
  readonly #cache: LRUCache<string, Kept>;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;

  constructor({ clock, maxBytes, maxAgeMs }: LastGoodOptions) {
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
    this.#cache = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ entry }, key) =>
        OVERHEAD_BYTES + key.length + DECODED_FACTOR * (entry?.value.byteLength ?? 0),
    });
  }

  /** Takes what was read just now, `undefined` where there is nothing, and gives it back: the same object for the same version. */
  keep(key: string, entry: StoredEntry | undefined): StoredEntry | undefined {
    const readAtMs = this.#clock.nowMs();
    const known = this.#cache.get(key);
    if (known !== undefined && known.entry?.version === entry?.version) {
      known.readAtMs = readAtMs;
      return known.entry;
    }
    // A copy: a value may be a view of all that came from the socket at once, and would keep that.
    const kept = entry && { version: entry.version, value: entry.value.slice() };
    this.#cache.set(key, { readAtMs, entry: kept });
    return kept;
  }

  /** The entry; `undefined` where the store had none, or nothing recent is known. */
  recent(key: string): StoredEntry | undefined {
    const kept = this.#cache.get(key);
    if (kept === undefined || this.#clock.nowMs() - kept.readAtMs > this.#maxAgeMs) return undefined;
    return kept.entry;
  }
}
