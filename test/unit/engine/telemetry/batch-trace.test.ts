import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type Headers,
  type Processor,
  type ProcessorContext,
  type ProducerRecord,
  type SinkEntry,
  type StreamRecord,
  silentLogger,
  silentMetrics,
  silentTracer,
  type Tracer,
  type VersionedSink,
} from '../../../../engine/api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../../../../engine/embedded/index.ts';
import { DEAD_LETTER_TOPIC, subTopologiesOf, TopologyBuilder } from '../../../../engine/graph/index.ts';
import { traceBatch } from '../../../../engine/runtime/batch-trace.ts';
import { columnFamiliesOf, StreamEngine } from '../../../../engine/runtime/index.ts';
import { SinkPublisher } from '../../../../engine/runtime/sink-publisher.ts';
import { MAX_LINKS } from '../../../../engine/runtime/sub-topology-trace.ts';
import { MovedClock } from '../../../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../../../state/memory-database.ts';
import { json, jsonStore, record } from '../../../support/engine.ts';
import { RecordingTracer, sampled } from '../../../support/recording-tracer.ts';
import { waitFor } from '../../../support/wait-for.ts';

/** Counts by key, sends each record on, and publishes each key with the span that the batch has. */
class Counting implements Processor<number> {
  #context!: ProcessorContext;

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  process(records: readonly StreamRecord<number>[]): void {
    for (const { key, value, timestampMs } of records) {
      if (value === 666) throw new Error('this number breaks the processor');
      this.#context.store<ReturnType<ReturnType<typeof jsonStore<number>>['create']>>('counts').put(key!, value!);
      this.#context.forward({ key, value, timestampMs }, 'next');
    }
    const value = Buffer.from(this.#context.traceparent ?? 'none');
    this.#context.forward({ key: records[0]!.key, value, timestampMs: 0 }, 'board');
  }
}

/** Publishes each key of what the first part of the topology sends, with the span that the batch has there. */
class Showing implements Processor<number> {
  #context!: ProcessorContext;

  init(context: ProcessorContext): void {
    this.#context = context;
  }

  process(records: readonly StreamRecord<number>[]): void {
    const value = Buffer.from(this.#context.traceparent ?? 'none');
    for (const { key } of records) this.#context.forward({ key: `shown ${key}`, value, timestampMs: 0 });
  }
}

const withSink = new TopologyBuilder()
  .addSource('numbers', { topic: 'numbers', deserializer: json<number>() })
  .addStore(jsonStore<number>('counts'))
  .addProcessor('counting', () => new Counting(), { parents: ['numbers'], stores: ['counts'] })
  .addSink('next', { topic: 'next', serializer: json<number>(), parents: ['counting'] })
  .addVersionedSink('board', { sink: 'board', parents: ['counting'] })
  .build();

const withRepartition = new TopologyBuilder()
  .addSource('numbers', { topic: 'numbers', deserializer: json<number>() })
  .addStore(jsonStore<number>('counts'))
  .addProcessor('counting', () => new Counting(), { parents: ['numbers'], stores: ['counts'] })
  .addRepartition('next', { serializer: json<number>(), deserializer: json<number>(), parents: ['counting'] })
  .addProcessor('showing', () => new Showing(), { parents: ['next'] })
  .addVersionedSink('board', { sink: 'board', parents: ['counting', 'showing'] })
  .build();

async function openEngine(t: TestContext, tracer: Tracer, topology = withSink) {
  const database = createMemoryDatabase({ columnFamilies: [...columnFamiliesOf(topology), LOG_COLUMN_FAMILY] });
  const clock = new MovedClock(1_000);
  const log = new EmbeddedLog({ database, clock });
  const board = new Map<string, string>();
  const sink: VersionedSink = {
    publish(entries) {
      for (const { key, value } of entries) board.set(key, Buffer.from(value!).toString());
    },
  };
  const engine = new StreamEngine({
    topology,
    log,
    database,
    sinks: { board: sink },
    partitions: 1,
    clock,
    mode: 'live',
    tracer,
  });
  await engine.open();
  t.after(() => engine.close());
  const headersOf = (topic: string) =>
    log.fetch([{ topic, partition: 0, offset: 0, maxRecords: 100 }])[0]!.records.map(({ headers }) => headers);
  const pipe = async (...records: ProducerRecord[]) => {
    await log.append(records);
    await engine.runUntilIdle();
  };
  return { pipe, headersOf, board };
}

const number = (key: string, value: number, traceparent?: string): ProducerRecord => ({
  ...record('numbers', key, value, 1),
  ...(traceparent !== undefined && { headers: { traceparent } }),
});

const header = (headers: Headers | undefined) => headers?.traceparent;

test('a silent tracer is asked for no span, and the records of a batch are not looked at', async (t) => {
  const tracer: Tracer = {
    isEnabled: false,
    startSpan() {
      throw new Error('a silent tracer starts no span');
    },
  };
  const { pipe, headersOf, board } = await openEngine(t, tracer);
  await pipe(number('a', 1, sampled(1)), number('b', 2));
  assert.deepEqual(headersOf('next').map(header), [undefined, undefined]);
  assert.equal(board.get('a'), 'none');
  const untouchable = new Proxy([], {
    get() {
      throw new Error('the records are looked at');
    },
  });
  assert.equal(traceBatch(silentTracer, 0, untouchable, subTopologiesOf(withSink)), undefined);
});

test('a batch without a sampled record has no span', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe, headersOf, board } = await openEngine(t, tracer);
  await pipe(number('a', 1), number('b', 2, sampled(2, 0)), number('c', 3, 'nonsense'));
  assert.deepEqual(tracer.spans, []);
  assert.deepEqual(headersOf('next').map(header), [undefined, undefined, undefined]);
  assert.equal(board.get('a'), 'none');
});

