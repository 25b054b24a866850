// Random histories of a store against a Map. The cache budget is tiny, so that eviction happens in nearly every commit.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Database, KeyValueStore } from '../../engine/api/index.ts';
import { createMemoryDatabase, keyValueStore, openRocksDatabase } from '../../state/index.ts';
import { type Box, boxSerde, commit } from '../conformance/key-value-store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

type Operation =
  | { readonly kind: 'get' | 'delete'; readonly key: string }
  | { readonly kind: 'put' | 'change'; readonly key: string; readonly text: string }
  | { readonly kind: 'load'; readonly keys: readonly string[] }
  | { readonly kind: 'scan'; readonly prefix: string; readonly limit: number }
  | { readonly kind: 'commit' | 'rollback' | 'reopen' };

const key = fc.constantFrom('a', 'aa', 'ab', 'b', 'ba', 'é', '\u{1f600}', '\uffee', 'longer-key-1', 'longer-key-2');
const text = fc.string({ maxLength: 40 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), key, text }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), key, text }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('load' as const), keys: fc.array(key, { maxLength: 6 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      prefix: fc.constantFrom('', 'a', 'longer', 'x'),
      limit: fc.oneof(fc.nat(5), fc.constant(Infinity)),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'commit' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'rollback' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reopen' as const }) },
);

function scanModel(model: ReadonlyMap<string, string>, prefix: string, limit: number): [string, string][] {
  return [...model]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .slice(0, limit);
}

function run(database: Database, prefix: string, operations: readonly Operation[], cacheMaxBytes: number): void {
  const supplier = keyValueStore<Box>({ name: 'boxes', codec: boxSerde, cacheMaxBytes });
  const create = (): KeyValueStore<Box> =>
    supplier.create({ database, columnFamily: 'boxes', prefix: Buffer.from(prefix) });
  let store = create();
  let committed = new Map<string, string>();
  let model = new Map<string, string>();
  for (const operation of operations) {
    switch (operation.kind) {
      case 'get':
        assert.equal(store.get(operation.key)?.text, model.get(operation.key));
        break;
      case 'put':
        store.put(operation.key, { text: operation.text });
        model.set(operation.key, operation.text);
        break;
      case 'change': {
        const box = store.getForUpdate(operation.key);
        assert.equal(box?.text, model.get(operation.key));
        if (box === undefined) break;
        box.text = operation.text;
        model.set(operation.key, operation.text);
        break;
      }
      case 'delete':
        store.delete(operation.key);
        model.delete(operation.key);
        break;
      case 'load':
        store.load(operation.keys);
        break;
      case 'scan': {
        const found = [...store.scan(operation)].map(([key, box]) => [key, box.text]);
        assert.deepEqual(found, scanModel(model, operation.prefix, operation.limit));
        break;
      }
      case 'commit':
        commit(store, database);
        committed = new Map(model);
        assert(store.memoryBytes <= cacheMaxBytes);
        break;
      case 'rollback':
        store.rollback();
        model = new Map(committed);
        assert(store.memoryBytes <= cacheMaxBytes);
        break;
      case 'reopen':
        store = create();
        model = new Map(committed);
        break;
    }
  }
  assert.deepEqual(
    [...store.scan()].map(([key, box]) => [key, box.text]),
    scanModel(model, '', Infinity),
  );
  store.rollback();
  assert.equal(store.memoryBytes <= cacheMaxBytes, true);
}

const history = fc.array(operation, { maxLength: 120 });
const budget = fc.constantFrom(0, 200, 600, 100_000);

describe('a key-value store with a tiny cache', () => {
  it('behaves as a Map does, over the memory database', () => {
    fc.assert(
      fc.property(history, budget, (operations, cacheMaxBytes) => {
        run(createMemoryDatabase({ columnFamilies: ['boxes'] }), 'task', operations, cacheMaxBytes);
      }),
      { numRuns: 300 },
    );
  });

  it('behaves as a Map does, over RocksDB', async (t) => {
    const database = await openRocksDatabase(temporaryDirectory(), { columnFamilies: ['boxes'] });
    t.after(() => database.close());
    let histories = 0;
    fc.assert(
      fc.property(history, budget, (operations, cacheMaxBytes) => {
        // Each history has a keyspace of its own, beside those before it.
        run(database, `task-${String(histories++).padStart(6, '0')}/`, operations, cacheMaxBytes);
      }),
      { numRuns: 150 },
    );
  });
});
