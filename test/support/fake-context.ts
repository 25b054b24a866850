// A processor context without a runtime: stores over the memory database, forwarded records kept in order, a commit and a restart
// by hand. For tests of one processor; whole graphs run in the TopologyTestDriver.

import {
  type Database,
  type Forwarded,
  type KeyValueStore,
  type Metrics,
  type Processor,
  type ProcessorContext,
  type ReadOnlyStore,
  type Serde,
  type StateStore,
  type StreamRecord,
  silentLogger,
} from '../../engine/api/index.ts';
import { createMemoryDatabase, keyValueStore } from '../../state/index.ts';

/** A record that a processor forwarded, and the child it named. */
export interface Sent {
  readonly to: string | undefined;
  readonly record: Forwarded<unknown>;
}

/** Metrics that a test can read. */
export class CountedMetrics implements Metrics {
  readonly counts = new Map<string, number>();

  counter(name: string, attributes: { readonly [name: string]: string | number } = {}) {
    const key = [name, ...Object.values(attributes)].join(' ');
    return { add: (amount: number) => void this.counts.set(key, (this.counts.get(key) ?? 0) + amount) };
  }

  histogram() {
    return { record() {} };
  }

  gauge() {
    return () => {};
  }

  /** Value of a counter by its name and attribute values, 0 where it never counted. */
  count(key: string): number {
    return this.counts.get(key) ?? 0;
  }
}

export interface FakeContextOptions {
  /** Task stores by name. */
  readonly stores?: { readonly [name: string]: Serde<unknown> };
  /** Global stores by name, as plain maps that the test fills. */
  readonly globals?: { readonly [name: string]: ReadonlyMap<string, unknown> };
  readonly taskId?: number;
  readonly partitions?: number;
  /** State of an earlier context: a restart. */
  readonly database?: Database;
}

/** See the head of this file. */
export class FakeContext implements ProcessorContext {
  readonly nodeName = 'under-test';
  readonly taskId: number;
  readonly partitions: number;
  readonly clock = { nowMs: () => this.streamTimeMs };
  readonly metrics = new CountedMetrics();
  readonly logger = silentLogger;
  readonly database: Database;
  /** Everything forwarded since the last `takeSent`. */
  sent: Sent[] = [];
  readonly refused: { readonly record: StreamRecord; readonly code: string; readonly text: string }[] = [];
  streamTimeMs = Number.NEGATIVE_INFINITY;
  commitNumber = 1;
  behind = 0;
  readonly #stores = new Map<string, StateStore>();
  readonly #globals: FakeContextOptions['globals'];
  readonly #timers: { readonly intervalMs: number; readonly punctuate: (nowMs: number) => void; lastMs: number }[] = [];

  constructor(options: FakeContextOptions = {}) {
    this.taskId = options.taskId ?? 0;
    this.partitions = options.partitions ?? 1;
    this.#globals = options.globals;
    const stores = Object.entries(options.stores ?? {});
    this.database = options.database ?? createMemoryDatabase({ columnFamilies: stores.map(([name]) => name) });
    for (const [name, codec] of stores) {
      const supplier = keyValueStore({ name, codec, cacheMaxBytes: 1 << 24 });
      this.#stores.set(
        name,
        supplier.create({ database: this.database, columnFamily: name, prefix: new Uint8Array(0) }),
      );
    }
  }

  store<S extends StateStore>(name: string): S {
    const store = this.#stores.get(name);
    if (store === undefined) throw new RangeError(`no store "${name}"`);
    return store as S;
  }

  globalStore<V>(name: string): ReadOnlyStore<V> {
    const map = this.#globals?.[name] as ReadonlyMap<string, V> | undefined;
    if (map === undefined) throw new RangeError(`no global store "${name}"`);
    return { name, load() {}, get: (key) => map.get(key), scan: () => map };
  }

  forward<V>(record: Forwarded<V>, to?: string): void {
    this.sent.push({ to, record });
  }

  postpone(): boolean {
    return false;
  }

  refuse(record: StreamRecord, code: string, text: string): void {
    this.refused.push({ record, code, text });
  }

  schedule(_name: string, intervalMs: number, _type: string, punctuate: (nowMs: number) => void) {
    const timer = { intervalMs, punctuate, lastMs: Number.NEGATIVE_INFINITY };
    this.#timers.push(timer);
    return { cancel: () => void this.#timers.splice(this.#timers.indexOf(timer), 1) };
  }

  /** Hands a batch to a processor, with stream time moved by it. */
  async process<V>(processor: Processor<V>, records: readonly StreamRecord<V>[]): Promise<void> {
    for (const { timestampMs } of records) this.streamTimeMs = Math.max(this.streamTimeMs, timestampMs);
    await processor.process(records);
  }

  /** Moves stream time and fires the timers that are due. */
  advanceTo(nowMs: number): void {
    this.streamTimeMs = Math.max(this.streamTimeMs, nowMs);
    for (const timer of this.#timers) {
      if (this.streamTimeMs - timer.lastMs < timer.intervalMs) continue;
      timer.lastMs = this.streamTimeMs;
      timer.punctuate(this.streamTimeMs);
    }
  }

  /** Values of what was forwarded to a child since the last call, and forgets all of it. */
  takeSent<V>(to: string): V[] {
    const values = this.sent.filter((sent) => sent.to === to).map(({ record }) => record.value as V);
    this.sent = this.sent.filter((sent) => sent.to !== to);
    return values;
  }

  /** Writes what changed. */
  commit(): void {
    const batch = this.database.createBatch();
    for (const store of this.#stores.values()) {
      store.flush((key, value) => {
        if (value === null) batch.delete(store.name, key);
        else batch.put(store.name, key, value);
      });
    }
    this.database.write(batch);
    for (const store of this.#stores.values()) store.committed();
    this.commitNumber++;
  }

  /** The typed store, for assertions. */
  values<V>(name: string): Map<string, V> {
    return new Map(this.store<KeyValueStore<V>>(name).scan());
  }
}

/** A decoded record with defaults. */
export function streamRecord<V>(overrides: Partial<StreamRecord<V>> & { readonly value: V | null }): StreamRecord<V> {
  const timestampMs = overrides.timestampMs ?? 0;
  return {
    topic: 'clicks',
    partition: 0,
    offset: 0,
    key: undefined,
    timestampMs,
    appendTimeMs: timestampMs,
    headers: undefined,
    ...overrides,
  };
}
