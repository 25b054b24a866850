// What settings do to what is published: lists in use, their parameters, placements.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placementSerde } from '../../../lists/index.ts';
import type { Setting } from '../../../schemas/records.ts';
import { LISTS_SINK } from '../../../topology/index.ts';
import { click, item, openShop, order, privacy, type Shop, START_MS } from './shop.ts';

const DAY = 86_400_000;
let settings = 0;

const setting = (kind: Setting['kind'], name: string, body: object, at = START_MS): Setting => ({
  eventId: `s${settings++}`,
  name,
  at,
  kind,
  body: JSON.stringify(body),
});
const viewed = (shop: Shop, visitor: string) => shop.list(`list:visitor:recently-viewed:default:${visitor}`);
const again = (shop: Shop, visitor: string) => shop.list(`list:visitor:buy-again:default:${visitor}`);
const ids = (list: ReturnType<typeof viewed>) => list?.items.map(({ id }) => id);
const placementOf = (shop: Shop, name: string) => {
  const value = shop.driver.published(LISTS_SINK).get(`placement:${name}`)?.value;
  return value ? placementSerde.deserialize(value) : undefined;
};
const catalog = (shop: Shop) =>
  shop.send(
    'catalog',
    ['a', 'b', 'c', 'd'].map((id) => item(id)),
  );

test('what a visitor viewed is listed newest first, each item once, without what was withdrawn', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  await shop.views('eve', ['a', 'b', 'c', 'a']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['a', 'c', 'b']);
  assert.equal(viewed(shop, 'eve')?.asOf.at, shop.clock.nowMs());
  await shop.withdraw('c');
  await shop.views('eve', ['b']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['b', 'a']);
  assert.equal(again(shop, 'eve'), undefined);
});

test('what a visitor buys regularly comes back when it is due, without what was returned', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  for (const items of [['a', 'b'], ['a'], ['a', 'c']]) {
    await shop.send('purchases', [
      order('eve', items, { at: shop.clock.nowMs(), orderId: `o-${items.join()}-${shop.clock.nowMs()}` }),
    ]);
    await shop.driver.advance(10 * DAY);
  }
  await shop.views('eve', ['d']);
  // a is due (every 10 days), b has two thirds of its 30 days behind it but was bought once, c one third.
  assert.deepEqual(ids(again(shop, 'eve')), ['a', 'b', 'c']);
  assert.deepEqual(
    again(shop, 'eve')?.items[0]?.reasons.map(({ kind }) => kind),
    ['buy-again'],
  );
  const orderId = `o-a,c-${START_MS + 20 * DAY}`;
  await shop.send('purchases', [order('eve', ['c'], { at: shop.clock.nowMs(), orderId, status: 'returned' })]);
  assert.deepEqual(ids(again(shop, 'eve')), ['a', 'b']);
});

test('an erased visitor leaves none of these lists', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  await shop.views('eve', ['a']);
  await shop.send('purchases', [order('eve', ['b'], { at: shop.clock.nowMs() })]);
  await shop.driver.advance(DAY);
  await shop.views('eve', ['c']);
  assert.ok(viewed(shop, 'eve') !== undefined && again(shop, 'eve') !== undefined);
  await shop.send('privacy', [privacy({ at: shop.clock.nowMs(), action: 'erase' })]);
  assert.equal(viewed(shop, 'eve'), undefined);
  assert.equal(again(shop, 'eve'), undefined);
});

test('what a visitor buys again is taken back with the last item of it', async (t) => {
  const buysAgain = async (orderId: string) => {
    const shop = await openShop(t);
    await catalog(shop);
    await shop.send('purchases', [order('eve', ['b'], { at: shop.clock.nowMs(), orderId })]);
    await shop.driver.advance(DAY);
    await shop.views('eve', ['c']);
    assert.deepEqual(ids(again(shop, 'eve')), ['b']);
    return shop;
  };

  const returned = await buysAgain('o1');
  await returned.send('purchases', [
    order('eve', ['b'], { at: returned.clock.nowMs(), orderId: 'o1', status: 'returned' }),
  ]);
  assert.equal(again(returned, 'eve'), undefined);

  const limited = await buysAgain('o2');
  await limited.send('privacy', [privacy({ at: limited.clock.nowMs(), action: 'consent', consent: 'limited' })]);
  assert.equal(again(limited, 'eve'), undefined);
  // Bought under limited consent, it is forgotten with the session.
  await limited.send('purchases', [order('eve', ['b'], { at: limited.clock.nowMs() })]);
  await limited.views('eve', ['c']);
  assert.deepEqual(ids(again(limited, 'eve')), ['b']);
  await limited.driver.advance(DAY);
  await limited.views('eve', ['c']);
  assert.equal(again(limited, 'eve'), undefined);

  const erased = await buysAgain('o3');
  const at = erased.clock.nowMs();
  await erased.driver.pipe(
    erased.recordOf('privacy', privacy({ at, action: 'erase' })),
    erased.recordOf('clicks', click({ visitorId: 'eve', itemId: 'a', at: at + 1 })),
  );
  assert.equal(again(erased, 'eve'), undefined);
  assert.deepEqual(ids(viewed(erased, 'eve')), ['a']);
});

