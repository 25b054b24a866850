// What every KeyValueStore over a Database must do.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  type Database,
  EngineError,
  type Keyspace,
  type KeyValueStore,
  type Serde,
  type StoreSupplier,
} from '../../engine/api/index.ts';

/** A value that can be changed in place. */
export interface Box {
  text: string;
}

export const boxSerde: Serde<Box> = {
  serialize: ({ text }) => Buffer.from(text),
  deserialize(bytes) {
    const text = Buffer.from(bytes).toString();
    if (text === 'unreadable') throw new Error('no box');
    return { text };
  },
};

export interface StoreHarness {
  /** A database with the column family `boxes`, which is closed when the test ends. */
  openDatabase(t: TestContext): Promise<Database>;
  supplier(options: { readonly cacheMaxBytes: number; readonly codec: Serde<Box> }): StoreSupplier<KeyValueStore<Box>>;
}

/** Counts calls. */
function watched(database: Database): Database & { calls: { get: number; getMany: number } } {
  const calls = { get: 0, getMany: 0 };
  return {
    calls,
    get(columnFamily, key) {
      calls.get++;
      return database.get(columnFamily, key);
    },
    getMany(columnFamily, keys) {
      calls.getMany++;
      return database.getMany(columnFamily, keys);
    },
    scan: (columnFamily, range) => database.scan(columnFamily, range),
    deleteRange: (columnFamily, range) => database.deleteRange(columnFamily, range),
    createBatch: () => database.createBatch(),
    write: (batch, options) => database.write(batch, options),
    sizes: () => database.sizes(),
    close: () => database.close(),
  };
}

/** Writes what a store flushes, as a commit does. Returns the number of keys. */
export function commit(store: KeyValueStore<Box>, database: Database): number {
  const batch = database.createBatch();
  store.flush((key, value) => (value === null ? batch.delete('boxes', key) : batch.put('boxes', key, value)));
  const { count } = batch;
  database.write(batch);
  store.committed();
  return count;
}

const entries = (store: KeyValueStore<Box>, options?: Parameters<KeyValueStore<Box>['scan']>[0]): string[] =>
  [...store.scan(options)].map(([key, { text }]) => `${key}=${text}`);

