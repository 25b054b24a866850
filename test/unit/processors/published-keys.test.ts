import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyValueStore, Serde } from '../../../engine/api/index.ts';
import { publishedKeys } from '../../../processors/published-keys.ts';
import { FakeContext } from '../../support/fake-context.ts';

const text: Serde<string> = {
  serialize: (value) => Buffer.from(value),
  deserialize: (bytes) => Buffer.from(bytes).toString(),
};

function stored(keys: readonly string[]) {
  const context = new FakeContext({ stores: { texts: text } });
  const store = context.store<KeyValueStore<string>>('texts');
  for (const key of keys) store.put(key, key);
  context.commit();
  return { context, store };
}

const KEYS = Array.from({ length: 300 }, (_, i) => `k${String(i).padStart(3, '0')}`);

test('every entry gives its keys once, in order, over any number of pages', () => {
  for (const count of [0, 1, 63, 64, 65, 128, 300]) {
    const { store } = stored(KEYS.slice(0, count));
    const found = [...publishedKeys(store, (key) => (key.endsWith('7') ? [] : [`a:${key}`, `b:${key}`]))];
    const expected = KEYS.slice(0, count).filter((key) => !key.endsWith('7'));
    assert.deepEqual(
      found,
      expected.flatMap((key) => [`a:${key}`, `b:${key}`]),
    );
  }
});

test('an entry that is there all the time is not missed, whatever is committed between two keys', () => {
  const { context, store } = stored(KEYS);
  const found: string[] = [];
  for (const key of publishedKeys(store, (key) => [key])) {
    found.push(key);
    if (found.length % 10 !== 0) continue;
    store.put(`${key}-new`, 'new');
    store.delete(key);
    store.put(KEYS[(found.length * 7) % 300]!, 'changed');
    context.commit();
  }
  const kept = KEYS.filter((key) => store.get(key) !== undefined);
  assert.ok(kept.length > 250);
  assert.deepEqual(
    kept.filter((key) => !found.includes(key)),
    [],
  );
  assert.equal(new Set(found).size, found.length);
});
