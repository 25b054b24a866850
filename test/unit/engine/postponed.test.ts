// What a task in a backlog publishes later, and when: with the last record that is known of, after 5 s, or by the next owner.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database, KeyValueStore, Processor, ProcessorContext } from '../../../engine/api/index.ts';
import { TopologyBuilder } from '../../../engine/graph/index.ts';
import { columnFamiliesOf } from '../../../engine/runtime/index.ts';
import type { Task } from '../../../engine/runtime/task.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../../engine/testing/index.ts';
import { createMemoryDatabase } from '../../../state/memory-database.ts';
import { json, jsonStore } from '../../support/engine.ts';
import { commit, fill, recordsOf, singleTask } from '../../support/single-task.ts';

const TOPIC = 'clicks';
const NODE = 'board';

interface Click {
  readonly ignored?: boolean;
  readonly poison?: boolean;
}

/** Counts clicks by key and publishes the counts, in a backlog when no further click of the key is known. */
class Counts implements Processor<Click> {
  #context!: ProcessorContext;
  #counts!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#counts = context.store('counts');
  }

  process(records: Parameters<Processor<Click>['process']>[0]): void {
    const changed = new Set<string>();
    for (const { key, value } of records) {
      if (value?.ignored === true) continue;
      this.#counts.put(key!, (this.#counts.get(key!) ?? 0) + 1);
      changed.add(key!);
    }
    for (const key of changed) if (!this.#context.postpone([key], { topics: [TOPIC], key }, NODE)) this.#publish(key);
    if (records.some(({ value }) => value?.poison === true)) throw new Error('a poisoned record');
  }

  republish(_sink: string, keys: readonly string[]): void {
    for (const key of keys) this.#publish(key);
  }

  #publish(key: string): void {
    this.#context.forward({ key, value: Buffer.from(String(this.#counts.get(key))), timestampMs: 1 });
  }
}

const topology = new TopologyBuilder()
  .addSource(TOPIC, { topic: TOPIC, deserializer: json<Click>(), timestamp: () => 1 })
  .addStore(jsonStore<number>('counts'))
  .addProcessor('counts', () => new Counts(), { parents: [TOPIC], stores: ['counts'] })
  .addVersionedSink(NODE, { sink: 'board', parents: ['counts'] })
  .build();

interface TaskOverClicks {
  readonly task: Task;
  readonly clock: MovedClock;
  /** Processes and commits a batch. Returns what is published: counts by key. */
  next(): Promise<{ readonly [key: string]: number }>;
}

/** A task that takes `usual` records at a time of these, `[key, what]`, which are all there, after a batch of others. */
async function taskOver(
  clicks: readonly (readonly [key: string, click?: Click])[],
  {
    usual = 2,
    isReplay = false,
    database = createMemoryDatabase({ columnFamilies: columnFamiliesOf(topology) }),
  }: { usual?: number; isReplay?: boolean; database?: Database } = {},
): Promise<TaskOverClicks> {
  const clock = new MovedClock(1);
  const { task } = singleTask(topology, { recordsPerBatch: usual, isReplay, clock, database });
  const others = Array.from({ length: usual }, (_, i) => [`other ${i}`, {}] as const);
  const records = recordsOf(TOPIC, [...others, ...clicks.map(([key, click = {}]) => [key, click] as const)]);
  const next = async () => {
    fill(task, records);
    // Without a time, batches do not grow.
    await task.process();
    const entries = commit(task, database).get(NODE) ?? [];
    return Object.fromEntries(entries.map(({ key, value }) => [key, Number(value)]));
  };
  // In the first batch the task learns that it is asked.
  if (task.position.commitNumber === 0) await next();
  return { task, clock, next };
}

const waiting = ({ task }: TaskOverClicks) => task.position.changed[NODE] ?? [];

test('in a backlog an entry is made with the last record that is known of its owner, and the position names it until then', async () => {
  const over = await taskOver([['a'], ['b'], ['a'], ['c'], ['a'], ['b']]);
  assert.deepEqual(await over.next(), { b: 1 });
  assert.deepEqual(new Set(waiting(over)), new Set(['a', 'b']), 'b is on its way, a waits');
  assert.deepEqual(await over.next(), { c: 1 });
  assert.deepEqual(new Set(waiting(over)), new Set(['a', 'c']));
  assert.deepEqual(await over.next(), { a: 3, b: 2 });
});

test('a task that keeps up postpones nothing, nor does a replay', async () => {
  assert.deepEqual(await (await taskOver([['a'], ['b'], ['a']], { usual: 4 })).next(), { a: 2, b: 1 });
  assert.deepEqual(await (await taskOver([['a'], ['b'], ['a'], ['a']], { isReplay: true })).next(), { a: 1, b: 1 });
});

test('what the awaited record does not change is published all the same: it was ignored, or refused', async () => {
  for (const click of [{ ignored: true }, { poison: true }]) {
    const over = await taskOver([['a'], ['b'], ['a', click], ['c']]);
    assert.deepEqual(await over.next(), { b: 1 });
    const published = { ...(await over.next()), ...(await over.next()) };
    assert.deepEqual(published, { a: 1, c: 1 }, JSON.stringify(click));
  }
});

