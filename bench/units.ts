// What one visitor, item, segment and event takes: bytes of state, of lists and of events, and the memory of the index of items. These are
// the figures that `freshet size` multiplies (tools/sizing/units.ts). A simulated shop runs through the embedded engine, and the database
// is counted afterwards, entry by entry.
//
//   node --expose-gc bench/units.ts --events 60000

import { parseArgs } from 'node:util';
import { readConfig } from '../app/config.ts';
import { databasePath, openEmbedded } from '../app/embedded.ts';
import { producerRecord } from '../app/producer-record.ts';
import { silentLogger, silentMetrics, systemClock } from '../engine/api/index.ts';
import { decodeListKey, KEYS_START } from '../lists/embedded-format.ts';
import { catalogEntrySerde } from '../processors/catalog-entry.ts';
import { ItemIndex } from '../processors/item-index.ts';
import { openRocksDatabase } from '../state/index.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { createShop } from '../tools/simulator/index.ts';
import { describeMachine } from './machine.ts';

const EVENTS_PER_SECOND = 500;
const BULK = 2_000;
const STEP_MS = 1_000 / EVENTS_PER_SECOND;
const INDEX_ITEMS = 500_000;
const DAY_MS = 86_400_000;

interface Size {
  keys: number;
  bytes: number;
}

/** Adds an entry to what is counted under a name. */
function note(sizes: Map<string, Size>, name: string, bytes: number): void {
  const size = sizes.get(name) ?? { keys: 0, bytes: 0 };
  sizes.set(name, size);
  size.keys += 1;
  size.bytes += bytes;
}

/** Feeds a shop to an engine, and returns where its database lies. */
async function run(events: number): Promise<{ readonly path: string; readonly byTopic: ReadonlyMap<string, Size> }> {
  const dataDir = temporaryDirectory();
  const config = readConfig({ FRESHET_DATA_DIR: dataDir });
  const engine = await openEmbedded({
    config,
    dataDir,
    mode: 'replay',
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
  });
  let atMs = Date.now() - DAY_MS;
  const shop = createShop({ seed: 1, startAtMs: atMs, eventsPerSecond: EVENTS_PER_SECOND });
  const byTopic = new Map<string, Size>();
  const send = async (made: ReturnType<typeof shop.catalogEvents>): Promise<void> => {
    const records = made.map(({ topic, key, value, at }) => producerRecord(engine.serdes, topic, key, value, at));
    for (const { topic, key, value } of records)
      note(byTopic, topic, Buffer.byteLength(key ?? '') + (value?.length ?? 0));
    await engine.log.append(records);
    await engine.engine.runUntilIdle();
  };
  await send(shop.catalogEvents());
  const next = () => {
    atMs += STEP_MS;
    return shop.next(atMs);
  };
  for (let left = events; left > 0; left -= BULK) await send(Array.from({ length: Math.min(left, BULK) }, next));
  await engine.close();
  return { path: databasePath(dataDir), byTopic };
}

/** Bytes of keys and values as the engine wrote them: by column family, and lists by kind. */
async function measured(path: string): Promise<ReadonlyMap<string, Size>> {
  const families = ['profiles', 'rows', 'waiting-items', 'segments', 'segment-items', 'published-segments'];
  const globals = ['cards', 'neighbours', 'popular', 'catalog'];
  const database = await openRocksDatabase(path, {
    columnFamilies: [...families, ...globals, 'lists'],
    readOnly: true,
  });
  const sizes = new Map<string, Size>();
  for (const family of [...families, ...globals])
    for (const [key, value] of database.scan(family, {})) note(sizes, family, key.length + value.length);
  for (const [key, value] of database.scan('lists', { gte: KEYS_START })) {
    const [kind] = /^(?:list:\w+:[\w-]+|block:\w+|\w+)(?=:)/.exec(decodeListKey(key)) ?? [];
    if (kind !== undefined) note(sizes, `lists: ${kind}`, key.length + value.length);
  }
  await database.close();
  return sizes;
}

/** Memory of the index per item: V8's heap and typed arrays. */
function indexBytes(): number {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  const used = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  const index = new ItemIndex(60 * DAY_MS);
  for (let i = 0; i < INDEX_ITEMS; i++) {
    const itemId = `item-${i.toString(36).padStart(8, '0')}`;
    const bytes = catalogEntrySerde.serialize({
      itemId,
      atMs: 0,
      title: `Item ${i}`,
      categories: [`Department ${i % 20}`, `Category ${i % 2_000}`],
      brand: `Brand ${i % 5_000}`,
      attributes: {},
    });
    index.applyCatalog(itemId, catalogEntrySerde.deserialize(bytes));
  }
  return (used() - before) / index.size;
}

const { values } = parseArgs({ options: { events: { type: 'string', default: '60000' } } });
console.log(await describeMachine());
console.log(`\n${values.events} events of the simulated shop\n`);
const { path, byTopic } = await run(Number(values.events));
console.log('| what | number | bytes each |\n|---|---:|---:|');
for (const [name, { keys, bytes }] of [...byTopic].map(([topic, size]) => [`event: ${topic}`, size] as const))
  console.log(`| ${name} | ${keys} | ${Math.round(bytes / keys)} |`);
for (const [name, { keys, bytes }] of await measured(path))
  console.log(`| ${name} | ${keys} | ${Math.round(bytes / keys)} |`);
console.log(`| index of items, memory | ${INDEX_ITEMS} | ${Math.round(indexBytes())} |`);
