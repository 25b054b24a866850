// What serving knows of items while the store is still being read.
import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../engine/api/index.ts';
import { CARD_PREFIX, cardKey, type ListEntry } from '../../../lists/index.ts';
import { FollowedSet } from '../../../serving/resilience/followed-set.ts';
import { createSharedItems } from '../../../serving/shared-items.ts';
import { createMemoryLists } from '../../support/memory-lists.ts';

const START_LIMIT_MS = 3_000;

/** Also those of `node:timers/promises` that modules have imported by name. */
function mockTimers(t: TestContext): void {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.timers.reset();
    syncBuiltinESMExports();
  });
}

test('a card that is forgotten while all are read is asked for again, though an earlier process left it', async (t) => {
  mockTimers(t);
  const { store, card } = createMemoryLists();
  await card({ id: 'a-first' });
  for (let i = 0; i < 20; i++) await card({ id: `item-${i}` });
  const all: ListEntry[] = [];
  for await (const entry of store.entries(CARD_PREFIX)) all.push(entry);
  const [first] = all;
  const isPaused = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  let cards: FollowedSet | undefined;
  const items = createSharedItems({
    maxCards: 10,
    logger: silentLogger,
    lists: {
      read: async (keys) => ({ entries: await store.getMany(keys), isDegraded: false }),
      async follow(prefix, listener) {
        if (prefix !== CARD_PREFIX) return;
        cards = new FollowedSet({
          prefix,
          listener,
          remembered: [first!, { ...first!, key: cardKey('removed-since') }],
          isKept: false,
          logger: silentLogger,
          lists: {
            watch: async () => () => {},
            async *entries() {
              yield* all;
              isPaused.resolve();
              await goesOn.promise;
            },
          },
        });
        await cards.start();
      },
    },
  });
  const opened = items.open();
  await isPaused.promise;
  t.mock.timers.tick(START_LIMIT_MS);
  await opened;
  const known = async () => [...(await items.cards(['a-first', 'removed-since'])).cards.keys()].sort();
  assert.deepEqual(await known(), ['a-first', 'removed-since']);
  for (let i = 0; i < 20; i++) await items.cards([`item-${i}`]);
  goesOn.resolve();
  while (cards?.isLive !== true) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await known(), ['a-first']);
});
