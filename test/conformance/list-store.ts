// What every ListStore must do, whether it is in the process or behind a network: all calls are awaited, keys are unique to the
// test, listeners may be called later, twice or in several parts, and nothing but the port is looked at.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { type ListChange, type ListStore, MAX_LIST_KEY_BYTES, MAX_LIST_VALUE_BYTES } from '../../lists/index.ts';
import { waitFor } from '../support/wait-for.ts';

export interface ListStoreHarness {
  /** A store that is closed when the test ends. Stores of one test share what they hold. */
  open(t: TestContext): Promise<ListStore>;
  /** Begins all keys. @defaultValue `test:` */
  readonly kind?: string;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function read(store: ListStore, keys: readonly string[]): Promise<(string | undefined)[]> {
  const found = await store.getMany(keys);
  return found.map((entry) => (entry === undefined ? undefined : `${Buffer.from(entry.value)}@${entry.version}`));
}

async function readAll(store: ListStore, prefix: string): Promise<string[]> {
  const all: string[] = [];
  for await (const { key, value, version } of store.entries(prefix)) {
    all.push(`${key.slice(prefix.length)}=${Buffer.from(value)}@${version}`);
  }
  return all.sort();
}

export function listStoreConformance(name: string, { open, kind = 'test:' }: ListStoreHarness): void {
  const unique = (): string => `${kind}${randomUUID()}:`;

  describe(`${name}: publishing and reading`, () => {
    it('gives values and versions in the order of the keys, and undefined for absent ones', async (t) => {
      const store = await open(t);
      const prefix = unique();
      await store.publish([
        { key: `${prefix}a`, value: bytes('1'), version: 1 },
        { key: `${prefix}b`, value: bytes('2'), version: 2 },
      ]);
      const keys = ['b', 'x', 'a', 'b'].map((key) => prefix + key);
      assert.deepEqual(await read(store, keys), ['2@2', undefined, '1@1', '2@2']);
      assert.deepEqual(await store.getMany([]), []);
    });

    it('keeps values byte for byte, up to the largest', async (t) => {
      const store = await open(t);
      const key = `${unique()}é \u{1f600}\n`;
      const value = Uint8Array.from({ length: MAX_LIST_VALUE_BYTES }, (_, i) => (i * 31) & 255);
      await store.publish([{ key, value, version: Number.MAX_SAFE_INTEGER }]);
      const [entry] = await store.getMany([key]);
      assert.equal(Buffer.compare(entry!.value, value), 0);
      assert.equal(entry!.version, Number.MAX_SAFE_INTEGER);
    });

    it('takes nothing at all when there is nothing to publish', async (t) => {
      const store = await open(t);
      await store.publish([]);
    });

    it('refuses keys, values and versions out of bounds, and stores nothing of the call', async (t) => {
      const store = await open(t);
      const good = { key: `${unique()}good`, value: bytes('v'), version: 1 };
      const bad = [
        { ...good, key: '' },
        { ...good, key: '\0a' },
        { ...good, key: 'half \ud800' },
        { ...good, key: 'x'.repeat(MAX_LIST_KEY_BYTES + 1) },
        { ...good, value: new Uint8Array() },
        { ...good, value: new Uint8Array(MAX_LIST_VALUE_BYTES + 1) },
        { ...good, version: -1 },
        { ...good, version: 1.5 },
        { ...good, version: Number.NaN },
      ];
      for (const entry of bad) await assert.rejects(store.publish([good, entry]), RangeError);
      assert.deepEqual(await read(store, [good.key]), [undefined]);
    });

    it('removes a key that is published as null', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const key = `${prefix}k`;
      await store.publish([{ key, value: bytes('v'), version: 1 }]);
      await store.publish([{ key, value: null, version: 2 }]);
      assert.deepEqual(await read(store, [key]), [undefined]);
      assert.deepEqual(await readAll(store, prefix), []);
    });
  });

