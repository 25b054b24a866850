// The global stores of an instance: every partition of their topics, applied before the tasks of a round run, so that a
// round's processors all see the same state. Views (indexes in memory) follow every change and are rebuilt at start.

import {
  type Counter,
  type Database,
  EngineError,
  type Fetched,
  type FetchRequest,
  type KeyValueStore,
  type LogRecord,
  type Metrics,
  type ProducerRecord,
  type ReadOnlyStore,
  type WriteBatch,
} from '../api/index.ts';
import type { GlobalStoreSpec, Topology } from '../graph/topology.ts';
import { deadLetterAttributes, deadLetterOf } from './dead-letters.ts';
import { POSITION_COLUMN_FAMILY } from './position.ts';
import { type Refusal, readSourceRecord, refusalOf, type SourceReader } from './source-record.ts';

interface GlobalStore {
  readonly spec: GlobalStoreSpec;
  readonly store: KeyValueStore<unknown>;
  readonly reader: SourceReader;
  /** A source node of the same topic refuses bad records; without one it is done here. */
  readonly isRefusing: boolean;
  /** Counts the records of a topic that no task reads too. */
  readonly counter: Counter | undefined;
  /** Next offset by partition. */
  positions: number[];
}

const encoder = new TextEncoder();
const NO_PREFIX = new Uint8Array(0);

/** Next offset of each partition of a global store's topic, as it was last written with the store. */
export function storedPositions(database: Database, storeName: string): number[] | undefined {
  const stored = database.get(POSITION_COLUMN_FAMILY, encoder.encode(`global:${storeName}`));
  return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored).toString()) as number[]);
}

export class GlobalState {
  readonly #stores: readonly GlobalStore[];
  readonly #metrics: Metrics;
  readonly #recordsPerFetch: number;
  readonly deadLetters: ProducerRecord[] = [];
  #isChanged = false;
  #isBehind = false;

  constructor(options: {
    readonly topology: Topology;
    /** First offset of each partition of a topic: where a store begins that has no position of it. */
    readonly startsOf: (topic: string) => readonly number[];
    readonly database: Database;
    readonly futureLimitMs: number;
    readonly recordsPerFetch: number;
    readonly metrics: Metrics;
  }) {
    const { topology, startsOf, database } = options;
    this.#metrics = options.metrics;
    this.#recordsPerFetch = options.recordsPerFetch;
    const sources = new Set(topology.nodes.flatMap((node) => (node.kind === 'source' ? [node.topic] : [])));
    const sinks = new Set(topology.nodes.flatMap((node) => (node.kind === 'sink' ? [node.topic] : [])));
    this.#stores = topology.globalStores.map((spec) => {
      const stored = storedPositions(database, spec.name);
      return {
        spec,
        store: spec.supplier.create({ database, columnFamily: spec.supplier.name, prefix: NO_PREFIX }),
        reader: {
          deserializer: spec.deserializer,
          timestamp: spec.timestamp,
          keyOf: spec.keyOf,
          allowsTombstones: true,
          futureLimitMs: sinks.has(spec.topic) ? undefined : options.futureLimitMs,
        },
        isRefusing: !sources.has(spec.topic),
        counter: sources.has(spec.topic)
          ? undefined
          : options.metrics.counter('messaging.client.consumed.messages', {
              'messaging.destination.name': spec.topic,
              'messaging.operation.name': 'receive',
            }),
        positions: startsOf(spec.topic).map((start, partition) => stored?.[partition] ?? start),
      };
    });
    for (const { spec, store } of this.#stores)
      if (spec.view !== undefined) for (const [key, value] of store.scan()) spec.view.apply(key, value);
  }

  /** What processors see. */
  stores(): ReadonlyMap<string, ReadOnlyStore<unknown>> {
    return new Map(this.#stores.map(({ spec, store }) => [spec.name, store]));
  }

  get memoryBytes(): readonly { readonly name: string; readonly bytes: number }[] {
    return this.#stores.map(({ spec, store }) => ({ name: spec.name, bytes: store.memoryBytes }));
  }

  wants(): FetchRequest[] {
    return this.#stores.flatMap(({ spec, positions }) =>
      positions.map((offset, partition) => ({
        topic: spec.topic,
        partition,
        offset,
        maxRecords: this.#recordsPerFetch,
      })),
    );
  }

  /** Whether the last `apply` may have left records behind: some answer was as long as it was asked to be. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Applies the answers to `wants`. Returns the number of records. */
  apply(answers: readonly Fetched[]): number {
    this.#isBehind = answers.some(({ records }) => records.length >= this.#recordsPerFetch);
    let applied = 0;
    let index = 0;
    for (const global of this.#stores)
      for (let partition = 0; partition < global.positions.length; partition++) {
        const { records, next } = answers[index++]!;
        for (const record of records) this.#applyRecord(global, record);
        global.positions[partition] = next;
        applied += records.length;
        if (records.length > 0) global.counter?.add(records.length);
      }
    this.#isChanged ||= applied > 0;
    return applied;
  }

  #applyRecord(global: GlobalStore, raw: LogRecord): void {
    const { spec, store, reader, isRefusing } = global;
    const record = readSourceRecord(raw, reader);
    const refusal =
      record.refusal ??
      (record.key === undefined ? { code: 'missing-id', text: 'a record of this topic needs a key' } : undefined);
    if (refusal !== undefined) {
      if (isRefusing) this.#refuse(raw, refusal);
      return;
    }
    const key = record.key!;
    if (record.value === null) {
      store.delete(key);
      this.#view(global, raw, key, undefined);
      return;
    }
    let value: unknown;
    try {
      value = spec.merge === undefined ? record.value : spec.merge(store.get(key), record.value);
    } catch (error) {
      this.#refuse(raw, refusalOf(error, 'processor-failed'));
      return;
    }
    if (value === undefined) return;
    store.put(key, value);
    this.#view(global, raw, key, value);
  }

  #view({ spec }: GlobalStore, { topic, partition, offset }: LogRecord, key: string, value: unknown): void {
    try {
      spec.view?.apply(key, value);
    } catch (cause) {
      throw new EngineError(
        'GLOBAL_STORE_FAILED',
        `the view of global store "${spec.name}" failed at ${topic}-${partition} offset ${offset}: ${String(cause)}`,
        { cause, context: { topic, partition, offset, store: spec.name } },
      );
    }
  }

  #refuse(raw: LogRecord, refusal: Refusal): void {
    this.deadLetters.push(deadLetterOf(raw, refusal, raw.value));
    this.#metrics.counter('freshet.dead_letters', deadLetterAttributes(raw.topic, refusal.code)).add(1);
  }

  /** Puts changes and positions into `batch`. */
  stage(batch: WriteBatch): void {
    if (!this.#isChanged) return;
    for (const { spec, store, positions } of this.#stores) {
      store.flush((key, value) => {
        if (value === null) batch.delete(spec.supplier.name, key);
        else batch.put(spec.supplier.name, key, value);
      });
      batch.put(POSITION_COLUMN_FAMILY, encoder.encode(`global:${spec.name}`), Buffer.from(JSON.stringify(positions)));
    }
  }

  committed(): void {
    if (this.#isChanged) for (const { store } of this.#stores) store.committed();
    this.#isChanged = false;
    this.deadLetters.length = 0;
  }

  /** Next offset of each partition, by topic. */
  *positions(): Generator<{ topic: string; partition: number; offset: number }> {
    for (const { spec, positions } of this.#stores)
      for (const [partition, offset] of positions.entries()) yield { topic: spec.topic, partition, offset };
  }
}
