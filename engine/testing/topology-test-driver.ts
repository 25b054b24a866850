// Runs a whole topology in memory, one call at a time: the same tasks, commits and log as the engine, no thread, no timer, a clock
// that the test moves. For users' own processors as for ours.

import {
  type Database,
  type LogRecord,
  type Metrics,
  type ProducerRecord,
  type SinkEntry,
  type StateStore,
  silentMetrics,
  type VersionedSink,
} from '../api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../embedded/index.ts';
import { DEAD_LETTER_TOPIC, type Topology } from '../graph/index.ts';
import { columnFamiliesOf, StreamEngine } from '../runtime/index.ts';
import { MovedClock } from './moved-clock.ts';

export interface TopologyTestDriverOptions {
  readonly topology: Topology;
  /** Where state and log live, with the column families of `driverColumnFamilies`: an empty one, or that of an earlier driver to see a restart. */
  readonly database: Database;
  /** @defaultValue 1 */
  readonly partitions?: number;
  /** @defaultValue a clock that starts at 0 */
  readonly clock?: MovedClock;
  /** @defaultValue 'live' */
  readonly mode?: 'live' | 'replay';
  readonly recordsPerBatch?: number;
  readonly metrics?: Metrics;
}

/** Column families that a driver's database needs. */
export function driverColumnFamilies(topology: Topology): string[] {
  return [...columnFamiliesOf(topology), LOG_COLUMN_FAMILY];
}

/** What a versioned sink holds, by key: what a reader would see. */
class RecordingSink implements VersionedSink {
  readonly entries = new Map<string, SinkEntry>();
  /** Every entry in the order of publication. */
  readonly published: SinkEntry[] = [];

  publish(entries: readonly SinkEntry[]): void {
    for (const entry of entries) {
      this.published.push(entry);
      const known = this.entries.get(entry.key);
      if (known === undefined || known.version <= entry.version) this.entries.set(entry.key, entry);
    }
  }
}

/**
 * ```ts
 * const driver = await TopologyTestDriver.open({ topology, database: createMemoryDatabase({ columnFamilies }) });
 * await driver.pipe({ topic: 'readings', key: 'boiler', value: bytes, timestampMs: 1000 });
 * assert.equal(driver.output('alarms').length, 1);
 * driver.close();
 * ```
 */
export class TopologyTestDriver {
  readonly clock: MovedClock;
  readonly #engine: StreamEngine;
  readonly #log: EmbeddedLog;
  readonly #sinks = new Map<string, RecordingSink>();
  readonly #partitions: number;
  readonly #stores: readonly string[];

  private constructor(options: TopologyTestDriverOptions) {
    this.clock = options.clock ?? new MovedClock();
    this.#partitions = options.partitions ?? 1;
    this.#stores = options.topology.stores.map(({ supplier }) => supplier.name);
    this.#log = new EmbeddedLog({ database: options.database, clock: this.clock });
    for (const node of options.topology.nodes)
      if (node.kind === 'versioned-sink') this.#sinks.set(node.sink, new RecordingSink());
    this.#engine = new StreamEngine({
      topology: options.topology,
      log: this.#log,
      database: options.database,
      sinks: Object.fromEntries(this.#sinks),
      partitions: this.#partitions,
      clock: this.clock,
      mode: options.mode ?? 'live',
      metrics: options.metrics ?? silentMetrics,
      ...(options.recordsPerBatch === undefined ? {} : { recordsPerBatch: options.recordsPerBatch }),
    });
  }

  static async open(options: TopologyTestDriverOptions): Promise<TopologyTestDriver> {
    const driver = new TopologyTestDriver(options);
    await driver.#engine.open();
    return driver;
  }

  /** Appends records and processes until nothing is left to do. */
  async pipe(...records: readonly ProducerRecord[]): Promise<void> {
    await this.#log.append(records);
    await this.#engine.runUntilIdle();
  }

  /** Moves the clock, and stream time with it as for an idle input, and fires what is due. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.#engine.runUntilIdle();
    await this.#engine.advanceStreamTime(this.clock.nowMs());
  }

  /** What lies in a topic, partition by partition. */
  output(topic: string): LogRecord[] {
    const requests = Array.from({ length: this.#partitions }, (_, partition) => ({
      topic,
      partition,
      offset: this.#log.offsets({ topic, partition }).start,
      maxRecords: Number.MAX_SAFE_INTEGER,
    }));
    return this.#log.fetch(requests).flatMap(({ records }) => records);
  }

  /** What was refused. */
  deadLetters(): LogRecord[] {
    return this.output(DEAD_LETTER_TOPIC);
  }

  /** What readers of a versioned sink see, by key. @throws {RangeError} for a sink that the topology does not name. */
  published(sink: string): ReadonlyMap<string, SinkEntry> {
    return this.#sink(sink).entries;
  }

  /** Everything that was ever published to a sink, in order. */
  publications(sink: string): readonly SinkEntry[] {
    return this.#sink(sink).published;
  }

  #sink(name: string): RecordingSink {
    const sink = this.#sinks.get(name);
    if (sink === undefined) throw new RangeError(`the topology publishes to no sink "${name}"`);
    return sink;
  }

  /** The store of a task, to look into. @throws {RangeError} for a store or task that does not exist. */
  store<S extends StateStore>(name: string, taskId = 0): S {
    const store = this.#engine.tasks[taskId]?.stores[this.#stores.indexOf(name)];
    if (store === undefined) throw new RangeError(`task ${taskId} has no store "${name}"`);
    return store as S;
  }

  /** The engine underneath, e.g. for its positions. */
  get engine(): StreamEngine {
    return this.#engine;
  }

  close(): void {
    this.#engine.close();
  }
}