test('a batch continues the first sampled trace, links to the others once, and hands its commit on', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe, headersOf, board } = await openEngine(t, tracer);
  await pipe(
    number('a', 1),
    number('b', 2, sampled(7)),
    number('c', 3, sampled(8)),
    number('d', 4, sampled(8)),
    number('e', 5, sampled(7)),
  );
  const [process, node, commit, publish] = tracer.spans;
  assert.deepEqual(
    tracer.spans.map(({ name, options }) => [name, options.kind, options.parent]),
    [
      ['process numbers', 'consumer', sampled(7)],
      ['node counting', undefined, process],
      ['commit', 'producer', process],
      ['publish board', 'client', process],
    ],
  );
  assert.deepEqual(process!.options.links, [sampled(8)]);
  assert.equal(node!.attributes['freshet.records'], 5);
  assert.equal(commit!.attributes['messaging.batch.message_count'], 5);
  assert.equal(commit!.attributes['freshet.sent.bytes'], 5);
  // Five counts and the position.
  assert.equal(commit!.attributes['freshet.state.changes'], 6);
  assert.ok((commit!.attributes['freshet.state.bytes'] as number) > 15);
  assert.equal(publish!.attributes['freshet.entries'], 1);
  assert.deepEqual(new Set(headersOf('next').map(header)), new Set([commit!.traceparent]));
  assert.equal(board.get('a'), process!.traceparent);
  assert.ok(tracer.spans.every(({ ends, failure }) => ends === 1 && failure === undefined));
});

test('a batch has a span in the trace of each part of the topology, and hands on to a part only what that one led to', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe, board } = await openEngine(t, tracer, withRepartition);
  await pipe(
    { ...record('next', 'x', 1, 1), headers: { traceparent: sampled(1) } },
    number('a', 2),
    number('b', 3, sampled(2)),
  );
  const [ofNext, ofNumbers, afterwards, ...others] = tracer.spans.filter(({ name }) => name.startsWith('process'));
  assert.deepEqual(others, []);
  const commits = tracer.named('commit');
  assert.deepEqual(
    [ofNext, ofNumbers, afterwards].map((span) => [span!.name, span!.options.parent]),
    [
      ['process next', sampled(1)],
      ['process numbers', sampled(2)],
      ['process next', commits[1]!.traceparent],
    ],
  );
  assert.deepEqual(
    commits.map(({ options }) => options.parent),
    [ofNext, ofNumbers, afterwards],
  );
  assert.deepEqual(
    tracer.spans.filter(({ name }) => name.startsWith('node')).map(({ name, options }) => [name, options.parent]),
    [
      ['node counting', ofNumbers],
      ['node showing', ofNext],
      ['node showing', afterwards],
    ],
  );
  const [publication] = tracer.named('publish board');
  assert.deepEqual([publication!.options.parent, publication!.options.links], [ofNext, [ofNumbers!.traceparent]]);
  assert.deepEqual(Object.fromEntries(board), {
    a: ofNumbers!.traceparent,
    'shown x': ofNext!.traceparent,
    'shown a': afterwards!.traceparent,
    'shown b': afterwards!.traceparent,
  });
  assert.ok(tracer.spans.every(({ ends }) => ends === 1));
});

