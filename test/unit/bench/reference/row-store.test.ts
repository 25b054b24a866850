import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ItemIds } from '../../../../bench/reference/item-ids.ts';
import { ItemRow } from '../../../../bench/reference/item-row.ts';
import { ROW_LIMIT } from '../../../../bench/reference/limits.ts';
import { type RowStore, rowStore } from '../../../../bench/reference/row-store.ts';
import type { Database } from '../../../../engine/api/index.ts';
import { createMemoryDatabase } from '../../../../state/index.ts';

const COLUMN_FAMILY = 'rows';
const ITEMS = 12;

const delta = fc.record({
  item: fc.nat(ITEMS - 1),
  neighbour: fc.nat(ITEMS - 1),
  weight: fc.constantFrom(1, 3, 0.5, Math.fround(1 / 3)),
});
const batch = fc.record({
  deltas: fc.array(delta, { maxLength: 30 }),
  ending: fc.constantFrom('commit', 'rollback', 'reopen'),
});

test('a row is the sum of the committed deltas, whatever was evicted, undone or read back', () => {
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 60 }), fc.constantFrom(0, 5_000, 1e9), (batches, cacheMaxBytes) => {
      const database = createMemoryDatabase({ columnFamilies: [COLUMN_FAMILY] });
      let opened = 0;
      const open = () => {
        const ids = new ItemIds(4);
        // Every process numbers items in an order of its own.
        opened += 1;
        for (let n = 0; n < opened; n++) ids.ofText(`item-${(7 * opened * n) % ITEMS}`);
        const items = Array.from({ length: ITEMS }, (_, n) => ids.ofText(`item-${n}`));
        const supplier = rowStore({ name: COLUMN_FAMILY, ids, cacheMaxBytes });
        return { items, store: supplier.create({ database, columnFamily: COLUMN_FAMILY, prefix: Buffer.of(0, 1) }) };
      };
      let { items, store } = open();
      const expected = Array.from({ length: ITEMS }, () => new NaiveRow());
      for (const { deltas, ending } of batches) {
        store.load(items);
        for (let n = 0; n < ITEMS; n++) addAll(store, items, n, deltas);
        if (ending === 'rollback') {
          store.rollback();
          continue;
        }
        for (const { item, neighbour, weight } of deltas) expected[item]!.add(neighbour, weight);
        commit(store);
        if (ending === 'reopen') ({ items, store } = open());
      }
      store.load(items);
      for (let n = 0; n < ITEMS; n++) assert.deepEqual(plain(store.get(items[n]!), items), expected[n]!.plain());

      function commit(of: RowStore): void {
        const write = database.createBatch();
        of.flush((key, value) => write.put(COLUMN_FAMILY, key, value!));
        database.write(write);
        of.committed();
      }
    }),
    { numRuns: 60 },
  );
});

test('of a row that comes back no more is read than there is, and all that there may be of one that nobody has known', () => {
  const memory = createMemoryDatabase({ columnFamilies: [COLUMN_FAMILY] });
  let reads = 0;
  const getMany: Database['getMany'] = (columnFamily, keys) => {
    reads += keys.length;
    return memory.getMany(columnFamily, keys);
  };
  const open = () => {
    const ids = new ItemIds(1);
    const [row, one, other] = ['row', 'one', 'other'].map((text) => ids.ofText(text)) as [number, number, number];
    const database = { ...memory, getMany };
    // Nothing stays in memory.
    const supplier = rowStore({ name: COLUMN_FAMILY, ids, cacheMaxBytes: 0 });
    const store = supplier.create({ database, columnFamily: COLUMN_FAMILY, prefix: Buffer.of(0, 1) });
    const load = () => {
      reads = 0;
      store.load([row]);
      return reads;
    };
    const change = (neighbours: readonly number[], ending: 'committed' | 'rollback') => {
      const write = memory.createBatch();
      store.addAll(row, arraysOf(neighbours.map((neighbour) => ({ neighbour, weight: 1 }))), 0, neighbours.length);
      store.flush((key, value) => write.put(COLUMN_FAMILY, key, value!));
      if (ending === 'committed') memory.write(write);
      store[ending]();
    };
    return { load, change, one, other };
  };
  const { load, change, one, other } = open();
  const BASE = 1;
  assert.equal(load(), BASE);
  change([one, other, one, other], 'committed');
  assert.equal(load(), BASE);
  change([one], 'committed');
  assert.equal(load(), BASE + 1);
  change([other], 'rollback');
  assert.equal(load(), BASE + 15);
  change([other], 'committed');
  assert.equal(load(), BASE + 2);
  assert.equal(open().load(), BASE + 15);
});

