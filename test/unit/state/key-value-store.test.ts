import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Metrics } from '../../../engine/api/index.ts';
import { createMemoryDatabase, keyValueStore, openRocksDatabase } from '../../../state/index.ts';
import { type Box, boxSerde, commit, keyValueStoreConformance } from '../../conformance/key-value-store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

keyValueStoreConformance('cached store over the memory database', {
  openDatabase: async () => createMemoryDatabase({ columnFamilies: ['boxes'] }),
  supplier: (options) => keyValueStore<Box>({ name: 'boxes', ...options }),
});

keyValueStoreConformance('cached store over RocksDB', {
  async openDatabase(t) {
    const database = await openRocksDatabase(temporaryDirectory(), { columnFamilies: ['boxes'] });
    t.after(() => database.close());
    return database;
  },
  supplier: (options) => keyValueStore<Box>({ name: 'boxes', ...options }),
});

describe('the cached store', () => {
  const keyspace = () => {
    const database = createMemoryDatabase({ columnFamilies: ['boxes'] });
    return { database, columnFamily: 'boxes', prefix: new Uint8Array() };
  };

  it('counts hits and misses, and reports them when a commit ends', () => {
    const counts = new Map<string, number>();
    const metrics: Metrics = {
      counter: (name, attributes) => ({
        add: (amount) => void counts.set(`${name} ${attributes?.['freshet.store']}`, amount),
      }),
      histogram: () => ({ record() {} }),
      gauge: () => () => {},
    };
    const space = keyspace();
    const store = keyValueStore<Box>({ name: 'boxes', codec: boxSerde, cacheMaxBytes: 1e6, metrics }).create(space);
    store.get('a');
    store.get('a');
    store.get('a');
    store.load(['b', 'c']);
    commit(store, space.database);
    assert.deepEqual(
      counts,
      new Map([
        ['freshet.store.cache.hits boxes', 2],
        ['freshet.store.cache.misses boxes', 3],
      ]),
    );
  });

  it('charges a value what sizeOf says', () => {
    const space = keyspace();
    const options = { name: 'boxes', codec: boxSerde, cacheMaxBytes: 1e6 };
    const small = keyValueStore<Box>({ ...options, sizeOf: () => 0 }).create(space);
    const large = keyValueStore<Box>({ ...options, sizeOf: () => 5_000 }).create(space);
    for (const store of [small, large]) {
      store.put('k', { text: 'v' });
      commit(store, space.database);
    }
    assert.equal(large.memoryBytes - small.memoryBytes, 5_000);
  });

  it('refuses a budget that is not a number of bytes', () => {
    for (const cacheMaxBytes of [-1, Number.NaN]) {
      assert.throws(() => keyValueStore<Box>({ name: 'boxes', codec: boxSerde, cacheMaxBytes }), RangeError);
    }
  });
});
