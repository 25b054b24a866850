// Lists of visitors, items and segments follow the shop though nobody clicks. The engine runs live, on a clock that the test moves.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TopList } from '../../../lists/index.ts';
import type { CatalogItem } from '../../../schemas/index.ts';
import { LISTS_SINK } from '../../../topology/index.ts';
import { item, openShop, rule, type Shop, START_MS } from './shop.ts';

const EVE = 'list:visitor:for-you:default:eve';
const EVES_SESSION = 'list:session:for-you:default:s-eve';
const LAMP = 'list:item:similar:default:lamp';
const POPULAR = 'list:segment:popular:default:global';

const ids = (list: TopList | undefined) => list?.items.map(({ id }) => id) ?? [];
const has = (shop: Shop, key: string, itemId: string) => ids(shop.list(key)).includes(itemId);

/** A shop where eve has looked at the lamp, which goes with bulb and mug; nobody is active any more. */
async function quietShop(t: TestContext, refreshListsPerSecond = 200): Promise<Shop> {
  const shop = await openShop(t, { lists: { refreshListsPerSecond } });
  await shop.send(
    'catalog',
    ['lamp', 'bulb', 'mug', 'plate'].map((id) => item(id, { categories: ['home'] })),
  );
  for (const visitor of ['ann', 'bob', 'cat']) await shop.views(visitor, ['lamp', 'bulb', 'mug']);
  await shop.views('eve', ['lamp'], { sessionId: 's-eve' });
  await settle(shop);
  return shop;
}

/** Lets a few seconds pass. */
async function settle(shop: Shop, seconds = 5): Promise<void> {
  for (let i = 0; i < 2 * seconds; i++) await shop.driver.advance(500);
}

const later = (shop: Shop) => ({ at: shop.clock.nowMs() });

test('an item that sells out or is withdrawn is blocked at once and leaves stored lists of all kinds in the background', async (t) => {
  const shop = await quietShop(t);
  const keys = [EVE, EVES_SESSION, LAMP, POPULAR];
  for (const key of keys) assert.ok(has(shop, key, 'bulb') && has(shop, key, 'mug'), key);
  await shop.send('catalog', [item('bulb', { stock: 0, ...later(shop) })]);
  await shop.withdraw('mug');
  assert.deepEqual([shop.itemBlock('bulb'), shop.itemBlock('mug')], ['sold-out', 'withdrawn']);
  await settle(shop);
  for (const key of keys) assert.ok(!has(shop, key, 'bulb') && !has(shop, key, 'mug'), key);
  await shop.send('catalog', [item('bulb', later(shop))]);
  await settle(shop);
  for (const key of keys) assert.ok(has(shop, key, 'bulb'), key);
  assert.equal(shop.driver.deadLetters().length, 0);
});

test('without refreshing, stored lists stay as they were made', async (t) => {
  const shop = await quietShop(t, 0);
  const before = shop.driver.publications(LISTS_SINK).length;
  await shop.send('catalog', [item('bulb', { stock: 0, ...later(shop) })]);
  await settle(shop);
  const published = shop.driver.publications(LISTS_SINK).slice(before);
  assert.deepEqual(published.map(({ key }) => key).sort(), ['block:item:bulb', 'card:bulb']);
});

test('an item whose validity ends leaves lists, and one whose validity begins comes into them, with no event', async (t) => {
  const shop = await quietShop(t);
  const now = shop.clock.nowMs();
  await shop.send('catalog', [
    item('bulb', { at: now, validTo: now + 20_000 }),
    item('mug', { at: now, validFrom: now + 20_000 }),
  ]);
  await settle(shop);
  for (const key of [EVE, LAMP, POPULAR])
    assert.deepEqual([has(shop, key, 'bulb'), has(shop, key, 'mug')], [true, false]);
  await settle(shop, 20);
  for (const key of [EVE, LAMP, POPULAR])
    assert.deepEqual([has(shop, key, 'bulb'), has(shop, key, 'mug')], [false, true]);
});

test('a campaign that comes, begins or ends by time, or goes, shows in lists of quiet visitors, items and segments', async (t) => {
  const shop = await quietShop(t);
  const now = shop.clock.nowMs();
  await shop.send('campaigns', [
    rule({ campaignId: 'pin', kind: 'pin', items: ['plate'], at: now, validFrom: now + 10_000, validTo: now + 20_000 }),
    rule({ campaignId: 'lift', kind: 'boost', items: ['mug'], weight: 50, at: now, validFrom: now + 10_000 }),
  ]);
  const firsts = () => [EVE, EVES_SESSION, POPULAR, LAMP].map((key) => ids(shop.list(key))[0]);
  const before = firsts();
  await settle(shop, 5);
  assert.deepEqual(firsts(), before);
  await settle(shop, 7);
  assert.deepEqual(firsts(), ['plate', 'plate', 'plate', 'mug']);
  await settle(shop, 10);
  assert.deepEqual(firsts(), ['mug', 'mug', 'mug', 'mug']);
  await shop.driver.pipe({ topic: 'campaigns', key: 'lift', value: null, timestampMs: shop.clock.nowMs() });
  await settle(shop);
  assert.deepEqual(firsts(), before);
});

