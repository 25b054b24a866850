import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Database,
  EngineError,
  type Forwarded,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  RefusedRecordError,
  type StreamRecord,
  systemClock,
} from '../../../engine/api/index.ts';
import { EmbeddedLog } from '../../../engine/embedded/index.ts';
import { type Topology, TopologyBuilder } from '../../../engine/graph/index.ts';
import { COMMIT_STEPS, StreamEngine } from '../../../engine/runtime/index.ts';
import { MetricRegistry } from '../../../engine/telemetry/index.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../../state/memory-database.ts';
import { json, jsonStore, record } from '../../support/engine.ts';

interface Reading {
  meter: string;
  district: string;
  kwh: number;
}

/** Sums by meter, sends to the district's task, and keeps a board of district sums and a global list of tariffs. */
class ByMeter implements Processor<Reading> {
  #context!: ProcessorContext;
  #sums!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#sums = context.store('meter-sums');
  }

  process(records: readonly StreamRecord<Reading>[]): void {
    this.#sums.load(records.map((r) => r.key!));
    for (const { key, value, timestampMs } of records) {
      if (value === null) continue;
      if (value.kwh === 666) throw new Error('this reading breaks the processor');
      if (value.kwh < 0)
        throw new RefusedRecordError('negative-reading', `a meter does not run backwards: ${value.kwh}`);
      this.#sums.put(key!, (this.#sums.get(key!) ?? 0) + value.kwh);
      this.#context.forward({ key: value.district, value: value.kwh, timestampMs });
    }
  }
}

class ByDistrict implements Processor<number> {
  #context!: ProcessorContext;
  #sums!: KeyValueStore<{ kwh: number; reads: number }>;
  ticks: number[] = [];

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#sums = context.store('district-sums');
    context.schedule('tick', 1000, 'STREAM_TIME', (now) => {
      this.ticks.push(now);
      context.forward({ key: `tick-${context.taskId}`, value: now, timestampMs: now }, 'ticks');
    });
  }

  process(records: readonly StreamRecord<number>[]): void {
    const changed = new Set<string>();
    for (const { key, value } of records) {
      const sum = this.#sums.getForUpdate(key!) ?? { kwh: 0, reads: 0 };
      sum.kwh += value!;
      sum.reads += 1;
      this.#sums.put(key!, sum);
      changed.add(key!);
    }
    for (const key of changed) this.#publish(key);
  }

  #publish(key: string): void {
    const tariff = this.#context.globalStore<{ cents: number }>('tariffs').get(key)?.cents;
    const value = Buffer.from(JSON.stringify({ ...this.#sums.get(key), tariff, at: this.#context.streamTimeMs }));
    this.#context.forward({ key, value, timestampMs: this.#context.streamTimeMs }, 'board');
  }

  republish(_sink: string, keys: readonly string[]): void {
    for (const key of keys) this.#publish(key);
  }
}

function meterTopology(): Topology {
  return new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json<Reading>() })
    .addStore(jsonStore<number>('meter-sums'))
    .addStore(jsonStore<{ kwh: number; reads: number }>('district-sums'))
    .addGlobalStore({
      topic: 'tariffs',
      deserializer: json<{ cents: number }>(),
      supplier: jsonStore<{ cents: number }>('tariffs'),
    })
    .addProcessor('by-meter', () => new ByMeter(), { parents: ['readings'], stores: ['meter-sums'] })
    .addRepartition('districts', { serializer: json(), deserializer: json(), parents: ['by-meter'] })
    .addProcessor('by-district', () => new ByDistrict(), {
      parents: ['districts'],
      stores: ['district-sums'],
      globalStores: ['tariffs'],
    })
    .addVersionedSink('board', { sink: 'board', parents: ['by-district'] })
    .addSink('ticks', { topic: 'ticks', serializer: json(), parents: ['by-district'] })
    .build();
}

function memory(topology: Topology): Database {
  return createMemoryDatabase({ columnFamilies: [...driverColumnFamilies(topology), 'board'] });
}

async function openDriver(options: { partitions?: number; recordsPerBatch?: number; mode?: 'live' | 'replay' } = {}) {
  const topology = meterTopology();
  return TopologyTestDriver.open({ topology, database: memory(topology), ...options });
}

