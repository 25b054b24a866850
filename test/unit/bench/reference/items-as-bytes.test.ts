import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ItemIds } from '../../../../bench/reference/item-ids.ts';
import { encodeItems, readItems } from '../../../../bench/reference/item-set.ts';
import { JsonList } from '../../../../bench/reference/json-list.ts';
import { NEIGHBOURS } from '../../../../bench/reference/limits.ts';
import { NeighboursWriter, NeighbourTable } from '../../../../bench/reference/neighbours.ts';

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter((text) => text.isWellFormed());
const score = fc.integer({ min: 0, max: 30_000_000 }).map((n) => n / 10_000);
const list = fc.uniqueArray(fc.record({ id, s: score }, { noNullPrototype: true }), {
  maxLength: NEIGHBOURS,
  selector: (entry) => entry.id,
});

test('a list is the JSON that it would be, whatever the ids and scores', () => {
  fc.assert(
    fc.property(list, fc.option(fc.nat(), { nil: undefined }), (items, at) => {
      const ids = new ItemIds(4);
      const json = new JsonList(ids);
      json.open(at);
      for (const entry of items) json.entry(ids.ofText(entry.id), entry.s);
      const text = Buffer.from(json.close()).toString();
      assert.deepEqual(JSON.parse(text), at === undefined ? { items } : { at, items });
      assert.ok([...text.matchAll(/"s":([^}]*)\}/g)].every(([, number]) => /^\d+\.\d{4}$/.test(number!)));
    }),
  );
});

test('neighbours are read as they were written, whatever was known of the item before', () => {
  fc.assert(
    fc.property(fc.array(list, { minLength: 1, maxLength: 4 }), fc.array(fc.nat()), (versions, moves) => {
      const ids = new ItemIds(4);
      const table = new NeighbourTable(ids);
      const moved = [...versions.at(-1)!];
      for (const move of moves) if (moved.length > 0) moved.unshift(...moved.splice(move % moved.length, 1));
      for (const items of [...versions, moved]) {
        const writer = new NeighboursWriter(ids);
        for (const { id, s } of items) writer.add(ids.ofText(id), s);
        table.apply('row', writer.take());
        const row = ids.ofText('row');
        const from = row * NEIGHBOURS;
        const found = Array.from({ length: table.count(row) }, (_, rank) => ({
          id: ids.text(table.items[from + rank]!),
          s: table.scores[from + rank]!,
        }));
        assert.deepEqual(
          found,
          items.map(({ id, s }) => ({ id, s: Math.fround(s) })),
        );
      }
    }),
  );
});

test('a set of items is read as it was written, and one that was cut off is refused', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 1 }), (texts) => {
      const ids = new ItemIds(4);
      const items = texts.map((text) => ids.ofText(text));
      const bytes = encodeItems(items, ids);
      const found = new Set<number>();
      readItems(bytes, ids, found);
      assert.deepEqual([...found], items);
      assert.throws(() => readItems(bytes.subarray(0, bytes.length - 1), ids, new Set()), RangeError);
    }),
  );
});
