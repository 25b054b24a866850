// What every Database must do. Call it in a test file with a way to open one.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Database, KeyRange } from '../../engine/api/index.ts';

export interface DatabaseHarness {
  /** Opens an empty database with these column families, which is closed when the test ends. */
  open(t: TestContext, columnFamilies: readonly string[]): Promise<Database>;
  /** Opens again what `open` of the same test opened and the test has closed. Absent for a database without a disk. */
  readonly reopen?: (t: TestContext, columnFamilies: readonly string[]) => Promise<Database>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

function put(database: Database, columnFamily: string, entries: Record<string, string>): void {
  const batch = database.createBatch();
  for (const [key, value] of Object.entries(entries)) batch.put(columnFamily, bytes(key), bytes(value));
  database.write(batch);
}

function scan(database: Database, range: KeyRange, columnFamily = 'a'): string[] {
  return [...database.scan(columnFamily, range)].map(([key, value]) => `${text(key)}=${text(value)}`);
}

export function databaseConformance(name: string, harness: DatabaseHarness): void {
  const { open, reopen } = harness;

  describe(`${name}: reading and writing`, () => {
    it('returns what was put, and undefined for what was not', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', { k: 'v' });
      assert.equal(text(database.get('a', bytes('k'))), 'v');
      assert.equal(database.get('a', bytes('other')), undefined);
    });

    it('keeps an empty value apart from an absent one', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', { k: '' });
      assert.equal(database.get('a', bytes('k'))?.length, 0);
      assert.deepEqual(scan(database, {}), ['k=']);
    });

    it('takes an empty key', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', { '': 'v' });
      assert.equal(text(database.get('a', new Uint8Array())), 'v');
      assert.deepEqual(scan(database, { gte: new Uint8Array() }), ['=v']);
    });

    it('takes views of a larger buffer as key and value', async (t) => {
      const database = await open(t, ['a']);
      const whole = bytes('xkeyxvaluex');
      const batch = database.createBatch();
      batch.put('a', whole.subarray(1, 4), whole.subarray(5, 10));
      database.write(batch);
      assert.deepEqual(scan(database, {}), ['key=value']);
      assert.equal(text(database.get('a', whole.subarray(1, 4))), 'value');
    });

