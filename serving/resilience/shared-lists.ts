// Lists of segments, which many requests need: kept in memory for as long as they are fresh enough, and without an end for the time when the
// store cannot be asked. What a segment's list holds is nobody's own, so it may go into the file of remembered lists, too.
//
// Invariant: everybody's list, once known, is not forgotten. A store that was emptied is filled again by the engines; nobody is shown
// an empty page meanwhile. Blocks count at every answer, so nothing comes back with it that may not be shown.
import { LRUCache } from 'lru-cache';
import { parseListKey, type StoredEntry } from '../../lists/index.ts';

/** Segments kept. A list takes about 3 kB, so all of them about 6 MB. */
const MAX_LISTS = 2_000;

interface Shared {
  readonly entry: StoredEntry;
  /** Of `performance.now()`. */
  readonly readAtMs: number;
}

/** Whether a list belongs to a segment. */
export function isSharedList(key: string): boolean {
  return key.startsWith('list:segment:');
}

export class SharedLists {
  readonly #lists = new LRUCache<string, Shared>({ max: MAX_LISTS });
  readonly #maxAgeMs: number;
  #changes = 0;

  /** @param maxAgeMs how long a list is answered with before it is read again; 0: it is read each time. */
  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  /** Grows with every list that is new. */
  get changes(): number {
    return this.#changes;
  }

  /** The list, where it need not be read. */
  fresh(key: string): StoredEntry | undefined {
    if (this.#maxAgeMs === 0) return undefined;
    const known = this.#lists.get(key);
    return known !== undefined && performance.now() - known.readAtMs < this.#maxAgeMs ? known.entry : undefined;
  }

  /** The list, however old. */
  last(key: string): StoredEntry | undefined {
    return this.#lists.get(key)?.entry;
  }

  /** Takes what was read just now, and says what to answer with. */
  keep(key: string, entry: StoredEntry | undefined): StoredEntry | undefined {
    const known = this.#lists.get(key);
    if (entry === undefined) {
      if (known !== undefined && isEverybodys(key)) return known.entry;
      this.#lists.delete(key);
      return undefined;
    }
    const isSame = known?.entry.version === entry.version;
    // A copy: a value may be a view of all that came from the socket at once, and would keep that.
    const kept = isSame ? known.entry : { version: entry.version, value: entry.value.slice() };
    this.#lists.set(key, { entry: kept, readAtMs: performance.now() });
    if (!isSame) this.#changes += 1;
    return kept;
  }

  /** Takes a list of an earlier process. */
  remember(key: string, entry: StoredEntry): void {
    this.#lists.set(key, { entry, readAtMs: Number.NEGATIVE_INFINITY });
  }

  /** Every list, those in most use first. */
  entries(): Iterable<readonly [key: string, entry: StoredEntry]> {
    return [...this.#lists.entries()].map(([key, { entry }]) => [key, entry] as const);
  }
}

function isEverybodys(key: string): boolean {
  return parseListKey(key)?.owner === 'global';
}