test('what is near in content alone comes into lists, leaves them and is lifted in them, too', async (t) => {
  const shop = await openShop(t, { lists: { refreshListsPerSecond: 200 } });
  const words: { readonly [itemId: string]: string } = {
    lamp: 'brass reading lamp',
    bulb: 'screw filament bulb',
    mug: 'stoneware mug',
  };
  const twin = (itemId: string, overrides: Partial<CatalogItem> = {}) =>
    item(itemId, { title: words.lamp!, ...later(shop), ...overrides });
  const others = Array.from({ length: 10 }, (_, i) => item(`o${i}`, { title: `thing${i} other${i} word${i}` }));
  await shop.send('catalog', [...Object.keys(words).map((id) => item(id, { title: words[id]! })), ...others]);
  for (const visitor of ['ann', 'bob', 'cat']) await shop.views(visitor, ['lamp', 'bulb', 'mug']);
  await shop.views('eve', ['lamp'], { sessionId: 's-eve' });
  await settle(shop);
  const isIn = (itemId: string) => [LAMP, EVE].map((key) => has(shop, key, itemId));
  assert.deepEqual(isIn('twin'), [false, false]);
  await shop.send('catalog', [twin('twin')]);
  await settle(shop);
  assert.deepEqual(isIn('twin'), [true, true]);
  assert.notEqual(ids(shop.list(LAMP))[0], 'twin');
  const lift = rule({ campaignId: 'lift', kind: 'boost', items: ['twin'], weight: 50, at: shop.clock.nowMs() });
  await shop.send('campaigns', [lift]);
  await settle(shop);
  assert.equal(ids(shop.list(LAMP))[0], 'twin');
  await shop.send('catalog', [twin('twin', { stock: 0 })]);
  await settle(shop);
  assert.deepEqual(isIn('twin'), [false, false]);
  await shop.send('catalog', [twin('twin')]);
  await settle(shop);
  assert.deepEqual(isIn('twin'), [true, true]);
});

test('what others do with the items of a quiet visitor comes into the visitor’s list', async (t) => {
  const shop = await quietShop(t);
  const lampAndPlate = async (visitor: string) => shop.views(visitor, ['lamp', 'plate']);
  const score = () => shop.list(EVE)!.items.find(({ id }) => id === 'plate')?.score ?? 0;
  const before = score();
  const asOf = shop.list(EVE)!.asOf;
  for (let i = 0; i < 10; i++) await lampAndPlate(`new-${i}`);
  await settle(shop);
  assert.ok(score() > before);
  assert.deepEqual(shop.list(EVE)!.asOf, asOf);
});

test('a list that comes out as it was is not published again', async (t) => {
  const shop = await quietShop(t);
  const count = () => shop.driver.publications(LISTS_SINK).filter(({ key }) => key === EVE).length;
  const before = count();
  // The plate is in no pair with what eve looked at; the campaign makes every list due.
  await shop.send('campaigns', [rule({ campaignId: 'none', kind: 'boost', items: ['unknown'], at: START_MS })]);
  await shop.send('catalog', [item('bulb', { price: 3, categories: ['home'], ...later(shop) })]);
  await settle(shop);
  assert.equal(count(), before);
});

test('no more lists are made anew in a second than the budget allows, and all are in the end', async (t) => {
  const shop = await openShop(t, { partitions: 1, lists: { refreshListsPerSecond: 4 } });
  await shop.send(
    'catalog',
    ['lamp', 'bulb'].map((id) => item(id)),
  );
  const visitors = Array.from({ length: 12 }, (_, i) => `v${i}`);
  for (const visitor of visitors) await shop.views(visitor, ['lamp', 'bulb']);
  await settle(shop, 10);
  const isVisitors = ({ key }: { readonly key: string }) => key.startsWith('list:visitor:');
  const start = shop.driver.publications(LISTS_SINK).length;
  const published = () => shop.driver.publications(LISTS_SINK).slice(start).filter(isVisitors);
  await shop.send('catalog', [item('bulb', { stock: 0, ...later(shop) })]);
  for (let before = 0, seconds = 0; seconds < 5; seconds++) {
    await settle(shop, 1);
    const count = published().length;
    assert.ok(count - before <= 4, `${count - before} lists in a second`);
    before = count;
  }
  assert.deepEqual([...new Set(published().map(({ key }) => key))].length, 12);
});
