// Sizes of column families by counting. The binding tells no property of a column family, and counters kept at every write cannot
// know whether a put replaced something. So each call counts on from where the last one stopped, for a bounded time that the families
// share, and reports the larger of the last whole count and the present one: exact for small families, a little old for large
// ones, and never slow.

/** How long a call may count, ms. Half: a large database's sizes are twice as old; double: the engine stands still for longer. */
const MS_PER_CALL = 10;
/** Entries between two looks at the clock, which each call counts at least. */
const ENTRIES_PER_LOOK = 1_000;

interface Count {
  bytes: number;
  keys: number;
}

/** One family's count under way, and its last whole one. */
interface Census {
  readonly columnFamily: string;
  running: Count;
  after: Uint8Array | undefined;
  complete: Count | undefined;
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
  readonly #families: readonly Census[];
  readonly #scanFrom: ScanFrom;
  readonly #nowMs: () => number;

  /** @param nowMs a monotonic clock, ms. */
  constructor(columnFamilies: readonly string[], scanFrom: ScanFrom, nowMs: () => number) {
    this.#families = columnFamilies.map((columnFamily) => ({
      columnFamily,
      running: { bytes: 0, keys: 0 },
      after: undefined,
      complete: undefined,
    }));
    this.#scanFrom = scanFrom;
    this.#nowMs = nowMs;
  }

  /** Counts on, and reports every column family. */
  take(): readonly ColumnFamilySize[] {
    const startMs = this.#nowMs();
    // Each family has its share of the time, and what those before it have left over.
    for (const [index, family] of this.#families.entries())
      this.#countOn(family, startMs + (MS_PER_CALL * (index + 1)) / this.#families.length);
    return this.#families.map(({ columnFamily, running, complete }) => {
      const best = complete !== undefined && complete.keys >= running.keys ? complete : running;
      return { columnFamily, bytes: best.bytes, keys: best.keys };
    });
  }

  #countOn(family: Census, endMs: number): void {
    let entriesLeft = ENTRIES_PER_LOOK;
    for (const [key, value] of this.#scanFrom(family.columnFamily, family.after)) {
      family.running.keys++;
      family.running.bytes += key.length + value.length;
      if (--entriesLeft > 0) continue;
      entriesLeft = ENTRIES_PER_LOOK;
      if (this.#nowMs() < endMs) continue;
      family.after = key;
      return;
    }
    family.complete = family.running;
    family.running = { bytes: 0, keys: 0 };
    family.after = undefined;
  }
}
