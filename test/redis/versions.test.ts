// Two owners of the same keys, the former one late, each on a connection of its own and at the same time: a key's version never goes back, and the
// end is what the highest version said.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { SinkEntry } from '../../engine/api/index.ts';
import { cardKey, listKey } from '../../lists/index.ts';
import { HOST, openLists } from '../support/redis-lists.ts';
import { needsRedis, startRedis } from '../support/redis-server.ts';

const KEYS = [
  listKey('visitor', 'for-you', 'default', 'v1'),
  listKey('item', 'similar', 'default', 'i1'),
  cardKey('i1'),
];
/** Neighbours that differ in the low half, in the high half, and where doubles have no more digits. */
const VERSIONS = [0, 1, 2, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 2, 2 ** 53 - 1];

/** What any owner publishes under a version is a function of it: publishing may be repeated, not contradicted. */
const entry = (version: number, place: number): SinkEntry => {
  const isRemoval = (version + place) % 3 === 0;
  return { key: KEYS[place]!, version, value: isRemoval ? null : Buffer.from(`${version}`) };
};

const publications = fc.array(
  fc.array(fc.record({ version: fc.constantFrom(...VERSIONS), place: fc.nat(KEYS.length - 1) }), {
    minLength: 1,
    maxLength: 4,
  }),
  { maxLength: 12 },
);

describe('publications of two owners on Redis', needsRedis(), () => {
  it('never take the version of a key back, and end with the highest', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.kill());
    const target = { mode: 'single', address: { host: HOST, port: redis.port } } as const;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(publications, publications, async (former, present) => {
        const keyPrefix = `run${runs++}:`;
        const stores = await Promise.all([0, 1, 2].map(() => openLists(t, { target, keyPrefix })));
        let isPublishing = true;
        const reading = (async () => {
          const seen = KEYS.map(() => 0);
          while (isPublishing) {
            for (const [i, found] of (await stores[2]!.getMany(KEYS)).entries()) {
              if (found === undefined) continue;
              assert(found.version >= seen[i]!, `${found.version} after ${seen[i]}`);
              seen[i] = found.version;
            }
          }
        })();
        await Promise.all(
          [former, present].map(async (all, owner) => {
            for (const one of all) {
              await stores[owner]!.publish(one.map(({ version, place }) => entry(version, place)));
            }
          }),
        );
        isPublishing = false;
        await reading;
        const found = await stores[2]!.getMany(KEYS);
        for (const place of KEYS.keys()) {
          const versions = [...former, ...present].flat().filter((one) => one.place === place);
          const highest = versions.length === 0 ? undefined : Math.max(...versions.map(({ version }) => version));
          const expected = highest === undefined ? undefined : (entry(highest, place).value ?? undefined);
          assert.equal(found[place] && String(found[place].value), expected && String(expected));
          if (expected !== undefined) assert.equal(found[place]?.version, highest);
        }
        await Promise.all(stores.map((store) => store.close()));
      }),
      { numRuns: 60 },
    );
  });
});