test('a row that is full keeps what a search for the lightest keeps, and its order', () => {
  const neighbour = fc.nat(2 * ROW_LIMIT - 1);
  const deltas = fc.array(fc.record({ neighbour, weight: fc.constantFrom(0.25, 0.5, 1, Math.fround(1 / 3)) }), {
    minLength: 100,
    maxLength: 1_500,
    size: 'max',
  });
  fc.assert(
    fc.property(deltas, fc.integer({ min: 1, max: 400 }), (all, atOnce) => {
      const row = new ItemRow();
      const expected = new NaiveRow();
      const places = new Uint8Array(2 * ROW_LIMIT);
      for (let from = 0; from < all.length; from += atOnce) {
        const { neighbours, weights } = arraysOf(all);
        row.addAll(neighbours, weights, from, Math.min(from + atOnce, all.length), places);
        assert.ok(places.every((place) => place === 0));
      }
      for (const { neighbour, weight } of all) expected.add(neighbour, weight);
      assert.deepEqual(plain(row, identity), expected.plain());
    }),
    { numRuns: 50 },
  );
});

interface Delta {
  readonly neighbour: number;
  readonly weight: number;
}

/** Deltas of a row, in their order. */
function arraysOf(deltas: readonly Delta[]) {
  return {
    neighbours: Int32Array.from(deltas, ({ neighbour }) => neighbour),
    weights: Float32Array.from(deltas, ({ weight }) => weight),
  };
}

/** Adds those of one row. */
function addAll(store: RowStore, items: readonly number[], row: number, deltas: readonly (Delta & { item: number })[]) {
  const ofRow = deltas.filter(({ item }) => item === row);
  if (ofRow.length === 0) return;
  const known = ofRow.map(({ neighbour, weight }) => ({ neighbour: items[neighbour]!, weight }));
  store.addAll(items[row]!, arraysOf(known), 0, known.length);
}

/** A row as its words say. */
class NaiveRow {
  #total = 0;
  readonly #entries: Delta[] = [];

  add(neighbour: number, weight: number): void {
    this.#total += weight;
    const entries = this.#entries;
    const known = entries.findIndex((entry) => entry.neighbour === neighbour);
    let sum = weight;
    if (known >= 0) sum += entries.splice(known, 1)[0]!.weight;
    else if (entries.length === ROW_LIMIT) {
      if (weight < entries.at(-1)!.weight) return;
      entries.pop();
    }
    const at = entries.findIndex((entry) => entry.weight <= sum);
    entries.splice(at < 0 ? entries.length : at, 0, { neighbour, weight: Math.fround(sum) });
  }

  plain() {
    if (this.#entries.length === 0) return undefined;
    const neighbours = this.#entries.map(({ neighbour }) => neighbour);
    return { total: this.#total, neighbours, weights: this.#entries.map(({ weight }) => weight) };
  }
}

const identity = Array.from({ length: 2 * ROW_LIMIT }, (_, n) => n);

/** Neighbours by their number in the test. */
function plain(row: ItemRow | undefined, items: readonly number[]) {
  if (row === undefined || row.count === 0) return undefined;
  const neighbours = Array.from(row.items.subarray(0, row.count), (item) => items.indexOf(item));
  return { total: row.total, neighbours, weights: [...row.weights.subarray(0, row.count)] };
}

test('ids that are met a second time keep their number, also when the table has grown', () => {
  const ids = new ItemIds(4);
  const texts = Array.from({ length: 10_000 }, (_, n) => `ü${n}`);
  const numbers = texts.map((text) => ids.ofText(text));
  assert.equal(new Set(numbers).size, texts.length);
  for (const [index, text] of texts.entries()) {
    const bytes = Buffer.from(`_${text}_`);
    assert.equal(ids.ofBytes(bytes, 1, bytes.length - 2), numbers[index]);
    assert.equal(ids.text(numbers[index]!), text);
  }
});
