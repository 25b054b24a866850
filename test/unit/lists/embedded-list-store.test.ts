import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { type Database, type Logger, silentLogger } from '../../../engine/api/index.ts';
import {
  createEmbeddedListStore,
  LISTS_COLUMN_FAMILY,
  type ListStore,
  TOMBSTONE_RETENTION_MS,
} from '../../../lists/index.ts';
import { createMemoryDatabase, openRocksDatabase } from '../../../state/index.ts';
import { listStoreConformance } from '../../conformance/list-store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const columnFamilies = [LISTS_COLUMN_FAMILY];

/** Opens list stores of which those of one test share a database. */
function sharing(openDatabase: (t: TestContext) => Promise<Database>): (t: TestContext) => Promise<ListStore> {
  const databases = new WeakMap<TestContext, Promise<Database>>();
  return async (t) => {
    const database = databases.get(t) ?? openDatabase(t);
    databases.set(t, database);
    const store = createEmbeddedListStore({ database: await database, clock: { nowMs: () => 1_000 } });
    t.after(() => store.close());
    return store;
  };
}

listStoreConformance('embedded list store in memory', {
  open: sharing(async () => createMemoryDatabase({ columnFamilies })),
});

listStoreConformance('embedded list store on RocksDB', {
  open: sharing(async (t) => {
    const database = await openRocksDatabase(temporaryDirectory(), { columnFamilies });
    t.after(() => database.close());
    return database;
  }),
});

describe('the embedded list store', () => {
  const value = Buffer.from('v');

  function open(logger: Logger = silentLogger) {
    const database = createMemoryDatabase({ columnFamilies });
    const clock = { now: 1_000_000, nowMs: () => clock.now };
    const store = createEmbeddedListStore({ database, clock, logger });
    const keysInDatabase = (): number => database.sizes()[0]!.keys;
    return { database, clock, store, keysInDatabase };
  }

  it('forgets a removed key when the retention is over, and no earlier', async () => {
    const { store, clock, keysInDatabase } = open();
    await store.publish([{ key: 'k', value: null, version: 5 }]);
    clock.now += TOMBSTONE_RETENTION_MS;
    await store.publish([{ key: 'k', value, version: 4 }]);
    assert.deepEqual(await store.getMany(['k']), [undefined]);
    clock.now += 1_000;
    await store.publish([]);
    assert.equal(keysInDatabase(), 0);
  });

  it('keeps a key that was published or removed again since', async () => {
    const { store, clock, keysInDatabase } = open();
    await store.publish([
      { key: 'again', value: null, version: 5 },
      { key: 'twice', value: null, version: 5 },
    ]);
    clock.now += 1;
    await store.publish([
      { key: 'again', value, version: 6 },
      { key: 'twice', value: null, version: 7 },
    ]);
    clock.now += TOMBSTONE_RETENTION_MS;
    await store.publish([]);
    assert.equal((await store.getMany(['again']))[0]?.version, 6);
    await store.publish([{ key: 'twice', value, version: 6 }]);
    assert.deepEqual(await store.getMany(['twice']), [undefined]);
    clock.now += 1_000;
    await store.publish([]);
    assert.equal(keysInDatabase(), 1);
  });

  it('forgets any number of removed keys, some at a time', async () => {
    const { store, clock, keysInDatabase } = open();
    const keys = Array.from({ length: 2_500 }, (_, i) => `session-${i}`);
    await store.publish(keys.map((key) => ({ key, value: null, version: 1 })));
    clock.now += TOMBSTONE_RETENTION_MS;
    for (let i = 0; i < 3; i++) {
      assert(keysInDatabase() > 0);
      clock.now += 1_000;
      await store.publish([]);
    }
    assert.equal(keysInDatabase(), 0);
  });

  it('logs a listener that throws, without the key', async () => {
    const lines: string[] = [];
    const { store } = open({ ...silentLogger, error: (event, fields) => lines.push(JSON.stringify([event, fields])) });
    await store.watch('card:', () => {
      throw new Error('boom');
    });
    await store.publish([{ key: 'card:secret', value, version: 1 }]);
    assert.deepEqual(lines, ['["list-listener-failed",{"prefix":"card:","error":"boom"}]']);
  });

  it('reads what a stopped engine has left, from a database opened for reading, and refuses to publish', async () => {
    const path = temporaryDirectory();
    const clock = { nowMs: () => 1_000 };
    const written = await openRocksDatabase(path, { columnFamilies: ['other', ...columnFamilies] });
    await createEmbeddedListStore({ database: written, clock }).publish([{ key: 'k', value, version: 3 }]);
    await written.close();
    const database = await openRocksDatabase(path, { columnFamilies, readOnly: true });
    const store = createEmbeddedListStore({ database, clock });
    assert.deepEqual(
      (await store.getMany(['k'])).map((entry) => [String(entry?.value), entry?.version]),
      [['v', 3]],
    );
    await assert.rejects(store.publish([{ key: 'k', value, version: 4 }]), TypeError);
    await database.close();
  });
});
