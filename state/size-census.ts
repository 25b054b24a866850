// Sizes of column families by counting. The binding tells no property of a column family, and counters kept at every write cannot
// know whether a put replaced something. So each call counts on from where the last one stopped, for a bounded time, and reports
// the larger of the last whole count and the present one: exact for small databases, a little old for large ones, and never
// slow.

/** How long a call may count, ms. Half: a large database's sizes are twice as old; double: the engine stands still for longer. */
const MS_PER_CALL = 10;
/** Entries between two looks at the clock, which each call counts at least. */
const ENTRIES_PER_LOOK = 1_000;

interface Count {
  bytes: number;
  keys: number;
}

export interface ColumnFamilySize extends Readonly<Count> {
  readonly columnFamily: string;
}

/** Entries of a column family behind `after` (from the start when it is `undefined`), in order. */
export type ScanFrom = (
  columnFamily: string,
  after: Uint8Array | undefined,
) => Iterable<readonly [Uint8Array, Uint8Array]>;

export class SizeCensus {
  readonly #columnFamilies: readonly string[];
  readonly #scanFrom: ScanFrom;
  readonly #nowMs: () => number;
  /** Whole counts of the last round. */
  readonly #complete = new Map<string, Count>();
  readonly #running = new Map<string, Count>();
  #familyIndex = 0;
  #after: Uint8Array | undefined;

  /** @param nowMs a monotonic clock, ms. */
  constructor(columnFamilies: readonly string[], scanFrom: ScanFrom, nowMs: () => number) {
    this.#columnFamilies = columnFamilies;
    this.#scanFrom = scanFrom;
    this.#nowMs = nowMs;
  }

  /** Counts on, and reports every column family. */
  take(): readonly ColumnFamilySize[] {
    this.#countOn();
    return this.#columnFamilies.map((columnFamily) => {
      const complete = this.#complete.get(columnFamily);
      const running = this.#running.get(columnFamily);
      const best = complete !== undefined && complete.keys >= (running?.keys ?? 0) ? complete : running;
      return { columnFamily, bytes: best?.bytes ?? 0, keys: best?.keys ?? 0 };
    });
  }

  #countOn(): void {
    const endMs = this.#nowMs() + MS_PER_CALL;
    let entriesLeft = ENTRIES_PER_LOOK;
    // One round at most: a small database is counted once per call.
    for (let families = 0; families < this.#columnFamilies.length; families++) {
      const columnFamily = this.#columnFamilies[this.#familyIndex]!;
      const count = this.#running.get(columnFamily) ?? { bytes: 0, keys: 0 };
      this.#running.set(columnFamily, count);
      for (const [key, value] of this.#scanFrom(columnFamily, this.#after)) {
        count.keys++;
        count.bytes += key.length + value.length;
        if (--entriesLeft > 0) continue;
        entriesLeft = ENTRIES_PER_LOOK;
        if (this.#nowMs() < endMs) continue;
        this.#after = key;
        return;
      }
      this.#complete.set(columnFamily, count);
      this.#running.delete(columnFamily);
      this.#after = undefined;
      this.#familyIndex = (this.#familyIndex + 1) % this.#columnFamilies.length;
    }
  }
}
