// What every ObjectStore must do, whether it is a folder or behind a network. Stores of one test share nothing with other tests.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { ObjectStore } from '../../engine/archive/index.ts';
import { collect } from '../support/history.ts';

export interface ObjectStoreHarness {
  /** An empty store that is closed when the test ends. */
  open(t: TestContext): Promise<ObjectStore>;
  /** More objects than a page of the store's listings holds. */
  readonly manyObjects: number;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function names(store: ObjectStore, prefix: string, after?: string): Promise<string[]> {
  const all: string[] = [];
  for await (const page of store.list(prefix, after)) all.push(...page.map(({ name }) => name));
  return all;
}

async function text(store: ObjectStore, name: string, start: number, end: number): Promise<string> {
  return Buffer.from(await store.read(name, start, end)).toString();
}

export function objectStoreConformance(name: string, { open, manyObjects }: ObjectStoreHarness): void {
  describe(name, () => {
    it('lists nothing while nothing was written', async (t) => {
      const store = await open(t);
      assert.deepEqual(await names(store, ''), []);
      assert.deepEqual(await names(store, 'clicks/0/'), []);
    });

    it('gives any range of an object, and fewer bytes at its end', async (t) => {
      const store = await open(t);
      await store.put('clicks/0/a.avro', bytes('0123456789'));
      assert.equal(await text(store, 'clicks/0/a.avro', 0, 10), '0123456789');
      assert.equal(await text(store, 'clicks/0/a.avro', 3, 5), '34');
      assert.equal(await text(store, 'clicks/0/a.avro', 8, 1_000), '89');
      assert.equal(await text(store, 'clicks/0/a.avro', 10, 20), '');
      assert.equal(await text(store, 'clicks/0/a.avro', 4, 4), '');
    });

    it('keeps large objects byte for byte', async (t) => {
      const store = await open(t);
      const value = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
      await store.put('large', value);
      assert.equal(Buffer.compare(await store.read('large', 0, 4_000_000), value), 0);
      assert.equal(
        Buffer.compare(await store.read('large', 1_048_576, 2_097_152), value.subarray(1_048_576, 2_097_152)),
        0,
      );
    });

    it('rejects reading what is not there', async (t) => {
      const store = await open(t);
      await assert.rejects(store.read('nothing', 0, 10));
    });

    it('replaces an object of the same name', async (t) => {
      const store = await open(t);
      await store.put('a', bytes('first, and longer'));
      await store.put('a', bytes('second'));
      assert.equal(await text(store, 'a', 0, 100), 'second');
      const [page = []] = await collect(store.list(''));
      assert.deepEqual(page, [{ name: 'a', bytes: 6 }]);
    });

    it('refuses names that lead out of it, or that listings would not show', async (t) => {
      const store = await open(t);
      for (const wrong of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', './a', 'a/.hidden']) {
        await assert.rejects(store.put(wrong, bytes('x')), RangeError, wrong);
        await assert.rejects(store.read(wrong, 0, 1), RangeError, wrong);
      }
      assert.deepEqual(await names(store, ''), []);
    });

    it('lists by prefix and from any name on, in byte order, whatever the folders', async (t) => {
      const store = await open(t);
      const all = ['a-b/1', 'a.b/1', 'a/0', 'a/1/x', 'a/10', 'a/2', 'a0', 'b'];
      for (const one of [...all].reverse()) await store.put(one, bytes(one));
      const order = [...all].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(await names(store, ''), order);
      const word = fc.constantFrom(
        '',
        'a',
        'a/',
        'a/1',
        'a/1/',
        'a/10',
        'a/11',
        'a0',
        'a-',
        'a.b/1',
        'a/1/x',
        'b',
        'z',
      );
      await fc.assert(
        fc.asyncProperty(word, word, async (prefix, after) => {
          const expected = order.filter((one) => one.startsWith(prefix) && one > after);
          assert.deepEqual(await names(store, prefix, after === '' ? undefined : after), expected);
        }),
        { numRuns: 60 },
      );
    });

    it('lists more than one page', async (t) => {
      const store = await open(t);
      const all = Array.from({ length: manyObjects }, (_, i) => `many/${String(i).padStart(5, '0')}`);
      for (let from = 0; from < all.length; from += 50) {
        await Promise.all(all.slice(from, from + 50).map((one) => store.put(one, bytes('x'))));
      }
      const pages = await collect(store.list('many/'));
      assert.deepEqual(
        pages.flat().map((one) => one.name),
        all,
      );
      assert.ok(pages.length > 1, `${pages.length} pages`);
      assert.deepEqual(await names(store, 'many/', 'many/00007'), all.slice(8));
    });
  });
}
