// The engine as a member of a group, against a log in memory: whatever dies, freezes, loses its seat or an answer, every event counts
// once, and what is published is the newest.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import {
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  type ReadOnlyStore,
  type SinkEntry,
  type StreamRecord,
  silentLogger,
  type VersionedSink,
} from '../../engine/api/index.ts';
import { TopologyBuilder } from '../../engine/graph/index.ts';
import { taskAssignor } from '../../engine/runtime/assignor.ts';
import { GroupEngine, globalColumnFamiliesOf, taskColumnFamiliesOf } from '../../engine/runtime/index.ts';
import { createMemoryDatabase } from '../../state/memory-database.ts';
import { json, jsonStore, record } from '../support/engine.ts';
import { SimulatedCluster, type SimulatedLog } from '../support/simulated-log.ts';
import { MemoryTaskDatabases } from '../support/task-databases.ts';

const TASKS = 3;
/** Topics that each task reads. */
const SOURCES = ['sold', 'sales'];

interface Sale {
  readonly shop: string;
  readonly amount: number;
}

/** What is known of a shop; sales of nothing are not counted. */
interface Shop {
  readonly sum: number;
  readonly count: number;
}

/** Sums by seller, and sends each sale to its shop's task. */
class BySeller implements Processor<Sale> {
  #context!: ProcessorContext;
  #sums!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#sums = context.store('sellers');
  }

  process(records: readonly StreamRecord<Sale>[]): void {
    for (const { key, value, timestampMs } of records) {
      const sum = (this.#sums.get(key!) ?? 0) + value!.amount;
      if (sum === 0) this.#sums.delete(key!);
      else this.#sums.put(key!, sum);
      this.#context.forward({ key: value!.shop, value: value!.amount, timestampMs }, 'sales');
    }
  }
}

