// Two owners of the same keys, the former one late: whatever reaches the store in whatever order, a key's version never goes back,
// and the end is what the highest version said.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SinkEntry } from '../../engine/api/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY } from '../../lists/index.ts';
import { createMemoryDatabase } from '../../state/index.ts';

const KEYS = ['a', 'b', 'c'];

const publication = fc.record({
  version: fc.nat(12),
  changes: fc.array(fc.record({ key: fc.constantFrom(...KEYS), isRemoval: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  }),
});

/** What any owner publishes of a key in a commit is a function of the two: publishing may be repeated, not contradicted. */
function entryOf(key: string, version: number, isRemoval: boolean): SinkEntry {
  return { key, version, value: isRemoval ? null : Buffer.from(`${key}@${version}`) };
}

describe('publications of two owners', () => {
  it('never take the version of a key back, and end with the highest', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(publication, { maxLength: 40 }), async (publications) => {
        const database = createMemoryDatabase({ columnFamilies: [LISTS_COLUMN_FAMILY] });
        const store = createEmbeddedListStore({ database, clock: { nowMs: () => 0 } });
        const removals = new Map<string, boolean>();
        const highest = new Map<string, SinkEntry>();
        const reported = new Map<string, number>();
        // The store catches what a listener throws, so the listener notes and the test asserts.
        const wentBack: string[] = [];
        await store.watch('', (changes) => {
          for (const { key, version } of changes) {
            if (version < (reported.get(key) ?? 0)) wentBack.push(key);
            reported.set(key, version);
          }
        });
        for (const { version, changes } of publications) {
          const entries = changes.map(({ key, isRemoval }) => {
            // The first word about a key and a version stands.
            const id = `${key}@${version}`;
            const isRemoved = removals.get(id) ?? isRemoval;
            removals.set(id, isRemoved);
            return entryOf(key, version, isRemoved);
          });
          for (const entry of entries) {
            if (entry.version >= (highest.get(entry.key)?.version ?? 0)) highest.set(entry.key, entry);
          }
          await store.publish(entries);
          assert.deepEqual(wentBack, []);
          const found = await store.getMany(KEYS);
          for (const [i, key] of KEYS.entries()) {
            assert.equal(found[i] && String(found[i].value), highest.get(key)?.value?.toString());
            assert.equal(reported.get(key), highest.get(key)?.version);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