test('a batch that is undone leaves nothing waiting', async () => {
  const over = await taskOver([['a'], ['b'], ['c'], ['d', { poison: true }], ['a'], ['c']], { usual: 4 });
  // The second attempt takes two, which is no full batch.
  assert.deepEqual(await over.next(), { a: 1, b: 1 });
  assert.deepEqual(new Set(waiting(over)), new Set(['a', 'b']), 'on their way');
});

test('an owner who never rests waits for 5 s', async () => {
  const over = await taskOver(Array.from({ length: 20 }, () => ['a'] as const));
  assert.deepEqual(await over.next(), {});
  over.clock.advance(4_999);
  assert.deepEqual(await over.next(), {});
  over.clock.advance(1);
  assert.deepEqual(await over.next(), { a: 6 });
  assert.deepEqual(await over.next(), {}, 'and waits again');
});

test('an owner whose further records are all ignored waits for 10 s', async () => {
  const clicks = Array.from({ length: 10 }, (_, i) =>
    i % 2 === 0 ? (['a', { ignored: i > 0 }] as const) : (['b'] as const),
  );
  const over = await taskOver(clicks);
  const published: (number | undefined)[] = [];
  for (let i = 0; i < 4; i++) {
    published.push((await over.next()).a);
    over.clock.advance(4_000);
  }
  assert.deepEqual(published, [undefined, undefined, undefined, 1]);
});

test('a further record that is not of the next batch is not waited for', async () => {
  const over = await taskOver([['a'], ['b'], ['c'], ['d'], ['a'], ['e']]);
  assert.deepEqual(await over.next(), { a: 1, b: 1 });
});

test('what a batch has made already is not made later: it would be published as it was', async () => {
  let context: ProcessorContext | undefined;
  const answers: boolean[] = [];
  const processor: Processor = {
    init: (given) => {
      context = given;
    },
    process() {
      context!.forward({ key: 'made', value: Buffer.from('1'), timestampMs: 1 });
      for (const key of ['made', 'other']) answers.push(context!.postpone([key], { topics: [TOPIC], key: 'a' }, NODE));
    },
    republish() {},
  };
  const graph = new TopologyBuilder()
    .addSource(TOPIC, { topic: TOPIC, deserializer: json<Click>(), timestamp: () => 1 })
    .addProcessor('making', () => processor, { parents: [TOPIC] })
    .addVersionedSink(NODE, { sink: 'board', parents: ['making'] })
    .build();
  const { task, database } = singleTask(graph, { recordsPerBatch: 1 });
  const records = recordsOf(TOPIC, [
    ['a', {}],
    ['a', {}],
    ['a', {}],
  ]);
  for (let i = 0; i < 2; i++) {
    fill(task, records);
    await task.process();
    commit(task, database);
  }
  assert.deepEqual(answers, [false, false, false, true]);
});

test('who takes the task over publishes what waited', async () => {
  const database = createMemoryDatabase({ columnFamilies: columnFamiliesOf(topology) });
  const clicks = [['a'], ['b'], ['a'], ['a']] as const;
  await (await taskOver(clicks, { database })).next();
  const { task } = await taskOver(clicks, { database });
  const due = (await task.due()).get(NODE)!;
  assert.deepEqual(Object.fromEntries(due.map(({ key, value }) => [key, Number(value)])), { a: 1, b: 1 });
});

test('what is published of another task’s commit is not what waits', async () => {
  const over = await taskOver([['a'], ['b'], ['a'], ['a']]);
  await over.next();
  over.task.stagePublished(() => undefined);
  assert.deepEqual(waiting(over), ['a']);
});

test('who cannot make an entry later, or has no such sink, is told so at once', async () => {
  const askedBy = async (processor: Processor, sink: string): Promise<unknown> => {
    let context: ProcessorContext | undefined;
    const asking: Processor = {
      ...processor,
      init: (given) => {
        context = given;
      },
    };
    const graph = new TopologyBuilder()
      .addSource(TOPIC, { topic: TOPIC, deserializer: json<Click>() })
      .addProcessor('asking', () => asking, { parents: [TOPIC] })
      .addVersionedSink(NODE, { sink: 'board', parents: ['asking'] })
      .build();
    const database = createMemoryDatabase({ columnFamilies: driverColumnFamilies(graph) });
    const driver = await TopologyTestDriver.open({ topology: graph, database });
    driver.close();
    return context!.postpone(['a'], { topics: [TOPIC], key: 'a' }, sink);
  };
  const nothing = { process() {}, republish() {} };
  await assert.rejects(askedBy(nothing, 'bord'), new RangeError('node "asking" has no versioned sink "bord"'));
  await assert.rejects(
    askedBy({ process() {} }, NODE),
    new TypeError('node "asking" cannot make anything later: it has no republish'),
  );
  assert.equal(await askedBy(nothing, NODE), false);
});
