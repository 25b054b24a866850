// The engine without a shop: boilers send their temperature, a processor keeps each boiler's highest of the day in a store and
// raises an alarm at a limit that a compacted topic sets. Run it: node examples/boiler-alarms.ts

import {
  columnFamiliesOf,
  EmbeddedLog,
  LOG_COLUMN_FAMILY,
  type Processor,
  type ProcessorContext,
  type Serde,
  StreamEngine,
  type StreamRecord,
  systemClock,
  TopologyBuilder,
} from '../engine/index.ts';
import { createMemoryDatabase, keyValueStore } from '../state/index.ts';

interface Reading {
  celsius: number;
  at: number;
}

/** Values as JSON; a schema compiler would stand here in earnest. */
const json = <V>(): Serde<V> => ({
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as V,
});

class Alarm implements Processor<Reading> {
  #context!: ProcessorContext;

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  process(records: readonly StreamRecord<Reading>[]): void {
    const highest = this.#context.store<ReturnType<typeof store.create>>('highest');
    const limits = this.#context.globalStore<number>('limits');
    highest.load(records.map(({ key }) => key!));
    for (const { key, value, timestampMs } of records) {
      const before = highest.get(key!) ?? Number.NEGATIVE_INFINITY;
      if (value === null || value.celsius <= before) continue;
      highest.put(key!, value.celsius);
      const limit = limits.get(key!) ?? 90;
      if (value.celsius > limit) this.#context.forward({ key, value: { celsius: value.celsius, limit }, timestampMs });
    }
  }
}

const store = keyValueStore<number>({ name: 'highest', codec: json<number>(), cacheMaxBytes: 1_000_000 });

const topology = new TopologyBuilder()
  .addSource('readings', { topic: 'readings', deserializer: json<Reading>(), timestamp: ({ at }) => at })
  .addStore(store)
  .addGlobalStore({
    topic: 'limits',
    deserializer: json<number>(),
    supplier: keyValueStore<number>({ name: 'limits', codec: json<number>(), cacheMaxBytes: 1_000_000 }),
  })
  .addProcessor('alarm', () => new Alarm(), { parents: ['readings'], stores: ['highest'], globalStores: ['limits'] })
  .addSink('alarms', { topic: 'alarms', serializer: json(), parents: ['alarm'] })
  .build();

const database = createMemoryDatabase({ columnFamilies: [...columnFamiliesOf(topology), LOG_COLUMN_FAMILY] });
const log = new EmbeddedLog({ database, clock: systemClock });
const engine = new StreamEngine({
  topology,
  log,
  database,
  sinks: {},
  partitions: 2,
  clock: systemClock,
  mode: 'live',
});
await engine.open();

const now = systemClock.nowMs();
const reading = (boiler: string, celsius: number) => ({
  topic: 'readings',
  key: boiler,
  value: json<Reading>().serialize({ celsius, at: now }),
  timestampMs: now,
});
await log.append([{ topic: 'limits', key: 'cellar', value: json<number>().serialize(70), timestampMs: now }]);
await log.append([reading('cellar', 65), reading('attic', 85), reading('cellar', 72), reading('cellar', 71)]);
await engine.runUntilIdle();

for (const partition of [0, 1])
  for (const { key, value } of log.fetch([{ topic: 'alarms', partition, offset: 0, maxRecords: 10 }])[0]!.records)
    console.log(`alarm: ${key} ${Buffer.from(value!).toString()}`);

engine.close();
await database.close();