test('a list that is not made any more is taken back from a visitor who is erased or whose consent is limited', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  await shop.views('eve', ['a']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['a']);
  const off = { isOn: false, lists: [{ definition: 'recently-viewed' }] };
  await shop.send('settings', [setting('placement', 'recently-viewed-items', off)]);
  await shop.send('privacy', [privacy({ at: shop.clock.nowMs(), action: 'consent', consent: 'limited' })]);
  assert.equal(viewed(shop, 'eve'), undefined);
});

test('a list that no placement in force names is not made, and is made again when one does', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  const off = { isOn: false, lists: [{ definition: 'recently-viewed' }] };
  await shop.send('settings', [setting('placement', 'recently-viewed-items', off)]);
  await shop.views('eve', ['a']);
  assert.equal(viewed(shop, 'eve'), undefined);
  await shop.send('settings', [setting('placement', 'footer', { lists: [{ definition: 'recently-viewed' }] })]);
  await shop.views('eve', ['b']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['b', 'a']);
});

test('a definition sets the parameters of its list, and its removal takes them back', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  await shop.send('settings', [setting('definition', 'recently-viewed', { length: 1 })]);
  await shop.views('eve', ['a', 'b']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['b']);
  await shop.driver.pipe({ topic: 'settings', key: 'recently-viewed', value: null, timestampMs: START_MS });
  await shop.views('eve', ['c']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['c', 'b', 'a']);
});

test('a placement is published with everything filled in; an older one is ignored, a removed one is gone', async (t) => {
  const shop = await openShop(t);
  const home = { lists: [{ definition: 'for-you', max: 4 }, { definition: 'trending' }], n: 6 };
  await shop.send('settings', [setting('placement', 'home', home)]);
  assert.deepEqual(placementOf(shop, 'home'), { isOn: true, ...home, fallbacks: ['popular'] });
  await shop.send('settings', [setting('placement', 'home', { ...home, n: 7 }, START_MS - 1)]);
  assert.equal(placementOf(shop, 'home')?.n, 6);
  await shop.driver.pipe({ topic: 'settings', key: 'home', value: null, timestampMs: START_MS });
  assert.equal(placementOf(shop, 'home'), undefined);
});

test('a setting that cannot be used is refused, says where it is wrong and changes nothing', async (t) => {
  const shop = await openShop(t);
  await shop.send('settings', [setting('placement', 'home', { lists: [{ definition: 'popular' }] })]);
  await shop.send('settings', [setting('placement', 'home', { lists: [{ definition: 'best' }] })]);
  await shop.send('settings', [setting('definition', 'bought-together', { length: 3 })]);
  assert.deepEqual(placementOf(shop, 'home')?.lists, [{ definition: 'popular' }]);
  const texts = shop.driver.deadLetters().map(({ headers = {} }) => Object.values(headers).join(' '));
  assert.equal(texts.length, 2);
  assert.match(texts[0]!, /placement "home": lists\[0\]\.definition/);
  assert.match(texts[1]!, /definition "bought-together"/);
});

test('a definition that is refused leaves the one in force', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  await shop.send('settings', [setting('definition', 'recently-viewed', { length: 1 })]);
  await shop.send('settings', [setting('definition', 'recently-viewed', { length: 0 }, START_MS + 1)]);
  assert.equal(shop.driver.deadLetters().length, 1);
  await shop.views('eve', ['a', 'b', 'c']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['c']);
});

test('a placement that is refused leaves the one in force, and the lists that it names are made', async (t) => {
  const shop = await openShop(t);
  await catalog(shop);
  const off = { isOn: false, lists: [{ definition: 'recently-viewed' }] };
  await shop.send('settings', [setting('placement', 'recently-viewed-items', off)]);
  await shop.send('settings', [setting('placement', 'footer', { lists: [{ definition: 'recently-viewed' }] })]);
  await shop.send('settings', [setting('placement', 'footer', { lists: [{ definition: 'best' }] }, START_MS + 1)]);
  assert.equal(shop.driver.deadLetters().length, 1);
  await shop.views('eve', ['a', 'b']);
  assert.deepEqual(ids(viewed(shop, 'eve')), ['b', 'a']);
  assert.deepEqual(placementOf(shop, 'footer')?.lists, [{ definition: 'recently-viewed' }]);
});

test('the share of content in similar items can be set, and nothing else of them', async (t) => {
  const shop = await openShop(t);
  const words = { lamp: 'brass reading lamp', twin: 'brass reading lamp', bulb: 'screw filament' };
  const others = Array.from({ length: 10 }, (_, i) => item(`o${i}`, { title: `thing${i} other${i}` }));
  await shop.send('catalog', [...Object.entries(words).map(([id, title]) => item(id, { title })), ...others]);
  const similarAfter = async (visitor: string) => {
    await shop.views(visitor, ['lamp', 'bulb']);
    await shop.driver.advance(3000);
    return ids(shop.list('list:item:similar:default:lamp'));
  };
  assert.deepEqual(new Set(await similarAfter('ann')), new Set(['bulb', 'twin']));
  await shop.send('settings', [setting('definition', 'similar', { contentShare: 0 })]);
  assert.deepEqual(await similarAfter('bob'), ['bulb']);
  const mistaken = { contentShare: 0.5, diversity: 0.1 };
  await shop.send('settings', [setting('definition', 'similar', mistaken, START_MS + 1)]);
  assert.equal(shop.driver.deadLetters().length, 1);
  assert.deepEqual(await similarAfter('cat'), ['bulb']);
});