const reading = (meter: string, district: string, kwh: number, at: number) =>
  record('readings', meter, { meter, district, kwh }, at);
const boardOf = (driver: TopologyTestDriver, key: string) =>
  JSON.parse(Buffer.from(driver.published('board').get(key)!.value!).toString()) as {
    kwh: number;
    reads: number;
    tariff?: number;
  };

test('records go through a repartition to the task that owns the new key, and its value is published with a version', async () => {
  const driver = await openDriver({ partitions: 4 });
  await driver.pipe(reading('m1', 'north', 5, 1000), reading('m2', 'north', 7, 1001), reading('m3', 'south', 1, 1002));
  assert.deepEqual([boardOf(driver, 'north').kwh, boardOf(driver, 'south').kwh], [12, 1]);
  assert.ok((driver.published('board').get('north')?.version ?? 0) >= 1);
});

test('a global store is there in every task before the records of the same round', async () => {
  const driver = await openDriver({ partitions: 4 });
  await driver.pipe(record('tariffs', 'north', { cents: 31 }, 1), reading('m1', 'north', 5, 2));
  assert.equal(boardOf(driver, 'north').tariff, 31);
});

test('sources of a task are merged by event time', async () => {
  const order: string[] = [];
  const topology = new TopologyBuilder()
    .addSource('left', { topic: 'left', deserializer: json<string>() })
    .addSource('right', { topic: 'right', deserializer: json<string>() })
    .addProcessor(
      'both',
      () => ({
        process(records) {
          for (const r of records) order.push(`${r.topic}:${r.timestampMs}`);
        },
      }),
      { parents: ['left', 'right'] },
    )
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology), recordsPerBatch: 2 });
  await driver.pipe(
    record('right', 'k', 1, 1),
    record('left', 'k', 1, 3),
    record('right', 'k', 1, 3),
    record('left', 'k', 1, 2),
    record('right', 'k', 1, 2),
  );
  // Within a partition the offset rules; between topics the event time, then the name.
  assert.deepEqual(order, ['right:1', 'left:3', 'left:2', 'right:3', 'right:2']);
});

test('a throwing record is found among many, goes to the dead letters with its bytes, and the others count once', async () => {
  for (const recordsPerBatch of [1, 7, 1000]) {
    const driver = await openDriver({ recordsPerBatch });
    const readings = Array.from({ length: 40 }, (_, i) =>
      reading(`m${i % 5}`, 'north', i === 13 ? 666 : i === 29 ? -1 : 1, 1000 + i),
    );
    await driver.pipe(...readings);
    assert.equal(boardOf(driver, 'north').kwh, 38);
    const letters = driver.deadLetters();
    assert.deepEqual(
      letters.map((letter) => [
        letter.headers?.['dlq.code'],
        letter.headers?.['dlq.offset'],
        letter.headers?.['dlq.topic'],
      ]),
      [
        ['processor-failed', '13', 'readings'],
        ['negative-reading', '29', 'readings'],
      ],
    );
    assert.equal((JSON.parse(Buffer.from(letters[0]!.value!).toString()) as Reading).kwh, 666);
    assert.match(letters[1]!.headers!['dlq.text']!, /does not run backwards/);
  }
});

test('bytes that cannot be read and times in the future are refused, and the stream goes on', async () => {
  const driver = await openDriver();
  driver.clock.advance(1_000_000);
  await driver.pipe(
    { topic: 'readings', key: 'm1', value: Buffer.from('{'), timestampMs: 1 },
    reading('m1', 'north', 1, 1_000_000 + 300_001),
    reading('m1', 'north', 2, 1_000_000 + 300_000),
    { topic: 'tariffs', key: 'north', value: Buffer.from('!'), timestampMs: 1 },
  );
  assert.equal(boardOf(driver, 'north').kwh, 2);
  assert.deepEqual(
    driver
      .deadLetters()
      .map((letter) => letter.headers?.['dlq.code'])
      .sort(),
    ['not-json', 'not-json', 'timestamp-in-future'],
  );
});

