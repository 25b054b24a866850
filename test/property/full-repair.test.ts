// A list store that has lost everything gets all of it again from the state of the tasks: after any events the processors' keys,
// handed back to them in chunks, give what readers saw before.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Forwarded,
  type Processor,
  type ProcessorContext,
  type ProducerRecord,
  type ReadOnlyStore,
  type StateStore,
  silentLogger,
  silentMetrics,
} from '../../engine/api/index.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../engine/testing/index.ts';
import { topListSerde } from '../../lists/index.ts';
import {
  createFileSchemaSource,
  createSerdes,
  keyOf,
  type SourceRecords,
  type SourceTopic,
} from '../../schemas/index.ts';
import { createMemoryDatabase } from '../../state/index.ts';
import { buildRecommendationTopology, LISTS_SINK, NODES, TOPICS } from '../../topology/index.ts';
import { click, item, member, order, rule, START_MS } from '../unit/topology/shop.ts';

const PARTITIONS = 2;
const ITEMS = Array.from({ length: 9 }, (_, i) => `item-${i}`);
const VISITORS = Array.from({ length: 70 }, (_, i) => `visitor-${i}`);
const serdes = createSerdes(createFileSchemaSource());

const record = <T extends SourceTopic>(topic: T, value: SourceRecords[T]): ProducerRecord => ({
  topic,
  key: keyOf(topic, value),
  value: serdes[topic].serialize(value),
  timestampMs: START_MS,
});

/** Something that a shopper does. */
interface Act {
  readonly visitor: number;
  readonly item: number;
  readonly what: 'view' | 'addToCart' | 'dislike' | 'order' | 'return' | 'erase' | 'refuse';
  readonly session: number;
}

const act: fc.Arbitrary<Act> = fc.record({
  visitor: fc.nat(VISITORS.length - 1),
  item: fc.nat(ITEMS.length - 1),
  what: fc.constantFrom('view', 'view', 'view', 'view', 'addToCart', 'dislike', 'order', 'return', 'erase', 'refuse'),
  session: fc.nat(2),
});

function eventOf({ visitor, item: place, what, session }: Act, at: number): ProducerRecord {
  const visitorId = VISITORS[visitor]!;
  const itemId = ITEMS[place]!;
  const eventId = `e-${at}`;
  if (what === 'order')
    return record('purchases', order(visitorId, [itemId, ITEMS[0]!], { orderId: `o-${visitor}`, at }));
  if (what === 'return')
    return record('purchases', order(visitorId, [itemId], { orderId: `o-${visitor}`, status: 'returned', at }));
  if (what === 'erase' || what === 'refuse') {
    const consent = what === 'refuse' ? 'none' : null;
    const action = what === 'refuse' ? 'consent' : 'erase';
    return record('privacy', { eventId, visitorId, at, action, consent, otherVisitorId: null });
  }
  const sessionId = session === 0 ? null : `s-${visitor}-${session}`;
  const region = visitor % 3 === 0 ? 'north' : null;
  return record('clicks', click({ visitorId, itemId, at, kind: what, sessionId, region }));
}