  describe(`${name}: versions`, () => {
    it('replaces an older and an equal version, and ignores an older one', async (t) => {
      const store = await open(t);
      const key = `${unique()}k`;
      await store.publish([{ key, value: bytes('five'), version: 5 }]);
      await store.publish([{ key, value: bytes('four'), version: 4 }]);
      assert.deepEqual(await read(store, [key]), ['five@5']);
      await store.publish([{ key, value: bytes('five again'), version: 5 }]);
      assert.deepEqual(await read(store, [key]), ['five again@5']);
      await store.publish([{ key, value: bytes('six'), version: 6 }]);
      assert.deepEqual(await read(store, [key]), ['six@6']);
    });

    it('does not let a former owner bring a removed key back', async (t) => {
      const store = await open(t);
      const key = `${unique()}k`;
      await store.publish([{ key, value: null, version: 5 }]);
      await store.publish([{ key, value: bytes('old'), version: 4 }]);
      assert.deepEqual(await read(store, [key]), [undefined]);
      await store.publish([{ key, value: bytes('new'), version: 6 }]);
      assert.deepEqual(await read(store, [key]), ['new@6']);
    });

    it('does not let a former owner remove a newer value', async (t) => {
      const store = await open(t);
      const key = `${unique()}k`;
      await store.publish([{ key, value: bytes('new'), version: 6 }]);
      await store.publish([{ key, value: null, version: 5 }]);
      assert.deepEqual(await read(store, [key]), ['new@6']);
    });

    it('are compared key by key', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const [a, b] = [`${prefix}a`, `${prefix}b`];
      await store.publish([{ key: a, value: bytes('new'), version: 9 }]);
      await store.publish([
        { key: a, value: bytes('old'), version: 3 },
        { key: b, value: bytes('first'), version: 3 },
      ]);
      assert.deepEqual(await read(store, [a, b]), ['new@9', 'first@3']);
    });

    it('hold within one call too: the highest wins, and of equal ones the last', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const [a, b] = [`${prefix}a`, `${prefix}b`];
      await store.publish([
        { key: a, value: bytes('2'), version: 2 },
        { key: a, value: bytes('1'), version: 1 },
        { key: b, value: bytes('first'), version: 1 },
        { key: b, value: bytes('last'), version: 1 },
      ]);
      assert.deepEqual(await read(store, [a, b]), ['2@2', 'last@1']);
    });