test('a record under a key that its value does not have, and a tombstone where none belongs, are refused', async () => {
  const seen: unknown[] = [];
  const supplier = () => ({
    process: (records: readonly StreamRecord[]) => void seen.push(...records.map((r) => r.value)),
  });
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json<Reading>(), keyOf: (value) => value.meter })
    .addSource('meters', { topic: 'meters', deserializer: json(), allowsTombstones: true })
    .addProcessor('all', supplier, { parents: ['readings', 'meters'] })
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology) });
  await driver.pipe(
    record('readings', 'm2', { meter: 'm1' }, 1),
    record('readings', 'm1', null, 2),
    record('readings', 'm1', { meter: 'm1' }, 3),
    record('meters', 'm1', null, 4),
  );
  assert.deepEqual(seen, [{ meter: 'm1' }, null]);
  assert.deepEqual(
    driver.deadLetters().map((letter) => letter.headers?.['dlq.code']),
    ['key-mismatch', 'unexpected-tombstone'],
  );
});

test('a refused record does not move stream time, whatever its time says', async () => {
  const driver = await openDriver();
  driver.clock.advance(1_000_000);
  await driver.pipe(reading('m1', 'north', 1, 1000));
  await driver.pipe(
    { topic: 'readings', key: 'm1', value: Buffer.from('{'), timestampMs: 9_000_000 },
    reading('m1', 'north', -1, 900_000),
    reading('m1', 'north', 1, 2000),
  );
  assert.equal(driver.engine.tasks[0]?.streamTimeMs, 2000);
  assert.equal(driver.deadLetters().length, 2);
});

test('stream-time punctuators fire once per interval that has passed, and idle input is moved on by the clock', async () => {
  const driver = await openDriver();
  await driver.pipe(reading('m1', 'north', 1, 100));
  await driver.pipe(reading('m1', 'north', 1, 5500));
  const ticks = () => driver.output('ticks').map((r) => JSON.parse(Buffer.from(r.value!).toString()) as number);
  assert.deepEqual(ticks(), [5500], 'missed intervals are not made up for');
  await driver.advance(6000);
  assert.deepEqual(ticks(), [5500, 6000]);
});

test('an endless processor fault without a record to blame stops the engine with a clear error', async () => {
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json() })
    .addProcessor(
      'bad-timer',
      () => ({
        init: (context) =>
          void context.schedule('t', 10, 'STREAM_TIME', () => {
            throw new Error('broken timer');
          }),
        process() {},
      }),
      { parents: ['readings'] },
    )
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology) });
  await driver.pipe(record('readings', 'a', 1, 1));
  await assert.rejects(
    driver.pipe(record('readings', 'a', 1, 100)),
    (error: unknown) => error instanceof EngineError && error.code === 'PUNCTUATOR_FAILED',
  );
  assert.equal(driver.engine.status, 'FAILED');
});

test('a processor may use only the stores that the topology gives it', async () => {
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json() })
    .addProcessor('thief', () => ({ init: (context) => void context.store('positions'), process() {} }), {
      parents: ['readings'],
    })
    .build();
  await assert.rejects(
    TopologyTestDriver.open({ topology, database: memory(topology) }),
    /"thief" is not connected to a store "positions"/,
  );
});

test('a driver on the same database goes on where the last one stopped', async () => {
  const topology = meterTopology();
  const database = memory(topology);
  const first = await TopologyTestDriver.open({ topology, database });
  await first.pipe(reading('m1', 'north', 5, 1000));
  first.close();
  const second = await TopologyTestDriver.open({ topology, database });
  assert.equal(boardOf(second, 'north').kwh, 5, 'what may not have been published is published again');
  await second.pipe(reading('m1', 'north', 6, 1001));
  assert.equal(boardOf(second, 'north').kwh, 11);
});

/** Everything in the database but the append times of the log, as text. */
function contents(database: Database, topology: Topology): string[] {
  const lines: string[] = [];
  for (const family of driverColumnFamilies(topology).filter((name) => name !== 'log'))
    for (const [key, value] of database.scan(family, {}))
      lines.push(`${family} ${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString()}`);
  return lines;
}

class Crash extends Error {}