export function keyValueStoreConformance(name: string, harness: StoreHarness): void {
  const ample = 1_000_000;

  async function open(t: TestContext, { cacheMaxBytes = ample, prefix = '', codec = boxSerde } = {}) {
    const database = watched(await harness.openDatabase(t));
    const keyspace: Keyspace = { database, columnFamily: 'boxes', prefix: Buffer.from(prefix) };
    const supplier = harness.supplier({ cacheMaxBytes, codec });
    return { database, supplier, keyspace, store: supplier.create(keyspace) };
  }

  describe(`${name}: uncommitted changes`, () => {
    it('are read back before they are committed, and are not in the database', async (t) => {
      const { store, supplier, keyspace } = await open(t);
      store.put('k', { text: 'v' });
      assert.equal(store.get('k')?.text, 'v');
      store.delete('k');
      assert.equal(store.get('k'), undefined);
      store.put('k', { text: 'w' });
      assert.equal(supplier.create(keyspace).get('k'), undefined);
    });

    it('are in the database after a commit', async (t) => {
      const { store, database, supplier, keyspace } = await open(t);
      store.put('k', { text: 'v' });
      store.put('gone', { text: 'x' });
      assert.equal(commit(store, database), 2);
      store.delete('gone');
      store.put('k', { text: 'w' });
      assert.equal(commit(store, database), 2);
      assert.equal(commit(store, database), 0);
      const again = supplier.create(keyspace);
      assert.equal(again.get('k')?.text, 'w');
      assert.equal(again.get('gone'), undefined);
    });

    it('made in place count as changes and are flushed', async (t) => {
      const { store, database, supplier, keyspace } = await open(t);
      store.put('k', { text: 'v' });
      commit(store, database);
      store.getForUpdate('k')!.text = 'w';
      assert.equal(store.get('k')?.text, 'w');
      assert.equal(commit(store, database), 1);
      assert.equal(supplier.create(keyspace).get('k')?.text, 'w');
    });

    it('are not made by getting an absent key for update', async (t) => {
      const { store, database } = await open(t);
      assert.equal(store.getForUpdate('k'), undefined);
      assert.equal(commit(store, database), 0);
    });

    it('are flushed once per key, encoded once', async (t) => {
      let encoded = 0;
      const codec: Serde<Box> = {
        ...boxSerde,
        serialize(box) {
          encoded++;
          return boxSerde.serialize(box);
        },
      };
      const { store, database } = await open(t, { codec });
      for (let i = 0; i < 5; i++) store.put('k', { text: String(i) });
      store.getForUpdate('k');
      assert.equal(commit(store, database), 1);
      assert.equal(encoded, 1);
    });

    it('are forgotten by a rollback: puts, deletes and changes in place', async (t) => {
      const { store, database } = await open(t);
      for (const key of ['put', 'deleted', 'changed']) store.put(key, { text: 'old' });
      commit(store, database);
      store.put('put', { text: 'new' });
      store.put('added', { text: 'new' });
      store.delete('deleted');
      store.getForUpdate('changed')!.text = 'new';
      store.rollback();
      assert.deepEqual(entries(store), ['changed=old', 'deleted=old', 'put=old']);
      for (const key of ['put', 'deleted', 'changed']) assert.equal(store.get(key)?.text, 'old');
      assert.equal(store.get('added'), undefined);
      assert.equal(commit(store, database), 0);
    });

    it('that were flushed but not written are forgotten by a rollback too', async (t) => {
      const { store, database } = await open(t);
      store.put('k', { text: 'v' });
      store.flush(() => {});
      store.rollback();
      assert.equal(store.get('k'), undefined);
      assert.equal(commit(store, database), 0);
    });

    it('may not be declared committed without being flushed', async (t) => {
      const { store } = await open(t);
      store.put('k', { text: 'v' });
      assert.throws(() => store.committed(), TypeError);
    });
  });

  describe(`${name}: scans`, () => {
    it('merge uncommitted changes and the database in UTF-8 order', async (t) => {
      const { store, database } = await open(t);
      for (const key of ['a', 'c', 'e', 'é', '\u{1f600}', '\uffee']) store.put(key, { text: '1' });
      commit(store, database);
      store.put('b', { text: '2' });
      store.put('c', { text: '2' });
      store.delete('e');
      store.put('z', { text: '2' });
      store.getForUpdate('é')!.text = '2';
      store.put('\u{1f601}', { text: '2' });
      const all = ['a=1', 'b=2', 'c=2', 'z=2', 'é=2', '\uffee=1', '\u{1f600}=1', '\u{1f601}=2'];
      assert.deepEqual(entries(store), all);
      for (let limit = 0; limit <= all.length + 1; limit++) {
        assert.deepEqual(entries(store, { limit }), all.slice(0, limit));
      }
    });

    it('are confined to a prefix', async (t) => {
      const { store, database } = await open(t);
      for (const key of ['a', 'ab', 'ac', 'b']) store.put(key, { text: '1' });
      commit(store, database);
      store.put('aa', { text: '2' });
      store.put('c', { text: '2' });
      store.delete('ab');
      assert.deepEqual(entries(store, { prefix: 'a' }), ['a=1', 'aa=2', 'ac=1']);
      assert.deepEqual(entries(store, { prefix: 'x' }), []);
    });

    it('go on behind a key, whether it is there or not, and inside the prefix', async (t) => {
      const { store, database } = await open(t);
      for (const key of ['a', 'ab', 'ad', 'b', 'é']) store.put(key, { text: '1' });
      commit(store, database);
      store.put('ac', { text: '2' });
      store.delete('ad');
      store.put('c', { text: '2' });
      assert.deepEqual(entries(store, { after: 'ab' }), ['ac=2', 'b=1', 'c=2', 'é=1']);
      assert.deepEqual(entries(store, { after: 'aba', limit: 2 }), ['ac=2', 'b=1']);
      assert.deepEqual(entries(store, { prefix: 'a', after: 'ab' }), ['ac=2']);
      assert.deepEqual(entries(store, { prefix: 'b', after: 'a' }), ['b=1']);
      assert.deepEqual(entries(store, { prefix: 'a', after: 'c' }), []);
      assert.deepEqual(entries(store, { after: 'é' }), []);
    });

    it('in pages find all that was there throughout, whatever is committed between them', async (t) => {
      const { store, database } = await open(t);
      const kept = Array.from({ length: 50 }, (_, i) => `k${String(i).padStart(2, '0')}`);
      for (const key of kept) store.put(key, { text: '1' });
      commit(store, database);
      const seen: string[] = [];
      for (let after: string | undefined, page = 0; ; page++) {
        const found = [...store.scan({ limit: 7, ...(after !== undefined && { after }) })];
        for (const [key] of found) seen.push(key);
        if (found.length < 7) break;
        after = found.at(-1)![0];
        store.put(`k${page}-between`, { text: '2' });
        store.getForUpdate(kept[7 * page]!)!.text = '3';
        store.delete(after);
        if (page % 2 === 0) commit(store, database);
      }
      assert.deepEqual(
        seen.filter((key) => !key.endsWith('between')),
        kept,
      );
    });

    it('let the entries that they show be deleted', async (t) => {
      const { store, database } = await open(t);
      for (const key of ['a', 'b', 'c']) store.put(key, { text: '1' });
      commit(store, database);
      store.put('d', { text: '2' });
      const seen: string[] = [];
      for (const [key] of store.scan()) {
        seen.push(key);
        store.delete(key);
      }
      assert.deepEqual(seen, ['a', 'b', 'c', 'd']);
      assert.deepEqual(entries(store), []);
    });
  });

  describe(`${name}: keyspaces and keys`, () => {
    it('with different prefixes do not see each other', async (t) => {
      const { database, supplier } = await open(t);
      const stores = ['\x00', '\x01', '\xff'].map((prefix) =>
        supplier.create({ database, columnFamily: 'boxes', prefix: Buffer.from(prefix, 'latin1') }),
      );
      for (const [i, store] of stores.entries()) {
        store.put('k', { text: String(i) });
        commit(store, database);
      }
      for (const [i, store] of stores.entries()) assert.deepEqual(entries(store), [`k=${i}`]);
    });

    it('of 1,024 bytes are taken, longer and broken ones are refused', async (t) => {
      const { store } = await open(t);
      store.put('é'.repeat(512), { text: 'v' });
      assert.throws(() => store.put('é'.repeat(513), { text: 'v' }), RangeError);
      assert.throws(() => store.delete('x'.repeat(1025)), RangeError);
      assert.throws(() => store.put('half \ud800', { text: 'v' }), RangeError);
    });
  });

  describe(`${name}: cache`, () => {
    it('loads what is missing with one multi-get, absent keys included', async (t) => {
      const { store, database, supplier, keyspace } = await open(t);
      store.put('a', { text: '1' });
      store.put('b', { text: '2' });
      commit(store, database);
      const cold = supplier.create(keyspace);
      database.calls.get = database.calls.getMany = 0;
      cold.load(['a', 'b', 'absent', 'a']);
      cold.load(['b', 'absent']);
      assert.deepEqual([cold.get('a')?.text, cold.get('b')?.text, cold.get('absent')], ['1', '2', undefined]);
      assert.deepEqual(database.calls, { get: 0, getMany: 1 });
    });

    it('does not load over an uncommitted change', async (t) => {
      const { store, database, supplier, keyspace } = await open(t);
      store.put('k', { text: 'old' });
      commit(store, database);
      const other = supplier.create(keyspace);
      other.put('k', { text: 'new' });
      other.load(['k']);
      assert.equal(other.get('k')?.text, 'new');
    });

    it('keeps to its budget after a commit and after a rollback, and answers the same', async (t) => {
      const cacheMaxBytes = 10_000;
      const { store, database } = await open(t, { cacheMaxBytes });
      const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`);
      for (const key of keys) store.put(key, { text: key.repeat(10) });
      assert(store.memoryBytes > cacheMaxBytes, 'uncommitted changes stay in memory whatever the budget');
      commit(store, database);
      assert(store.memoryBytes <= cacheMaxBytes, `${store.memoryBytes} bytes`);
      for (const key of keys) assert.equal(store.get(key)?.text, key.repeat(10));
      store.rollback();
      assert(store.memoryBytes <= cacheMaxBytes, `${store.memoryBytes} bytes`);
    });

    it('is bounded between commits too', async (t) => {
      const cacheMaxBytes = 10_000;
      const { store } = await open(t, { cacheMaxBytes });
      for (let i = 0; i < 2_000; i++) store.get(`absent-${i}`);
      assert(store.memoryBytes <= 2 * cacheMaxBytes, `${store.memoryBytes} bytes`);
    });

    it('evicts what was not read since, before what was', async (t) => {
      const { store, database } = await open(t, { cacheMaxBytes: 10_000 });
      store.put('kept', { text: 'v' });
      commit(store, database);
      for (let i = 0; i < 200; i++) {
        store.get('kept');
        store.put(`other-${i}`, { text: 'v'.repeat(100) });
        commit(store, database);
      }
      database.calls.get = 0;
      store.get('kept');
      assert.equal(database.calls.get, 0);
      store.get('other-0');
      assert.equal(database.calls.get, 1);
    });

    it('works with a budget of 0', async (t) => {
      const { store, database } = await open(t, { cacheMaxBytes: 0 });
      store.put('k', { text: 'v' });
      commit(store, database);
      assert.equal(store.memoryBytes, 0);
      assert.equal(store.get('k')?.text, 'v');
      store.load(['k', 'x']);
      store.getForUpdate('k')!.text = 'w';
      commit(store, database);
      assert.equal(store.get('k')?.text, 'w');
    });

    it('names the store when a value cannot be read', async (t) => {
      const { store, database, supplier, keyspace } = await open(t);
      store.put('k', { text: 'unreadable' });
      commit(store, database);
      const isNamed = (error: unknown): boolean =>
        error instanceof EngineError && error.code === 'STATE_FORMAT_UNKNOWN' && error.context.store === 'boxes';
      assert.throws(() => supplier.create(keyspace).get('k'), isNamed);
      assert.throws(() => supplier.create(keyspace).load(['k']), isNamed);
      assert.throws(() => [...supplier.create(keyspace).scan()], isNamed);
    });
  });
}