/** Sums by shop, and publishes the sums; in a backlog that of a shop with more sales in line later. */
class ByShop implements Processor<number> {
  #context!: ProcessorContext;
  #shops!: KeyValueStore<Shop>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#shops = context.store('shops');
    const names: ReadOnlyStore<string> = context.globalStore('names');
    assert.ok(names);
  }

  process(records: readonly StreamRecord<number>[]): void {
    const shops = new Set<string>();
    for (const { key, value } of records) {
      const known = this.#shops.get(key!);
      // A sale of nothing is no reason to publish a sum that is known.
      if (known !== undefined && value === 0) continue;
      const { sum, count } = known ?? { sum: 0, count: 0 };
      this.#shops.put(key!, { sum: sum + value!, count: count + (value === 0 ? 0 : 1) });
      shops.add(key!);
    }
    for (const key of shops) if (this.#context.postpone([key], { topics: ['sales'], key }, 'board')) shops.delete(key);
    this.#publish(shops);
  }

  republish(_sink: string, keys: readonly string[]): void {
    this.#publish(new Set(keys));
  }

  *publishedKeys(): Generator<string> {
    let after: string | undefined;
    for (let page = [...this.#shops.scan({ limit: 2 })]; page.length > 0; ) {
      for (const [key] of page) yield key;
      after = page.at(-1)![0];
      page = [...this.#shops.scan({ after, limit: 2 })];
    }
  }

  #publish(keys: ReadonlySet<string>): void {
    for (const key of keys)
      this.#context.forward({ key, value: Buffer.from(JSON.stringify(this.#shops.get(key))), timestampMs: 0 }, 'board');
  }
}

const topology = () =>
  new TopologyBuilder()
    .addSource('sold', { topic: 'sold', deserializer: json<Sale>() })
    .addStore(jsonStore<number>('sellers'))
    .addProcessor('by-seller', () => new BySeller(), { parents: ['sold'], stores: ['sellers'] })
    .addRepartition('sales', {
      serializer: json<number>(),
      deserializer: json<number>(),
      parents: ['by-seller'],
      batchIntervalMs: 40,
    })
    .addStore(jsonStore<Shop>('shops'))
    .addGlobalStore({ topic: 'shop-names', deserializer: json<string>(), supplier: jsonStore<string>('names') })
    .addProcessor('by-shop', () => new ByShop(), { parents: ['sales'], stores: ['shops'], globalStores: ['names'] })
    .addVersionedSink('board', { sink: 'board', parents: ['by-shop'] })
    .build();

/** Keeps values by the rule of versions, as the list stores do, and notes every value that was visible. */
class Board implements VersionedSink {
  readonly entries = new Map<string, SinkEntry>();
  /** How many sales were known of a shop in any value that was visible, whatever was lost since. */
  readonly counts = new Map<string, number>();
  isAway = false;
  #generation = 1;

  /** As if it had been emptied. */
  lose(): void {
    this.#generation += 1;
    this.entries.clear();
  }

  async generation(): Promise<string> {
    if (this.isAway) throw new Error('the board is away');
    return String(this.#generation);
  }

  async publish(entries: readonly SinkEntry[]): Promise<void> {
    await delay(0);
    if (this.isAway) throw new Error('the board is away');
    for (const entry of entries) {
      const stored = this.entries.get(entry.key);
      if (stored === undefined || entry.version >= stored.version) this.entries.set(entry.key, entry);
      this.counts.set(entry.key, Math.max(this.counts.get(entry.key) ?? 0, shopOf(entry).count));
    }
  }
}

const shopOf = ({ value }: SinkEntry): Shop => JSON.parse(Buffer.from(value!).toString()) as Shop;

/** What the group is told has been published: every sale before the offsets. */
function assertPublished(cluster: SimulatedCluster, board: Board, told: Parameters<SimulatedCluster['told']>[0]): void {
  for (const { topic, partition, offset } of told) {
    if (topic !== 'sales') continue;
    const counts = new Map<string, number>();
    for (const { offset: at, record } of cluster.partition(topic, partition).entries)
      if (at < offset && String(record!.value) !== '0') counts.set(record!.key!, (counts.get(record!.key!) ?? 0) + 1);
    for (const [shop, count] of counts)
      assert.ok(
        (board.counts.get(shop) ?? 0) >= count,
        `${count} sales of ${shop} are told, ${board.counts.get(shop)} shown`,
      );
  }
}

interface Instance {
  readonly engine: GroupEngine;
  readonly log: SimulatedLog;
  readonly databases: MemoryTaskDatabases;
}

let instances = 0;

async function start(
  cluster: SimulatedCluster,
  board: Board,
  databases = new MemoryTaskDatabases(taskColumnFamiliesOf(topology())),
): Promise<Instance> {
  const log = cluster.connect();
  const graph = topology();
  const engine = new GroupEngine({
    topology: graph,
    log,
    partitions: TASKS,
    databases,
    globalDatabase: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(graph) }),
    sinks: { board },
    assign: taskAssignor({ tasks: TASKS, standbyReplicas: 1 }),
    instanceId: `instance-${++instances}`,
    clock: { nowMs: () => cluster.nowMs },
    recordsPerBatch: 2,
    commitIntervalMs: 0,
    maxWaitingLists: 10,
    logger: silentLogger,
  });
  engine.failed.catch((error: Error) => {
    if (!log.isDead) console.error(`an engine failed: ${error.stack}`);
  });
  await engine.open(new AbortController().signal);
  return { engine, log, databases };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; !condition(); await delay(1))
    if (performance.now() > end) assert.fail(`waited 20 s for ${what}`);
}

/**
 * Everything has been processed, committed and published, and each task runs on exactly one instance. What a commit under way has
 * consumed is no longer counted as lag, though what it sends to other tasks is not in the log yet; nor is what was appended after a
 * task was taken over and before its first fetch.
 */
function isDrained(running: readonly Instance[]): boolean {
  const views = running.flatMap(({ engine }) => engine.tasks()).filter(({ role }) => role === 'active');
  return (
    views.length === TASKS &&
    views.every(({ status, waitingLists }) => status === 'RUNNING' && waitingLists === 0) &&
    running.every(({ engine, log }) =>
      engine
        .tasks()
        .every(
          ({ role, taskId }) => role !== 'active' || SOURCES.every((topic) => log.knows({ topic, partition: taskId })),
        ),
    ) &&
    running.every(({ log }) => log.commitsUnderWay === 0) &&
    running.every(({ engine }) => [...engine.lag().values()].every((lag) => lag === 0))
  );
}

const sumOf = (value: number | Shop): number => (typeof value === 'number' ? value : value.sum);

function sums(databases: Iterable<MemoryTaskDatabases>, store: string): Map<string, number> {
  const all = new Map<string, number>();
  for (const { databases: byTask } of databases)
    for (const database of byTask.values())
      for (const [key, value] of database.scan(store, {}))
        all.set(Buffer.from(key.subarray(2)).toString(), sumOf(JSON.parse(Buffer.from(value).toString())));
  return all;
}