test('a crash after any step of any commit leaves the same state and the same board as no crash', async () => {
  const input = Array.from({ length: 60 }, (_, i) =>
    reading(`m${i % 7}`, `d${i % 3}`, i === 20 ? 666 : i, 1000 + i * 50),
  );

  const run = async (crashes: readonly { step: string; commit: number }[], isSlow = false) => {
    const topology = meterTopology();
    const database = memory(topology);
    const clock = new MovedClock(10_000);
    const board = new Map<string, string>();
    const sink = {
      publish(entries: readonly { key: string; value: Uint8Array | null; version: number }[]) {
        for (const entry of entries) board.set(entry.key, `${entry.version} ${Buffer.from(entry.value!).toString()}`);
        return isSlow ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined;
      },
    };
    const left = [...crashes];
    let isLoaded = false;
    for (;;) {
      let commits = 0;
      const log = new EmbeddedLog({ database, clock });
      const engine = new StreamEngine({
        topology,
        log,
        database,
        sinks: { board: sink },
        partitions: 2,
        clock,
        mode: 'replay',
        recordsPerBatch: 8,
        onCommitStep(step) {
          if (step === 'processed') commits += 1;
          if (left[0]?.step === step && left[0].commit === commits) {
            left.shift();
            throw new Crash();
          }
        },
      });
      try {
        await engine.open();
        if (!isLoaded) await log.append(input);
        isLoaded = true;
        await engine.runUntilIdle();
        await engine.finish(20_000);
        return { state: contents(database, topology), board: [...board].sort(), crashesLeft: left.length };
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
  };

  const undisturbed = await run([]);
  assert.ok(undisturbed.board.length === 3);
  for (const step of COMMIT_STEPS)
    for (const commit of [1, 2, 4])
      for (const isSlow of [false, true]) {
        const crashes = [
          { step, commit },
          { step, commit: 1 },
        ];
        const disturbed = await run(crashes, isSlow);
        assert.equal(disturbed.crashesLeft, 0, `${step} ${commit}: both crashes happened`);
        assert.deepEqual(disturbed.state, undisturbed.state, `${step} ${commit}: state`);
        assert.deepEqual(disturbed.board, undisturbed.board, `${step} ${commit}: board`);
      }
});

/** Two rounds of readings and a board whose publications end when the test says so. */
async function slowBoard() {
  const processed = Promise.withResolvers<void>();
  let readings = 0;
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json() })
    .addStore(jsonStore<number>('sums'))
    .addProcessor(
      'by-meter',
      () => {
        let context: ProcessorContext;
        return {
          init: (given) => {
            context = given;
          },
          process: ([one]) => {
            readings += 1;
            context.store<KeyValueStore<number>>('sums').put('sum', readings);
            context.forward({ key: 'sum', value: Buffer.from([readings]), timestampMs: one!.timestampMs });
            if (readings === 2) processed.resolve();
          },
        };
      },
      { parents: ['readings'], stores: ['sums'] },
    )
    .addVersionedSink('board', { sink: 'board', parents: ['by-meter'] })
    .build();
  const database = memory(topology);
  const log = new EmbeddedLog({ database, clock: systemClock });
  const steps: string[] = [];
  const publications: { values: number[]; end: PromiseWithResolvers<void> }[] = [];
  const publish = (entries: readonly { value: Uint8Array | null }[]) => {
    const end = Promise.withResolvers<void>();
    publications.push({ values: entries.map(({ value }) => value![0]!), end });
    return end.promise;
  };
  const engine = new StreamEngine({
    topology,
    log,
    database,
    sinks: { board: { publish } },
    partitions: 1,
    clock: systemClock,
    mode: 'live',
    recordsPerBatch: 1,
    onCommitStep: (step) => steps.push(step),
  });
  await engine.open();
  await log.append([record('readings', 'a', 1, 1_000), record('readings', 'a', 2, 1_001)]);
  return { engine, steps, publications, processed: processed.promise };
}

const WRITTEN = ['processed', 'log committed', 'database written'];

test('while a commit is published the next round is processed, and committed when that has ended', async () => {
  const { engine, steps, publications, processed } = await slowBoard();
  const idle = engine.runUntilIdle();
  await processed;
  await new Promise(setImmediate);
  assert.deepEqual(steps, WRITTEN);
  assert.deepEqual(
    publications.map(({ values }) => values),
    [[1]],
  );
  publications[0]!.end.resolve();
  while (publications.length < 2) await new Promise(setImmediate);
  assert.deepEqual(steps, [...WRITTEN, 'published', 'released', ...WRITTEN]);
  let isIdle = false;
  void idle.then(() => {
    isIdle = true;
  });
  await new Promise(setImmediate);
  assert.equal(isIdle, false);
  publications[1]!.end.resolve();
  assert.equal(await idle, 2);
  assert.deepEqual(steps.slice(-2), ['published', 'released']);
});