async function open(refreshListsPerSecond = 0) {
  const lists = { refreshListsPerSecond };
  const options = { serdes, partitions: PARTITIONS, cacheMaxBytes: 1 << 16, lists };
  const topology = buildRecommendationTopology(options);
  const clock = new MovedClock(START_MS);
  const database = createMemoryDatabase({ columnFamilies: driverColumnFamilies(topology) });
  const driver = await TopologyTestDriver.open({ topology, database, partitions: PARTITIONS, clock });
  const restarted = () =>
    TopologyTestDriver.open({
      topology: buildRecommendationTopology(options),
      database,
      partitions: PARTITIONS,
      clock,
    });
  return { topology, clock, driver, restarted };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** A shop after these acts, its lists made from what it is now: every visitor is touched at the end. */
async function shopAfter(acts: readonly Act[]): Promise<Opened> {
  const opened = await open();
  const { driver, clock } = opened;
  await driver.pipe(
    ...ITEMS.map((id, i) => record('catalog', item(id, { categories: [`c${i % 2}`], stock: i === 8 ? 0 : 5 }))),
    { topic: TOPICS.catalog, key: 'item-7', value: null, timestampMs: START_MS },
    record('campaigns', rule({ campaignId: 'up', kind: 'boost', items: ['item-2'] })),
    record('campaigns', rule({ campaignId: 'out', kind: 'exclude', items: ['item-3'], placements: ['popular'] })),
    record('campaigns', rule({ campaignId: 'gone', kind: 'exclude', categories: ['c1'] })),
    { topic: TOPICS.campaigns, key: 'gone', value: null, timestampMs: START_MS },
  );
  for (const one of acts) {
    clock.advance(700);
    await driver.pipe(eventOf(one, clock.nowMs()));
  }
  await driver.advance(5_000);
  const active = new Set(acts.map(({ visitor }) => VISITORS[visitor]!));
  await driver.pipe(...[...active].map((visitorId) => record('visitors', member(visitorId, ['gold']))));
  return opened;
}

/** Processors of a task over the stores of a driver, and what they forward to the sink. */
function taskOf({ topology, driver, clock }: Opened, taskId: number) {
  const forwarded = new Map<string, Uint8Array | null>();
  const globals = driver.engine.globals!.stores();
  const processors = topology.nodes.flatMap((node): Processor[] => {
    if (node.kind !== 'processor') return [];
    const processor = node.supplier();
    const context: ProcessorContext = {
      nodeName: node.name,
      taskId,
      partitions: PARTITIONS,
      clock,
      metrics: silentMetrics,
      logger: silentLogger,
      streamTimeMs: driver.engine.tasks[taskId]!.streamTimeMs,
      commitNumber: 1,
      behind: 0,
      postpone: () => false,
      store: <S extends StateStore>(name: string) => driver.store<S>(name, taskId),
      globalStore: <V>(name: string) => globals.get(name) as ReadOnlyStore<V>,
      forward: <V>({ key, value }: Forwarded<V>) => void forwarded.set(key!, value as Uint8Array | null),
      refuse: () => assert.fail('nothing is refused'),
      schedule: () => ({ cancel() {} }),
    };
    processor.init?.(context);
    return [processor];
  });
  return { processors, forwarded };
}

/** What the tasks publish when all of their keys are handed back in chunks, removals too. `between` runs between two chunks. */
async function repair(opened: Opened, chunk: number, between: () => Promise<void> = async () => {}) {
  const all = new Map<string, Uint8Array | null>();
  for (let taskId = 0; taskId < PARTITIONS; taskId++) {
    const { processors, forwarded } = taskOf(opened, taskId);
    for (const processor of processors) {
      let keys: string[] = [];
      for (const key of processor.publishedKeys?.(NODES.lists) ?? []) {
        keys.push(key);
        if (keys.length < chunk) continue;
        await processor.republish?.(NODES.lists, keys);
        keys = [];
        await between();
      }
      await processor.republish?.(NODES.lists, keys);
    }
    for (const [key, value] of forwarded) all.set(key, value);
  }
  return all;
}

async function repaired(...how: Parameters<typeof repair>): Promise<Map<string, Uint8Array>> {
  const all = new Map<string, Uint8Array>();
  for (const [key, value] of await repair(...how)) if (value !== null) all.set(key, value);
  return all;
}

/** What readers see, but for blocks of withdrawn items, of which state holds nothing. */
function published({ driver }: Opened): Map<string, Uint8Array> {
  const all = new Map<string, Uint8Array>();
  for (const [key, { value }] of driver.published(LISTS_SINK))
    if (value !== null && key !== 'block:item:item-7') all.set(key, value);
  return all;
}

test('all that readers saw is published again from state, the same bytes, in chunks of any size', async () => {
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(act, { minLength: 30, maxLength: 90 }),
      fc.integer({ min: 1, max: 40 }),
      async (acts, chunk) => {
        const opened = await shopAfter(acts);
        const before = published(opened);
        const after = await repaired(opened, chunk);
        opened.driver.close();
        assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort());
        for (const [key, bytes] of before) {
          kinds.add(key.split(':').slice(0, 2).join(':'));
          if (!key.startsWith('list:item:')) assert.deepEqual(after.get(key), bytes, key);
          else {
            // An item's list was made before the last of its neighbours were known; its items are the same, their scores nearly.
            const [old, made] = [bytes, after.get(key)!].map((list) => topListSerde.deserialize(list));
            assert.deepEqual(made!.asOf, old!.asOf);
            assert.deepEqual(made!.items.map(({ id }) => id).sort(), old!.items.map(({ id }) => id).sort());
          }
        }
      },
    ),
    { numRuns: 15 },
  );
  for (const kind of ['list:visitor', 'list:session', 'list:item', 'list:segment', 'block:visitor', 'block:item'])
    assert.ok(kinds.has(kind), kind);
});