test('what shares a batch with the consequences of a traced record is not taken into its trace', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe, board } = await openEngine(t, tracer, withRepartition);
  await pipe({ ...record('next', 'x', 1, 1), headers: { traceparent: sampled(1) } }, number('a', 2));
  assert.deepEqual(
    tracer.spans.map(({ name }) => name),
    ['process next', 'node showing', 'commit', 'publish board'],
  );
  assert.deepEqual([board.get('a'), board.get('shown a')], ['none', 'none']);
});

test('a span links to 64 others at most, and says how many it leaves out', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe } = await openEngine(t, tracer);
  await pipe(...Array.from({ length: 70 }, (_, i) => number(`k${i}`, i, sampled(i + 1))));
  const [process] = tracer.spans;
  assert.equal(process!.options.links!.length, MAX_LINKS);
  assert.equal(process!.attributes['freshet.traces.linked'], 64);
  assert.equal(process!.attributes['freshet.traces.not_linked'], 5);
});

test('a batch that is undone ends its spans as failed, and a dead letter keeps the headers that it came with', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe, headersOf } = await openEngine(t, tracer);
  await pipe(number('a', 666, sampled(1)), number('b', 2, sampled(2)));
  // Both together, then each alone.
  assert.deepEqual(
    tracer.named('process numbers').map(({ options, failure }) => [options.parent, failure !== undefined]),
    [
      [sampled(1), true],
      [sampled(1), true],
      [sampled(2), false],
    ],
  );
  assert.ok(tracer.spans.every(({ ends }) => ends === 1));
  assert.deepEqual(headersOf(DEAD_LETTER_TOPIC).map(header), [sampled(1)]);
  assert.deepEqual(headersOf('next').map(header), [tracer.named('commit')[1]!.traceparent]);
});

test('a sink that fails is in the trace, and stops the embedded engine', async (t) => {
  const tracer = new RecordingTracer();
  const { pipe, board } = await openEngine(t, tracer);
  board.set = () => {
    throw new Error('the board is full');
  };
  await assert.rejects(pipe(number('a', 1, sampled(1))), /the board is full/);
  const [publish] = tracer.named('publish board');
  assert.deepEqual([publish!.ends, (publish!.failure as Error).message], [1, 'the board is full']);
  assert.equal(tracer.named('commit')[0]!.failure, undefined);
});

test('lists of several commits go in one call with links, and a call that fails is told from the one that does not', async (t) => {
  const tracer = new RecordingTracer();
  const place = { topic: 'numbers', partition: 0, offset: 0, key: 'a', value: 1, timestampMs: 1, appendTimeMs: 1 };
  const trace = (id: number) =>
    traceBatch(tracer, 0, [{ ...place, headers: { traceparent: sampled(id) } }], subTopologiesOf(withSink))!;
  const failures = [new Error('away')];
  let published = 0;
  const publisher = new SinkPublisher({
    sinks: new Map([
      [
        'board',
        {
          async publish() {
            await setImmediate();
            const failure = failures.pop();
            if (failure !== undefined) throw failure;
          },
        },
      ],
    ]),
    maxWaiting: 10,
    metrics: silentMetrics,
    logger: silentLogger,
    published(commitNumber) {
      published = commitNumber;
    },
  });
  t.after(() => publisher.close());
  const entries = (version: number, ...keys: string[]): Map<string, SinkEntry[]> =>
    new Map([['board', keys.map((key) => ({ key, value: Buffer.of(version), version }))]]);
  publisher.add(1, entries(1, 'a', 'b'), trace(1));
  publisher.add(2, entries(2, 'c'));
  publisher.add(3, entries(3, 'b', 'd'), trace(3));
  await waitFor('publication', () => published === 3);
  publisher.add(4, entries(4, 'a'));
  await waitFor('publication', () => published === 4);
  const [first, second] = tracer.named('process numbers');
  const [failed, done, ...rest] = tracer.named('publish board');
  assert.ok(failed!.failure instanceof Error);
  assert.deepEqual(
    [done!.options.parent, done!.options.links, done!.failure, done!.attributes['freshet.entries']],
    [first, [second!.traceparent], undefined, 4],
  );
  assert.deepEqual(rest, [], 'an untraced commit is published without a span');
});