const event = fc.record({ seller: fc.nat(9), shop: fc.nat(5), amount: fc.integer({ min: -2, max: 2 }) });
const fault = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('sell' as const),
      events: fc.array(event, { minLength: 1, maxLength: 40 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('kill' as const), which: fc.nat(2), keepsDisk: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lose-seat' as const), which: fc.nat(2), forMs: fc.nat(15) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('freeze' as const), which: fc.nat(2), forMs: fc.nat(15) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('answers-lost' as const), which: fc.nat(2), isInLog: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), task: fc.nat(TASKS - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('board-away' as const), forMs: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('board-lost' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), forMs: fc.nat(10) }) },
);

test('every sale counts once, whatever happens to the instances', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { minLength: 5, maxLength: 40 }), async (steps) => {
      const cluster = new SimulatedCluster();
      const board = new Board();
      const wrong: unknown[] = [];
      cluster.told = (positions) => {
        try {
          assertPublished(cluster, board, positions);
        } catch (error) {
          wrong.push(error);
        }
      };
      const running: Instance[] = [];
      for (let i = 0; i < 3; i++) running.push(await start(cluster, board));
      const bySeller = new Map<string, number>();
      const byShop = new Map<string, number>();
      const seen = new Map<string, number>();
      const repairs: Promise<void>[] = [];
      const rejoining = new Set<Instance>();
      for (const step of steps) {
        for (const { key, version } of board.entries.values()) {
          assert.ok(version >= (seen.get(key) ?? 0), 'a version went back');
          seen.set(key, version);
        }
        switch (step.kind) {
          case 'sell':
            for (const { seller, shop, amount } of step.events) {
              bySeller.set(`seller-${seller}`, (bySeller.get(`seller-${seller}`) ?? 0) + amount);
              byShop.set(`shop-${shop}`, (byShop.get(`shop-${shop}`) ?? 0) + amount);
              cluster.append([record('sold', `seller-${seller}`, { shop: `shop-${shop}`, amount }, cluster.nowMs)]);
            }
            break;
          case 'kill': {
            const victim = running[step.which]!;
            if (rejoining.has(victim)) break;
            victim.log.kill();
            void victim.engine.close();
            running[step.which] = await start(
              cluster,
              board,
              step.keepsDisk ? victim.databases.afterKill() : undefined,
            );
            break;
          }
          case 'lose-seat':
          case 'freeze': {
            const victim = running[step.which]!;
            if (rejoining.has(victim) || victim.log.seat === undefined) break;
            rejoining.add(victim);
            if (step.kind === 'freeze') victim.log.freeze();
            const seat = victim.log.loseSeat()!;
            repairs.push(
              delay(step.forMs).then(() => {
                victim.log.thaw();
                victim.log.rejoin(seat);
                rejoining.delete(victim);
              }),
            );
            break;
          }
          case 'answers-lost': {
            let left = 1;
            running[step.which]!.log.fateOf = () => {
              left -= 1;
              return left < 0 ? 'committed' : step.isInLog ? 'unacknowledged' : 'lost';
            };
            break;
          }
          case 'compact':
            cluster.compact(step.task, true);
            break;
          case 'board-away':
            board.isAway = true;
            repairs.push(
              delay(step.forMs).then(() => {
                board.isAway = false;
              }),
            );
            break;
          case 'board-lost':
            board.lose();
            seen.clear();
            break;
          case 'wait':
            await delay(step.forMs);
        }
      }
      await Promise.all(repairs);
      await until('everything to be processed', () => isDrained(running)).catch((error: Error) => {
        const views = running.map(({ engine }) => ({
          status: engine.status,
          tasks: engine.tasks(),
          lag: [...engine.lag()],
        }));
        throw new Error(`${error.message}: ${JSON.stringify(views)}`);
      });
      for (const { engine } of running) assert.equal(engine.status, 'RUNNING');

      for (const [seller, sum] of bySeller) if (sum === 0) bySeller.delete(seller);
      await Promise.all(running.map(({ engine }) => engine.close()));
      // A disk may hold older copies of tasks that others run: the changelog says what is true.
      const fresh = await start(cluster, board);
      await until('the last instance to restore everything', () => isDrained([fresh]));
      await fresh.engine.close();
      assert.deepEqual(sums([fresh.databases], 'sellers'), bySeller);
      assert.deepEqual(sums([fresh.databases], 'shops'), byShop);
      await until('the board to show every shop', () => board.entries.size === byShop.size);
      const shown = [...board.entries].map(([key, entry]) => [key, shopOf(entry).sum] as const);
      assert.deepEqual(new Map(shown), byShop);
      if (wrong.length > 0) throw wrong[0];
    }),
    { numRuns: 60, interruptAfterTimeLimit: 60_000, endOnFailure: true },
  );
});
