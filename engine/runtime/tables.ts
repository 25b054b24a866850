// The global stores of an instance over a shared log: read to the end before any task runs, then followed in the background.
//
// What was read is in memory at once, and on the disk within two seconds, with the positions that go with it: of a key that changes often
// only the last value is written. A crash in between costs reading these again.

import {
  type Clock,
  type Database,
  EngineError,
  type Logger,
  type Metrics,
  type OffsetRange,
  type ProducerRecord,
  type ReadOnlyStore,
  type SharedLog,
} from '../api/index.ts';
import type { Topology } from '../graph/topology.ts';
import { clearDatabase } from './changelog.ts';
import { GlobalState, storedPositions } from './global-state.ts';
import { totalLag } from './log-positions.ts';
import type { News } from './news.ts';
import { POSITION_COLUMN_FAMILY } from './position.ts';
import { DEFAULT_FUTURE_LIMIT_MS } from './source-record.ts';

export interface TablesOptions {
  readonly topology: Topology;
  readonly log: SharedLog;
  readonly database: Database;
  readonly clock: Clock;
  readonly futureLimitMs: number | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly news: News;
  /** Where refused records go. */
  readonly deadLetters: ProducerRecord[];
  /** Whether this instance sends them: every other one reads the same records. */
  ownsLetters(): boolean;
}

/** Tasks have their turn after so many. */
const RECORDS_PER_FETCH = 500;
const IDLE_MS = 200;
/** Changes wait so long to be written, ms. Half: a key that changes with every commit is written twice as often. */
const WRITE_INTERVAL_MS = 2_000;
/** And so many of them at most: until then their values are in memory, whatever the cache's budget. */
const MAX_UNWRITTEN = 20_000;
const WRITTEN_KEY = Buffer.from('globals:written');

export class Tables {
  readonly #options: TablesOptions;
  #state: GlobalState | undefined;
  /** Records applied since the last write. */
  #unwritten = 0;
  #writtenMs = Number.NEGATIVE_INFINITY;

  constructor(options: TablesOptions) {
    this.#options = options;
  }

  /** What processors see. */
  stores(): ReadonlyMap<string, ReadOnlyStore<unknown>> {
    return this.#state!.stores();
  }

  get memoryBytes(): GlobalState['memoryBytes'] {
    return this.#state?.memoryBytes ?? [];
  }

  /** Records that have not been applied. */
  lag(): number {
    return totalLag(this.#options.log.tables, this.#state?.positions() ?? []);
  }

  /** Reads every topic up to the end that it has now. */
  async open(signal: AbortSignal): Promise<void> {
    const { topology, database, metrics, logger } = this.#options;
    const ranges = await this.#ranges();
    const stored = topology.globalStores.flatMap(({ name, topic }) => {
      const positions = storedPositions(database, name);
      return positions === undefined ? [] : [{ positions, ranges: ranges.get(topic)! }];
    });
    if (stored.some((one) => this.#mustBeginAnew(one.positions, one.ranges))) {
      logger.warn('global stores are read from the start', {});
      clearDatabase(database, [...topology.globalStores.map(({ supplier }) => supplier.name), POSITION_COLUMN_FAMILY]);
    }
    this.#state = new GlobalState({
      topology,
      startsOf: (topic) => ranges.get(topic)!.map(({ start }) => start),
      database,
      futureLimitMs: this.#options.futureLimitMs ?? DEFAULT_FUTURE_LIMIT_MS,
      recordsPerFetch: RECORDS_PER_FETCH,
      metrics,
    });
    while (!signal.aborted) {
      const isThere = [...this.#state.positions()].every(
        ({ topic, partition, offset }) => offset >= ranges.get(topic)![partition]!.end,
      );
      if (isThere) break;
      if (!this.#step()) await this.#options.news.next(IDLE_MS, signal);
      else await new Promise(setImmediate);
    }
    this.#write();
  }

  /** The present range of every partition, by topic. */
  async #ranges(): Promise<ReadonlyMap<string, readonly OffsetRange[]>> {
    const { topology, log } = this.#options;
    const places = [...new Set(topology.globalStores.map(({ topic }) => topic))].flatMap((topic) =>
      Array.from({ length: log.partitions(topic) }, (_, partition) => ({ topic, partition })),
    );
    const ranges = new Map<string, OffsetRange[]>(places.map(({ topic }) => [topic, []]));
    for (const [index, range] of (await log.ranges(places)).entries()) ranges.get(places[index]!.topic)!.push(range);
    return ranges;
  }

  /**
   * Whether what is stored cannot follow its topic: that is another than the one it was read from, or has dropped deletions since.
   * A topic may have more partitions than it had.
   */
  #mustBeginAnew(stored: readonly number[], ranges: readonly OffsetRange[]): boolean {
    const { database, clock, log } = this.#options;
    const written = database.get(POSITION_COLUMN_FAMILY, WRITTEN_KEY);
    const writtenMs = written === undefined ? 0 : Number(Buffer.from(written).toString());
    const isOld = clock.nowMs() - writtenMs >= log.tombstoneRetentionMs;
    return stored.some((offset, partition) => {
      const range = ranges[partition];
      return range === undefined || offset > range.end || offset < range.start || (isOld && offset < range.end);
    });
  }

  /** Applies new records until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#step()) await new Promise(setImmediate);
      else await this.#options.news.next(IDLE_MS, signal);
    }
    this.#write();
  }

  /** Applies what there is. Returns whether there was anything. */
  #step(): boolean {
    const { log } = this.#options;
    const state = this.#state!;
    let applied: number;
    try {
      applied = state.apply(log.tables.fetch(state.wants()));
    } catch (error) {
      if (error instanceof EngineError && error.code === 'OFFSET_OUT_OF_RANGE')
        throw new EngineError(
          'GLOBAL_STORE_FAILED',
          `a topic of a global store was cut off or made anew: ${error.message}`,
          {
            cause: error,
            context: error.context,
          },
        );
      throw error;
    }
    this.#unwritten += applied;
    const isDue = performance.now() - this.#writtenMs >= WRITE_INTERVAL_MS;
    // Letters leave when the position behind them is written: written at once, they are sent once.
    if (isDue || this.#unwritten >= MAX_UNWRITTEN || state.deadLetters.length > 0) this.#write();
    return applied > 0;
  }

  #write(): void {
    const { database, clock, deadLetters } = this.#options;
    const state = this.#state!;
    if (this.#unwritten === 0) return;
    const batch = database.createBatch();
    state.stage(batch);
    batch.put(POSITION_COLUMN_FAMILY, WRITTEN_KEY, Buffer.from(String(clock.nowMs())));
    database.write(batch);
    if (this.#options.ownsLetters()) deadLetters.push(...state.deadLetters);
    state.committed();
    this.#unwritten = 0;
    this.#writtenMs = performance.now();
  }
}