    it('returns the values of many keys in their order, repeated and absent ones included', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', { a: '1', b: '2' });
      const found = database.getMany('a', ['b', 'x', 'a', 'b'].map(bytes));
      assert.deepEqual(found.map(text), ['2', undefined, '1', '2']);
      assert.deepEqual(database.getMany('a', []), []);
    });

    it('gives each caller bytes of its own', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', { k: 'v' });
      database.get('a', bytes('k'))!.fill(0);
      for (const [, value] of database.scan('a', {})) value.fill(0);
      assert.equal(text(database.get('a', bytes('k'))), 'v');
    });

    it('does not read the bytes of a batch after it has been written', async (t) => {
      const database = await open(t, ['a']);
      const key = bytes('k');
      const value = bytes('v');
      const batch = database.createBatch();
      batch.put('a', key, value);
      database.write(batch);
      key.fill(0);
      value.fill(0);
      assert.deepEqual(scan(database, {}), ['k=v']);
    });

    it('keeps column families apart', async (t) => {
      const database = await open(t, ['a', 'b']);
      put(database, 'a', { k: 'in a' });
      put(database, 'b', { k: 'in b' });
      assert.equal(text(database.get('a', bytes('k'))), 'in a');
      assert.equal(text(database.get('b', bytes('k'))), 'in b');
    });

    it('refuses a column family that was not opened', async (t) => {
      const database = await open(t, ['a']);
      assert.throws(() => database.get('x', bytes('k')), TypeError);
      assert.throws(() => [...database.scan('x', {})], TypeError);
      assert.throws(() => database.createBatch().put('x', bytes('k'), bytes('v')), TypeError);
      assert.throws(() => database.deleteRange('x', { gte: bytes('a'), lt: bytes('b') }), TypeError);
    });
  });

  describe(`${name}: batches`, () => {
    it('shows nothing of a batch before it is written', async (t) => {
      const database = await open(t, ['a']);
      const batch = database.createBatch();
      batch.put('a', bytes('k'), bytes('v'));
      assert.equal(batch.count, 1);
      assert.equal(database.get('a', bytes('k')), undefined);
    });

    it('applies the operations of a batch in their order', async (t) => {
      const database = await open(t, ['a', 'b']);
      put(database, 'a', { gone: 'x' });
      const batch = database.createBatch();
      batch.put('a', bytes('k'), bytes('1'));
      batch.delete('a', bytes('k'));
      batch.put('a', bytes('k'), bytes('2'));
      batch.delete('a', bytes('gone'));
      batch.delete('a', bytes('never there'));
      batch.put('b', bytes('k'), bytes('3'));
      assert.equal(batch.count, 6);
      database.write(batch, { sync: true });
      assert.deepEqual(scan(database, {}), ['k=2']);
      assert.deepEqual(scan(database, {}, 'b'), ['k=3']);
    });

    it('takes an empty batch', async (t) => {
      const database = await open(t, ['a']);
      database.write(database.createBatch());
      assert.deepEqual(scan(database, {}), []);
    });

    it('refuses a batch that has been written or belongs to another database', async (t) => {
      const database = await open(t, ['a']);
      const batch = database.createBatch();
      database.write(batch);
      assert.throws(() => database.write(batch), TypeError);
      assert.throws(() => batch.put('a', bytes('k'), bytes('v')), TypeError);
      const foreign = { put() {}, delete() {}, count: 0 };
      assert.throws(() => database.write(foreign), TypeError);
    });
  });

  describe(`${name}: scans and ranges`, () => {
    const fill = { a: '1', b: '2', ba: '3', c: '4' };

    it('gives a half-open range in byte order', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', fill);
      assert.deepEqual(scan(database, {}), ['a=1', 'b=2', 'ba=3', 'c=4']);
      assert.deepEqual(scan(database, { gte: bytes('b'), lt: bytes('c') }), ['b=2', 'ba=3']);
      assert.deepEqual(scan(database, { gte: bytes('aa') }), ['b=2', 'ba=3', 'c=4']);
      assert.deepEqual(scan(database, { lt: bytes('b') }), ['a=1']);
    });

    it('gives a range from its end, and only so many entries', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', fill);
      assert.deepEqual(scan(database, { reverse: true }), ['c=4', 'ba=3', 'b=2', 'a=1']);
      assert.deepEqual(scan(database, { gte: bytes('b'), lt: bytes('c'), reverse: true }), ['ba=3', 'b=2']);
      assert.deepEqual(scan(database, { reverse: true, limit: 1 }), ['c=4']);
      assert.deepEqual(scan(database, { limit: 2 }), ['a=1', 'b=2']);
      assert.deepEqual(scan(database, { limit: 0 }), []);
    });

    it('finds nothing in a range that is empty or turned round', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', fill);
      assert.deepEqual(scan(database, { gte: bytes('b'), lt: bytes('b') }), []);
      assert.deepEqual(scan(database, { gte: bytes('c'), lt: bytes('a') }), []);
      assert.deepEqual(scan(database, { lt: new Uint8Array() }), []);
      assert.deepEqual(scan(database, { gte: bytes('d') }), []);
      assert.deepEqual(scan(database, { gte: bytes('d'), reverse: true }), []);
    });

    it('orders bytes above 0x7f behind those below', async (t) => {
      const database = await open(t, ['a']);
      const batch = database.createBatch();
      for (const byte of [0xff, 0x00, 0x80, 0x7f]) batch.put('a', Uint8Array.of(byte), bytes(String(byte)));
      database.write(batch);
      assert.deepEqual(
        [...database.scan('a', {})].map(([key]) => key[0]),
        [0x00, 0x7f, 0x80, 0xff],
      );
    });

    it('scans more entries than one step reads', async (t) => {
      const database = await open(t, ['a']);
      const batch = database.createBatch();
      for (let i = 0; i < 3000; i++) batch.put('a', bytes(String(i).padStart(5, '0')), bytes(String(i)));
      database.write(batch);
      const values = [...database.scan('a', {})].map(([, value]) => Number(text(value)));
      assert.deepEqual(
        values,
        Array.from({ length: 3000 }, (_, i) => i),
      );
      assert.equal([...database.scan('a', { limit: 1000 })].length, 1000);
      assert.equal([...database.scan('a', { limit: 1000, reverse: true })].length, 1000);
    });

    it('does not show a running scan what is written meanwhile', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', fill);
      const seen: string[] = [];
      for (const [key] of database.scan('a', {})) {
        seen.push(text(key)!);
        put(database, 'a', { [`${text(key)}+`]: 'new', d: 'new' });
        const batch = database.createBatch();
        batch.delete('a', bytes('c'));
        database.write(batch);
      }
      assert.deepEqual(seen, ['a', 'b', 'ba', 'c']);
    });

    it('lets a scan be left early', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', fill);
      for (const [key] of database.scan('a', {})) {
        assert.equal(text(key), 'a');
        break;
      }
      await database.close();
    });

    it('deletes a range, and nothing beside it', async (t) => {
      const database = await open(t, ['a', 'b']);
      put(database, 'a', fill);
      put(database, 'b', fill);
      database.deleteRange('a', { gte: bytes('b'), lt: bytes('c') });
      assert.deepEqual(scan(database, {}), ['a=1', 'c=4']);
      assert.equal(database.get('a', bytes('b')), undefined);
      assert.equal(scan(database, {}, 'b').length, 4);
      database.deleteRange('a', { gte: bytes('c'), lt: bytes('a') });
      database.deleteRange('a', { gte: bytes('c'), lt: bytes('c') });
      assert.deepEqual(scan(database, {}), ['a=1', 'c=4']);
      put(database, 'a', { b: 'again' });
      assert.deepEqual(scan(database, {}), ['a=1', 'b=again', 'c=4']);
      database.deleteRange('a', { gte: new Uint8Array(), lt: bytes('b') });
      assert.deepEqual(scan(database, {}), ['b=again', 'c=4']);
    });
  });

  describe(`${name}: sizes`, () => {
    it('counts keys and bytes of each column family', async (t) => {
      const database = await open(t, ['a', 'b']);
      put(database, 'a', { k: 'v', key: 'value' });
      put(database, 'a', { k: 'longer' });
      const sizes = new Map(database.sizes().map((size) => [size.columnFamily, size]));
      assert.deepEqual(sizes.get('a'), { columnFamily: 'a', keys: 2, bytes: 15 });
      assert.deepEqual(sizes.get('b'), { columnFamily: 'b', keys: 0, bytes: 0 });
      database.deleteRange('a', { gte: bytes('k'), lt: bytes('kez') });
      assert.equal(database.sizes().find(({ columnFamily }) => columnFamily === 'a')?.keys, 0);
    });
  });

  describe(`${name}: life cycle`, () => {
    it('refuses every call after close', async (t) => {
      const database = await open(t, ['a']);
      const batch = database.createBatch();
      await database.close();
      const key = bytes('k');
      assert.throws(() => database.get('a', key), TypeError);
      assert.throws(() => database.getMany('a', [key]), TypeError);
      assert.throws(() => [...database.scan('a', {})], TypeError);
      assert.throws(() => database.deleteRange('a', { gte: key, lt: bytes('z') }), TypeError);
      assert.throws(() => database.createBatch(), TypeError);
      assert.throws(() => batch.put('a', key, key), TypeError);
      assert.throws(() => database.write(batch), TypeError);
      assert.throws(() => database.sizes(), TypeError);
    });

    it('ends a scan that runs when it is closed with an error, not with a crash', async (t) => {
      const database = await open(t, ['a']);
      const batch = database.createBatch();
      for (let i = 0; i < 1000; i++) batch.put('a', bytes(String(i).padStart(4, '0')), bytes('v'));
      database.write(batch);
      const running = database.scan('a', {})[Symbol.iterator]();
      running.next();
      await database.close();
      assert.throws(() => {
        while (running.next().done !== true);
      }, TypeError);
    });

    it('may be closed twice, at once or one after the other', async (t) => {
      const database = await open(t, ['a']);
      await Promise.all([database.close(), database.close()]);
      await database.close();
    });
  });

  if (reopen === undefined) return;

  describe(`${name}: on disk`, () => {
    it('has kept everything when it is opened again', async (t) => {
      const database = await open(t, ['a', 'b']);
      put(database, 'a', { k: 'v', gone: 'x' });
      put(database, 'b', { k: 'in b' });
      database.deleteRange('a', { gte: bytes('g'), lt: bytes('h') });
      await database.close();
      const again = await reopen(t, ['a', 'b']);
      assert.deepEqual(scan(again, {}), ['k=v']);
      assert.deepEqual(scan(again, {}, 'b'), ['k=in b']);
    });

    it('opens with more column families than it has, and with fewer, and forgets none', async (t) => {
      const database = await open(t, ['a']);
      put(database, 'a', { k: 'in a' });
      await database.close();
      const more = await reopen(t, ['a', 'b', 'c']);
      put(more, 'b', { k: 'in b' });
      await more.close();
      const fewer = await reopen(t, ['c']);
      put(fewer, 'c', { k: 'in c' });
      await fewer.close();
      const all = await reopen(t, ['a', 'b', 'c']);
      assert.deepEqual([scan(all, {}), scan(all, {}, 'b'), scan(all, {}, 'c')], [['k=in a'], ['k=in b'], ['k=in c']]);
    });
  });
}
