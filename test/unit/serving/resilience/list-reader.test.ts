import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentMetrics } from '../../../../engine/api/index.ts';
import type { StoredEntry } from '../../../../lists/index.ts';
import { createListReader, type ListReader } from '../../../../serving/resilience/list-reader.ts';
import { SharedLists } from '../../../../serving/resilience/shared-lists.ts';
import { waitFor } from '../../../support/wait-for.ts';

const TIMEOUT_MS = 30;

/** A store that answers, refuses or is silent, as it is told. */
function create(t: TestContext) {
  const store = {
    mood: 'well' as 'well' | 'refuses' | 'silent',
    values: new Map<string, StoredEntry>(),
    asked: [] as string[][],
    pings: 0,
  };
  const act = <T>(answer: () => T): Promise<T> => {
    if (store.mood === 'silent') return new Promise(() => {});
    return store.mood === 'well' ? Promise.resolve(answer()) : Promise.reject(new Error('refused'));
  };
  const clock = { now: 1_000_000 };
  const logged: string[] = [];
  const log = (event: string): void => void logged.push(event);
  const reader = createListReader({
    lists: {
      getMany(keys) {
        store.asked.push([...keys]);
        return act(() => keys.map((key) => store.values.get(key)));
      },
      ping() {
        store.pings += 1;
        return act(() => {});
      },
    },
    clock: { nowMs: () => clock.now },
    logger: { info: log, warn: log, error: log },
    metrics: silentMetrics,
    timeoutMs: TIMEOUT_MS,
    cacheBytes: 600_000,
    shared: new SharedLists(0),
    isUsable: () => true,
  });
  t.after(() => reader.close());
  const put = (key: string, text: string, version = 1) => store.values.set(key, { value: Buffer.from(text), version });
  return { store, reader, clock, logged, put };
}

/** What was read, as text, and whether it is degraded. */
async function texts(reader: ListReader, ...keys: readonly string[]): Promise<unknown[]> {
  const { entries, isDegraded } = await reader.read(keys);
  return [...entries.map((entry) => entry && Buffer.from(entry.value).toString()), isDegraded];
}

test('requests of one turn of the event loop are one round trip, and each gets what it asked for', async (t) => {
  const { reader, store, put } = create(t);
  put('a', '1');
  put('b', '2');
  const [first, second] = await Promise.all([texts(reader, 'a', 'x'), texts(reader, 'b')]);
  assert.deepEqual(first, ['1', undefined, false]);
  assert.deepEqual(second, ['2', false]);
  assert.deepEqual(store.asked, [['a', 'x', 'b']]);
});

test('a silent store costs the time limit, and after three times nothing', async (t) => {
  const { reader, store, put, logged } = create(t);
  put('a', '1');
  await texts(reader, 'a');
  store.mood = 'silent';
  for (let i = 0; i < 3; i++) assert.deepEqual(await texts(reader, 'a', 'b'), ['1', undefined, true]);
  assert.equal(reader.isStoreAway, true);
  const asked = store.asked.length;
  assert.deepEqual(await texts(reader, 'a'), ['1', true]);
  assert.equal(store.asked.length, asked);
  assert.deepEqual(logged, ['lists-away']);
});

test('no caller’s request is used to find out whether the store is back', async (t) => {
  const { reader, store, put, logged } = create(t);
  store.mood = 'refuses';
  for (let i = 0; i < 3; i++) await texts(reader, 'a');
  const asked = store.asked.length;
  await waitFor('probes while it is away', () => store.pings > 1);
  assert.equal(reader.isStoreAway, true);
  store.mood = 'well';
  put('a', '2', 2);
  await waitFor('the store to be found', () => !reader.isStoreAway);
  assert.equal(store.asked.length, asked);
  assert.deepEqual(await texts(reader, 'a'), ['2', false]);
  assert.deepEqual(logged, ['lists-away', 'lists-back']);
});

test('one late answer is one degraded answer', async (t) => {
  const { reader, store, put } = create(t);
  put('a', '1');
  for (let i = 0; i < 5; i++) {
    store.mood = 'silent';
    assert.deepEqual((await texts(reader, 'a')).at(-1), true);
    store.mood = 'well';
    assert.deepEqual(await texts(reader, 'a'), ['1', false]);
  }
  assert.equal(reader.isStoreAway, false);
});

test('what the store said is gone does not come back with an outage', async (t) => {
  const { reader, store, put } = create(t);
  put('a', '1');
  await texts(reader, 'a');
  store.values.delete('a');
  await texts(reader, 'a');
  store.mood = 'refuses';
  assert.deepEqual(await texts(reader, 'a'), [undefined, true]);
});

test('what is not recent any more is not shown', async (t) => {
  const { reader, store, put, clock } = create(t);
  put('a', '1');
  await texts(reader, 'a');
  store.mood = 'refuses';
  clock.now += 10 * 60_000;
  assert.deepEqual(await texts(reader, 'a'), ['1', true]);
  clock.now += 1;
  assert.deepEqual(await texts(reader, 'a'), [undefined, true]);
});

test('what is remembered stays within its budget, the longest unused goes first', async (t) => {
  const { reader, store, put } = create(t);
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  for (const key of keys) {
    put(key, key.padEnd(10_000));
    await texts(reader, key, 'k0');
  }
  store.mood = 'refuses';
  const left = (await reader.read(keys)).entries.flatMap((entry, i) => (entry === undefined ? [] : [i]));
  assert.deepEqual(left, [0, 12, 13, 14, 15, 16, 17, 18, 19]);
});