test('a publication that fails ends the engine before another commit', async () => {
  const { engine, steps, publications, processed } = await slowBoard();
  const idle = engine.runUntilIdle();
  await processed;
  publications[0]!.end.reject(new Error('the board is gone'));
  await assert.rejects(idle, /the board is gone/);
  assert.equal(engine.status, 'FAILED');
  assert.deepEqual(steps, WRITTEN);
});

/** An engine of its own on a real clock, for what only the live loop does. */
async function liveEngine(topology: Topology, partitions: number) {
  const database = memory(topology);
  const log = new EmbeddedLog({ database, clock: systemClock });
  const engine = new StreamEngine({ topology, log, database, sinks: {}, partitions, clock: systemClock, mode: 'live' });
  await engine.open();
  return { engine, log };
}

function ticking(type: 'STREAM_TIME' | 'WALL_CLOCK_TIME', onTick: (taskId: number) => void): Topology {
  return new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json() })
    .addProcessor(
      'ticking',
      () => ({
        init: (context) => void context.schedule('tick', 20, type, () => onTick(context.taskId)),
        process() {},
      }),
      { parents: ['readings'] },
    )
    .build();
}

test('a wall-clock punctuator fires on a task that never had a record', async () => {
  const stop = new AbortController();
  const { engine } = await liveEngine(
    ticking('WALL_CLOCK_TIME', () => stop.abort()),
    1,
  );
  await engine.run(stop.signal);
  assert.equal(engine.status, 'READY');
});

test('the clock moves the stream time of an idle task on while another one is busy', async () => {
  const stop = new AbortController();
  let ticks = 0;
  const { engine, log } = await liveEngine(
    ticking('STREAM_TIME', (taskId) => {
      ticks += taskId;
      if (ticks === 3) stop.abort();
    }),
    2,
  );
  await log.append([record('readings', 'a', 1, Date.now(), 1)]);
  const feeding = (async () => {
    while (!stop.signal.aborted) {
      await log.append([record('readings', 'a', 1, Date.now(), 0)]);
      await new Promise(setImmediate);
    }
  })();
  await engine.run(stop.signal);
  await feeding;
  assert.equal(ticks, 3);
});

test('events find the rows of a table that lie before them, however many they are', async () => {
  const driver = await openDriver({ recordsPerBatch: 5 });
  const tariffs = Array.from({ length: 23 }, (_, i) => record('tariffs', `d${i}`, { cents: i }, 1));
  await driver.pipe(...tariffs, ...Array.from({ length: 23 }, (_, i) => reading(`m${i}`, `d${i}`, 1, 2 + i)));
  for (let i = 0; i < 23; i++) {
    const first = driver.publications('board').find(({ key }) => key === `d${i}`);
    assert.equal((JSON.parse(Buffer.from(first!.value!).toString()) as { tariff?: number }).tariff, i);
  }
});

test('a time that is no number is refused, and does not hold up what is behind it', async () => {
  const driver = await openDriver();
  await driver.pipe(
    {
      topic: 'readings',
      key: 'm1',
      value: json().serialize({ meter: 'm1', district: 'north', kwh: 9 }),
      timestampMs: Number.NaN,
    },
    reading('m1', 'north', 1, 2),
  );
  assert.equal(boardOf(driver, 'north').kwh, 1);
  assert.deepEqual(
    driver.deadLetters().map((letter) => letter.headers?.['dlq.code']),
    ['invalid-time'],
  );
});

test('an error that no record is to blame for stops the engine, and consumes nothing', async () => {
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json() })
    .addProcessor(
      'broken-disk',
      () => ({
        process() {
          throw new EngineError('DATABASE_FAILED', 'too many open files');
        },
      }),
      { parents: ['readings'] },
    )
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology) });
  await assert.rejects(
    driver.pipe(record('readings', 'a', 1, 1), record('readings', 'a', 2, 2)),
    /too many open files/,
  );
  assert.deepEqual(driver.deadLetters(), []);
  assert.equal(driver.engine.tasks[0]?.position.commitNumber, 0);
});