test('what was published all the time is published again while the shop goes on between two chunks', async () => {
  const acts = fc.sample(act, { numRuns: 250, seed: 7 }).filter(({ what }) => what !== 'erase' && what !== 'refuse');
  const opened = await shopAfter(acts);
  const before = published(opened);
  let events = 0;
  const after = await repaired(opened, 5, async () => {
    const visitor = (events * 13) % VISITORS.length;
    opened.clock.advance(500);
    await opened.driver.pipe(
      record('clicks', click({ visitorId: VISITORS[visitor]!, itemId: ITEMS[events % 6]!, at: opened.clock.nowMs() })),
      record('clicks', click({ visitorId: `new-${events++}`, itemId: 'item-1', at: opened.clock.nowMs() })),
    );
  });
  assert.ok(events > 20);
  const now = published(opened);
  const missing = [...before.keys()].filter((key) => now.has(key) && !after.has(key));
  assert.deepEqual(missing, []);
  opened.driver.close();
});

test('an item that is in stock is said to be free of a block, which a sink that comes back as it was earlier may hold', async () => {
  const opened = await shopAfter([]);
  const all = await repair(opened, 10);
  assert.equal(all.get('block:item:item-2'), null);
  assert.ok(all.get('block:item:item-8') instanceof Uint8Array);
  opened.driver.close();
});

test('what has expired in the sink is not published again', async () => {
  const acts = VISITORS.map((_, visitor): Act => ({ visitor, item: 1, what: 'addToCart', session: 1 }));
  const opened = await shopAfter(acts);
  const { driver, clock } = opened;
  const ofVisitors = async () => [...(await repaired(opened, 10)).keys()].filter((key) => key.includes('visitor-'));
  assert.ok((await ofVisitors()).length >= VISITORS.length);
  clock.advance(31 * 86_400_000);
  await driver.pipe(
    ...VISITORS.slice(0, 2).map((id) =>
      record('clicks', click({ visitorId: id, itemId: 'item-2', at: clock.nowMs() })),
    ),
  );
  await driver.advance(5_000);
  const owners = new Set((await ofVisitors()).map((key) => key.split(':').at(-1)));
  assert.deepEqual([...owners].sort(), VISITORS.slice(0, 2).sort());
  driver.close();
});

test('lists that were made anew because an item left are the same bytes after a restart', async () => {
  const opened = await open(200);
  const { driver, clock, restarted } = opened;
  await driver.pipe(...ITEMS.map((id) => record('catalog', item(id))));
  for (const visitorId of VISITORS.slice(0, 6)) {
    for (const itemId of ITEMS.slice(0, 4)) {
      clock.advance(300);
      await driver.pipe(record('clicks', click({ visitorId, itemId, at: clock.nowMs(), sessionId: `s-${visitorId}` })));
    }
  }
  for (let i = 0; i < 8; i++) await driver.advance(500);
  await driver.pipe(record('catalog', item('item-1', { stock: 0, at: START_MS + 1 })));
  const start = driver.publications(LISTS_SINK).length;
  clock.advance(500);
  await driver.engine.runUntilIdle();
  const made = driver.publications(LISTS_SINK).slice(start);
  assert.ok(made.some(({ key }) => key.startsWith('list:visitor:')));
  assert.ok(made.some(({ key }) => key.startsWith('list:session:')));
  assert.ok(made.some(({ key }) => key.startsWith('list:item:')));
  driver.close();
  const again = await restarted();
  const byKey = again.published(LISTS_SINK);
  for (const { key, value, version } of made) assert.deepEqual(byKey.get(key), { key, value, version }, key);
  again.close();
});