    it('begin at 0', async (t) => {
      const store = await open(t);
      const key = `${unique()}k`;
      await store.publish([{ key, value: bytes('v'), version: 0 }]);
      assert.deepEqual(await read(store, [key]), ['v@0']);
    });
  });

  describe(`${name}: entries`, () => {
    it('are all those of a prefix, and no others', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const names = Array.from({ length: 600 }, (_, i) => `k${i}`);
      await store.publish(names.map((name, i) => ({ key: prefix + name, value: bytes('v'), version: i })));
      await store.publish([{ key: `${prefix}k7`, value: null, version: 1000 }]);
      await store.publish([{ key: `${prefix.slice(0, -1)};other`, value: bytes('v'), version: 1 }]);
      const expected = names.map((name, i) => `${name}=v@${i}`).filter((entry) => !entry.startsWith('k7='));
      assert.deepEqual(await readAll(store, prefix), expected.sort());
      assert.deepEqual(await readAll(store, `${prefix}none`), []);
    });

    it('of the empty prefix are all there are', async (t) => {
      const store = await open(t);
      const key = `${unique()}k`;
      await store.publish([{ key, value: bytes('v'), version: 3 }]);
      await store.publish([{ key: `${key}2`, value: null, version: 3 }]);
      const all = await readAll(store, '');
      assert(all.includes(`${key}=v@3`));
      assert(!all.some((entry) => entry.startsWith(`${key}2`)));
    });
  });

  describe(`${name}: watching`, () => {
    /** The newest version heard of each key. */
    function newest(): { heard: Map<string, ListChange>; listener: (changes: readonly ListChange[]) => void } {
      const heard = new Map<string, ListChange>();
      const listener = (changes: readonly ListChange[]): void => {
        for (const change of changes) {
          if (change.version >= (heard.get(change.key)?.version ?? 0)) heard.set(change.key, change);
        }
      };
      return { heard, listener };
    }

    it('reports values and removals under its prefix, and nothing else', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const { heard, listener } = newest();
      await store.watch(prefix, listener);
      await store.publish([
        { key: `${prefix}a`, value: bytes('1'), version: 1 },
        { key: `${unique()}elsewhere`, value: bytes('1'), version: 1 },
      ]);
      await store.publish([{ key: `${prefix}b`, value: bytes('2'), version: 2 }]);
      await store.publish([{ key: `${prefix}a`, value: null, version: 3 }]);
      await waitFor('both changes', () => heard.get(`${prefix}a`)?.version === 3 && heard.has(`${prefix}b`));
      assert.equal(heard.size, 2);
      assert.equal(heard.get(`${prefix}a`)?.value, null);
      assert.equal(String(heard.get(`${prefix}b`)?.value), '2');
    });

    it('reports of wanted keys alone, as they are wanted at the time', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const { heard, listener } = newest();
      const wanted = new Set([`${prefix}a`]);
      await store.watch(prefix, listener, wanted);
      const put = (...names: string[]) =>
        store.publish(names.map((key) => ({ key: `${prefix}${key}`, value: bytes('v'), version: 1 })));
      await put('b', 'a');
      await waitFor('the first key', () => heard.has(`${prefix}a`));
      wanted.add(`${prefix}c`);
      await put('d', 'c');
      await waitFor('the second key', () => heard.has(`${prefix}c`));
      assert.deepEqual([...heard.keys()].sort(), [`${prefix}a`, `${prefix}c`]);
    });

    it('does not report what the rule of versions ignored', async (t) => {
      const store = await open(t);
      const prefix = unique();
      await store.publish([{ key: `${prefix}a`, value: bytes('new'), version: 5 }]);
      const values = new Set<string>();
      await store.watch(prefix, (changes) => {
        for (const { value } of changes) values.add(String(value));
      });
      await store.publish([{ key: `${prefix}a`, value: bytes('old'), version: 4 }]);
      await store.publish([{ key: `${prefix}a`, value: bytes('newer'), version: 6 }]);
      await waitFor('the newer value', () => values.has('newer'));
      assert(!values.has('old'));
    });

    it('can be read by the listener when it is called', async (t) => {
      const store = await open(t);
      const prefix = unique();
      let seen: Promise<(string | undefined)[]> | undefined;
      await store.watch(prefix, ([change]) => {
        seen = read(store, [change!.key]);
      });
      await store.publish([{ key: `${prefix}a`, value: bytes('v'), version: 1 }]);
      await waitFor('the change', () => seen !== undefined);
      assert.deepEqual(await seen, ['v@1']);
    });

    it('ends when it is told to, and leaves other watches alone', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const first = newest();
      const second = newest();
      const unwatch = await store.watch(prefix, first.listener);
      await store.watch(prefix, second.listener);
      unwatch();
      unwatch();
      await store.publish([{ key: `${prefix}a`, value: bytes('v'), version: 1 }]);
      await waitFor('the change', () => second.heard.size === 1);
      assert.equal(first.heard.size, 0);
    });

    it('survives a listener that throws, and so do the publisher and the other listeners', async (t) => {
      const store = await open(t);
      const prefix = unique();
      const { heard, listener } = newest();
      await store.watch(prefix, () => {
        throw new Error('listener');
      });
      await store.watch(prefix, listener);
      await store.publish([{ key: `${prefix}a`, value: bytes('v'), version: 1 }]);
      await store.publish([{ key: `${prefix}b`, value: bytes('v'), version: 1 }]);
      await waitFor('both changes', () => heard.size === 2);
    });
  });

  describe(`${name}: life cycle`, () => {
    it('answers a ping while it is open', async (t) => {
      await (await open(t)).ping();
    });

    it('refuses every call after close, and may be closed twice', async (t) => {
      const store = await open(t);
      await Promise.all([store.close(), store.close()]);
      await store.close();
      await assert.rejects(store.publish([]), TypeError);
      await assert.rejects(store.getMany(['k']), TypeError);
      await assert.rejects(readAll(store, 'k'), TypeError);
      await assert.rejects(
        store.watch('k', () => {}),
        TypeError,
      );
      await assert.rejects(store.ping(), TypeError);
    });

    it('leaves what was published to the next store', async (t) => {
      const store = await open(t);
      const key = `${unique()}k`;
      await store.publish([{ key, value: bytes('v'), version: 7 }]);
      await store.close();
      const next = await open(t);
      await next.publish([{ key, value: bytes('old'), version: 6 }]);
      assert.deepEqual(await read(next, [key]), ['v@7']);
    });
  });
}