test('a refusal counts once, though its batch was undone and run again', async () => {
  const topology = meterTopology();
  const metrics = new MetricRegistry(systemClock);
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology), metrics });
  await driver.pipe(
    { topic: 'readings', key: 'm1', value: Buffer.from('{'), timestampMs: 1 },
    ...Array.from({ length: 14 }, (_, i) => reading('m1', 'north', i === 9 ? 666 : 1, 2 + i)),
  );
  const counted = metrics.sums().filter(({ name }) => name === 'freshet.dead_letters');
  assert.deepEqual(counted.map(({ attributes, value }) => [attributes['error.type'], value]).sort(), [
    ['not-json', 1],
    ['processor-failed', 1],
  ]);
});

/** Forwards what `make` makes of each record. */
function mapping(make: (record: StreamRecord<number>) => Forwarded<unknown>): Processor<number> {
  let context: ProcessorContext;
  return {
    init(given) {
      context = given;
    },
    process(records) {
      for (const record of records) context.forward(make(record));
    },
  };
}

test('an output that is too large refuses the record that makes it', async () => {
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json<number>() })
    .addProcessor(
      'inflate',
      () => mapping(({ value, timestampMs }) => ({ key: 'k', value: 'x'.repeat(value!), timestampMs })),
      { parents: ['readings'] },
    )
    .addSink('out', { topic: 'out', serializer: json(), parents: ['inflate'] })
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology) });
  await driver.pipe(
    record('readings', 'k', 10, 1),
    record('readings', 'k', 2_000_000, 2),
    record('readings', 'k', 20, 3),
  );
  assert.deepEqual(
    driver.output('out').map(({ value }) => value!.length),
    [12, 22],
  );
  assert.deepEqual(
    driver.deadLetters().map((letter) => letter.headers?.['dlq.code']),
    ['output-too-large'],
  );
});

test('times are whole milliseconds, and a time that there is not refuses the record that is forwarded with it', async () => {
  const times: number[] = [];
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json<number>(), timestamp: (value) => value * 1000 })
    .addProcessor(
      'halve',
      () =>
        mapping(({ value, timestampMs }) => {
          times.push(timestampMs);
          const half = value! > 100 ? Number.NEGATIVE_INFINITY : timestampMs / 2;
          return { key: 'k', value, timestampMs: half };
        }),
      { parents: ['readings'] },
    )
    .addSink('out', { topic: 'out', serializer: json(), parents: ['halve'] })
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology) });
  driver.clock.advance(1_000_000);
  await driver.pipe(
    record('readings', 'k', 1.2345, 1),
    record('readings', 'k', 101, 2),
    record('readings', 'k', 1.5015, 3),
  );
  assert.deepEqual([...new Set(times)], [1234, 101_000, 1501]);
  assert.deepEqual(
    driver.output('out').map(({ timestampMs }) => timestampMs),
    [617, 750],
  );
  assert.deepEqual(
    driver.deadLetters().map(({ headers, timestampMs }) => [headers?.['dlq.code'], timestampMs]),
    [['invalid-time', 101_000]],
  );
});

test('a table row that cannot be merged is refused, and the table goes on', async () => {
  const seen: string[] = [];
  const topology = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: json() })
    .addGlobalStore<number>({
      topic: 'tariffs',
      deserializer: json<number>(),
      supplier: jsonStore<number>('tariffs'),
      merge: (_stored, incoming) => {
        if (incoming < 0) throw new Error('a tariff below 0');
        return incoming;
      },
      view: { apply: (key, value) => void seen.push(`${key}=${value}`) },
    })
    .addProcessor('idle', () => ({ process() {} }), { parents: ['readings'], globalStores: ['tariffs'] })
    .build();
  const driver = await TopologyTestDriver.open({ topology, database: memory(topology) });
  await driver.pipe(record('tariffs', 'a', 1, 1), record('tariffs', 'a', -1, 2), record('tariffs', 'b', 2, 3));
  assert.deepEqual(seen, ['a=1', 'b=2']);
  assert.deepEqual(
    driver.deadLetters().map((letter) => letter.headers?.['dlq.code']),
    ['processor-failed'],
  );
});
