import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TopList } from '../../../lists/index.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import { LISTS_SINK } from '../../../topology/index.ts';
import { click, item, member, openShop, order, rule, type Shop, type ShopOptions, START_MS } from './shop.ts';

const DAY = 86_400_000;
const FOR_YOU = 'list:visitor:for-you:default:';

const ids = (list: TopList | undefined) => list?.items.map(({ id }) => id);

function assertSums(list: TopList | undefined): void {
  assert.ok(list !== undefined && list.items.length > 0, 'there is a list with items');
  for (const { id, score, reasons } of list.items) {
    const sum = reasons.reduce((total, { part }) => total + part, 0);
    assert.ok(Math.abs(sum - score) <= 1e-9 * Math.abs(score), `parts of ${id} sum to ${sum}, its score is ${score}`);
  }
}

/** A shop where two visitors went from lamp to bulb, and one from lamp to mug. */
async function lampShop(t: TestContext, options: ShopOptions = {}): Promise<Shop> {
  const shop = await openShop(t, options);
  await shop.send(
    'catalog',
    ['lamp', 'bulb', 'mug', 'plate'].map((id) =>
      item(id, { categories: [id === 'lamp' || id === 'bulb' ? 'light' : 'table'] }),
    ),
  );
  await shop.views('ann', ['lamp', 'bulb']);
  await shop.views('bob', ['lamp', 'bulb']);
  await shop.views('cat', ['lamp', 'mug']);
  await shop.driver.advance(5000);
  return shop;
}

test('a view brings the items that others viewed after it, each with its reason', async (t) => {
  const shop = await lampShop(t);
  await shop.views('eve', ['lamp'], { sessionId: 's1' });
  const list = shop.list(`${FOR_YOU}eve`);
  assertSums(list);
  assert.deepEqual(ids(list)!.slice(0, 3).sort(), ['bulb', 'lamp', 'mug']);
  const bulb = list!.items.find(({ id }) => id === 'bulb')!;
  const mug = list!.items.find(({ id }) => id === 'mug')!;
  assert.ok(bulb.score > mug.score);
  assert.deepEqual(
    bulb.reasons.slice(0, 3).map(({ kind, itemId, title, segment }) => [kind, itemId ?? segment, title]),
    [
      ['viewed', 'lamp', 'Title of lamp'],
      ['content', 'lamp', 'Title of lamp'],
      ['preference', 'category=light', undefined],
    ],
  );
  assert.equal(list!.asOf.topic, 'clicks');
  assert.equal(list!.asOf.at, shop.clock.nowMs());
  assert.deepEqual(ids(shop.list('list:session:for-you:default:s1')), ids(list));
  assert.equal(shop.driver.deadLetters().length, 0);
});

test('a short list is filled up with what is popular, for that reason', async (t) => {
  const shop = await lampShop(t);
  await shop.views('zoe', ['plate']);
  await shop.driver.advance(5000);
  await shop.views('eve', ['plate']);
  const list = shop.list(`${FOR_YOU}eve`);
  assertSums(list);
  assert.deepEqual(
    ids(list),
    ['plate', 'lamp', 'bulb', 'mug'].sort((a, b) => rank(list, a) - rank(list, b)),
  );
  assert.equal(list!.items[0]!.id, 'plate');
  const lamp = list!.items.find(({ id }) => id === 'lamp')!;
  assert.deepEqual([lamp.reasons[0]!.kind, lamp.reasons[0]!.segment], ['popular', 'global']);
});

function rank(list: TopList | undefined, id: string): number {
  return list!.items.findIndex((one) => one.id === id);
}

test('what a visitor bought or dislikes leaves the list and is blocked, and a cancelled order brings it back', async (t) => {
  const shop = await lampShop(t);
  await shop.views('eve', ['lamp']);
  await shop.send('purchases', [order('eve', ['bulb'], { orderId: 'o1', at: shop.clock.nowMs() })]);
  await shop.send('clicks', [click({ visitorId: 'eve', itemId: 'mug', kind: 'dislike', at: shop.clock.nowMs() })]);
  assert.deepEqual(ids(shop.list(`${FOR_YOU}eve`)), ['lamp']);
  assert.deepEqual(shop.visitorBlock('eve')?.items, ['bulb', 'mug']);
  const cancelled = order('eve', ['bulb'], { orderId: 'o1', status: 'cancelled', at: shop.clock.nowMs() });
  await shop.send('purchases', [cancelled]);
  // The order says nothing of the bulb any more.
  assert.deepEqual(ids(shop.list(`${FOR_YOU}eve`)), ['lamp', 'bulb']);
  assert.deepEqual(shop.visitorBlock('eve')?.items, ['mug']);
});

test('an item has similar items from sessions and bought-together items from orders', async (t) => {
  const shop = await lampShop(t);
  const similar = shop.list('list:item:similar:default:lamp');
  assertSums(similar);
  assert.equal(similar!.items[0]!.id, 'bulb');
  assert.deepEqual(
    similar!.items[0]!.reasons.map(({ kind, title }) => [kind, title]),
    [
      ['similar', 'Title of lamp'],
      ['content', 'Title of lamp'],
    ],
  );
  const key = 'list:item:bought-together:default:lamp';
  const lists = () => shop.driver.published(LISTS_SINK);
  assert.equal(lists().has(key), false, 'nothing is said of a list that there never was');
  await shop.send('purchases', [order('dan', ['lamp', 'plate'], { orderId: 'o1', at: shop.clock.nowMs() })]);
  await shop.driver.advance(5000);
  const together = shop.list(key);
  assertSums(together);
  assert.deepEqual(ids(together), ['plate']);
  assert.equal(together!.items[0]!.reasons[0]!.kind, 'bought-together');
  const cancelled = order('dan', ['lamp', 'plate'], { orderId: 'o1', status: 'cancelled', at: shop.clock.nowMs() });
  await shop.send('purchases', [cancelled]);
  await shop.driver.advance(5000);
  assert.equal(lists().get(key)?.value, null, 'the list is taken back with the order');
});

test('segments have popular and trending lists', async (t) => {
  const shop = await lampShop(t);
  for (const definition of ['popular', 'trending']) {
    const list = shop.list(`list:segment:${definition}:default:global`);
    assertSums(list);
    assert.equal(list!.items[0]!.id, 'lamp');
    assert.deepEqual(
      list!.items[0]!.reasons.map(({ kind, segment }) => [kind, segment]),
      [[definition, 'global']],
    );
    assert.deepEqual(ids(shop.list(`list:segment:${definition}:default:category=light`)), ['lamp', 'bulb']);
  }
});

test('an item that is sold out is blocked at once, left out of new lists, and back when there is stock', async (t) => {
  const shop = await lampShop(t);
  await shop.send('catalog', [item('bulb', { stock: 0, at: START_MS + 1 })]);
  assert.equal(shop.itemBlock('bulb'), 'sold-out');
  await shop.views('eve', ['lamp']);
  assert.equal(ids(shop.list(`${FOR_YOU}eve`))!.includes('bulb'), false);
  await shop.send('catalog', [item('bulb', { stock: 5, at: START_MS + 2 })]);
  assert.equal(shop.itemBlock('bulb'), undefined);
  assert.equal(shop.card('bulb')?.stock, 5);
  await shop.views('eve', ['lamp']);
  assert.equal(ids(shop.list(`${FOR_YOU}eve`))!.includes('bulb'), true);
});

test('a withdrawn item is blocked and has no card; listed again it is back', async (t) => {
  const shop = await lampShop(t);
  await shop.withdraw('bulb');
  assert.equal(shop.itemBlock('bulb'), 'withdrawn');
  assert.equal(shop.card('bulb'), undefined);
  await shop.views('eve', ['lamp']);
  assert.equal(ids(shop.list(`${FOR_YOU}eve`))!.includes('bulb'), false);
  await shop.send('catalog', [item('bulb')]);
  assert.equal(shop.itemBlock('bulb'), undefined);
  assert.equal(shop.card('bulb')?.title, 'Title of bulb');
});

test('a catalog event older than the stored one changes nothing', async (t) => {
  const shop = await lampShop(t);
  await shop.send('catalog', [item('bulb', { title: 'New', at: START_MS + 10 })]);
  await shop.send('catalog', [item('bulb', { title: 'Old', at: START_MS + 5, stock: 0 })]);
  assert.equal(shop.card('bulb')?.title, 'New');
  assert.equal(shop.itemBlock('bulb'), undefined);
  await shop.views('eve', ['lamp']);
  assert.equal(ids(shop.list(`${FOR_YOU}eve`))!.includes('bulb'), true);
});

test('a pin for mobile visitors is in front for them and for nobody else, until it ends', async (t) => {
  const shop = await lampShop(t);
  const audience = { segments: [], regions: [], devices: ['mobile'] };
  await shop.send('campaigns', [rule({ campaignId: 'sale', kind: 'pin', items: ['plate'], audience })]);
  await shop.views('eve', ['lamp'], { device: 'mobile' });
  await shop.views('fay', ['lamp'], { device: 'desktop' });
  const eve = shop.list(`${FOR_YOU}eve`);
  assertSums(eve);
  assert.equal(eve!.items[0]!.id, 'plate');
  assert.equal(eve!.items[0]!.reasons[0]!.campaignId, 'sale');
  assert.notEqual(shop.list(`${FOR_YOU}fay`)!.items[0]!.id, 'plate');
  await shop.driver.pipe({ topic: 'campaigns', key: 'sale', value: null, timestampMs: shop.clock.nowMs() });
  await shop.views('eve', ['lamp'], { device: 'mobile' });
  assert.notEqual(shop.list(`${FOR_YOU}eve`)!.items[0]!.id, 'plate');
});

test('a pin and a sponsor bring items into lists of segments, a category’s from the category alone, until they end', async (t) => {
  const shop = await lampShop(t);
  const list = (definition: string, segment: string) => shop.list(`list:segment:${definition}:default:${segment}`);
  assert.equal(ids(list('popular', 'global'))!.includes('plate'), false);
  await shop.send('campaigns', [
    rule({ campaignId: 'new', kind: 'pin', items: ['plate'] }),
    rule({ campaignId: 'gone', kind: 'pin', items: ['not-in-the-catalog'] }),
  ]);
  await shop.views('eve', ['lamp', 'mug']);
  await shop.driver.advance(5000);
  for (const definition of ['popular', 'trending']) {
    for (const segment of ['global', 'category=table']) {
      assertSums(list(definition, segment));
      assert.deepEqual(
        list(definition, segment)!.items[0]!.reasons.map(({ campaignId }) => campaignId),
        ['new'],
        `${definition} ${segment}`,
      );
    }
    assert.deepEqual(ids(list(definition, 'category=light')), ['lamp', 'bulb']);
    assert.equal(ids(list(definition, 'global'))!.includes('not-in-the-catalog'), false);
  }
  await shop.send('campaigns', [
    rule({ campaignId: 'new', kind: 'sponsor', items: ['plate'], at: START_MS + 1 }),
    rule({ campaignId: 'free', kind: 'sponsor', items: ['bulb'], weight: 0 }),
  ]);
  await shop.views('eve', ['lamp', 'mug']);
  await shop.driver.advance(5000);
  const sponsored = list('popular', 'global');
  assertSums(sponsored);
  assert.equal(sponsored!.items.find(({ id }) => id === 'plate')!.score, 0.25);
});

test('a campaign is published for the endpoint at once, changed by a newer event and removed by its tombstone', async (t) => {
  const shop = await lampShop(t);
  await shop.send('campaigns', [rule({ campaignId: 'out', kind: 'exclude', items: ['mug'], placements: ['popular'] })]);
  assert.deepEqual(shop.campaign('out')?.exclusion?.itemHashes, [itemHash('mug')]);
  assert.deepEqual(shop.campaign('out')?.exclusion?.placements, ['popular']);
  await shop.send('campaigns', [rule({ campaignId: 'out', kind: 'bury', items: ['mug'], at: START_MS + 1 })]);
  assert.deepEqual(shop.campaign('out'), { kind: 'bury' });
  await shop.driver.pipe({ topic: 'campaigns', key: 'out', value: null, timestampMs: shop.clock.nowMs() });
  assert.equal(shop.campaign('out'), undefined);
  assert.equal(shop.driver.deadLetters().length, 0);
});

test('a card and an exclusion have the same numbers for the same attributes', async (t) => {
  const shop = await lampShop(t);
  assert.equal(shop.card('mug')?.attributeHashes, undefined);
  await shop.send('catalog', [item('mug', { attributes: { colour: 'red', size: 'L' }, at: START_MS + 1 })]);
  const attributes = { size: 'L' };
  await shop.send('campaigns', [rule({ campaignId: 'large', kind: 'exclude', attributes })]);
  const [size] = shop.campaign('large')!.exclusion!.attributeHashes;
  assert.deepEqual(
    shop.card('mug')?.attributeHashes?.map((hash) => hash === size),
    [false, true],
  );
});

test('a visitor’s block says for whom exclusions are meant: segments, and where the visitor was seen last', async (t) => {
  const shop = await lampShop(t);
  assert.equal(shop.visitorBlock('ann'), undefined);
  await shop.send('visitors', [member('ann', ['gold'])]);
  assert.deepEqual(shop.visitorBlock('ann'), { items: [], segments: ['gold'] });
  await shop.views('ann', ['lamp'], { device: 'mobile', region: 'north' });
  const block = { items: [], segments: ['gold'], region: 'north', device: 'mobile' };
  assert.deepEqual(shop.visitorBlock('ann'), block);
  await shop.views('ann', ['lamp'], { device: 'desktop' });
  assert.deepEqual(shop.visitorBlock('ann'), { ...block, device: 'desktop' });
  await shop.driver.pipe({ topic: 'visitors', key: 'ann', value: null, timestampMs: shop.clock.nowMs() });
  assert.deepEqual(shop.visitorBlock('ann'), { items: [], region: 'north', device: 'desktop' });
});

test('a visitor’s block is published with every session, and every day of one that does not end, so that it outlives the looks', async (t) => {
  const shop = await lampShop(t);
  await shop.send('purchases', [order('eve', ['bulb'], { at: shop.clock.nowMs() })]);
  const published = () => shop.driver.publications(LISTS_SINK).filter(({ key }) => key === 'block:visitor:eve').length;
  for (const sessionOf of [(day: number) => `s${day}`, () => 'lasting']) {
    for (let day = 0; day < 5; day++) {
      await shop.driver.advance(DAY);
      const before = published();
      await shop.views('eve', ['lamp', 'mug'], { sessionId: sessionOf(day) });
      assert.equal(published(), before + 1);
      await shop.views('eve', ['plate'], { sessionId: sessionOf(day) });
      assert.equal(published(), before + 1);
    }
  }
  const before = published();
  await shop.views('eve', ['mug'], { sessionId: 'next' });
  assert.equal(published(), before + 1);
  assert.deepEqual(shop.visitorBlock('eve')?.items, ['bulb']);
});

test('a visitor of whom nothing is to be blocked has no block, published or removed, for only looking', async (t) => {
  const shop = await lampShop(t);
  await shop.views('eve', ['lamp'], { sessionId: 's1' });
  await shop.views('eve', ['mug'], { sessionId: 's2' });
  assert.ok(!shop.driver.publications(LISTS_SINK).some(({ key }) => key === 'block:visitor:eve'));
});

test('with limited consent a visitor’s device and region are forgotten with the session, and the block with them', async (t) => {
  const shop = await lampShop(t);
  await shop.views('eve', ['lamp'], { device: 'phone', region: 'GB', sessionId: 's1' });
  const at = shop.clock.nowMs();
  await shop.send('privacy', [
    { eventId: 'p', visitorId: 'eve', at, action: 'consent', consent: 'limited', otherVisitorId: null },
  ]);
  await shop.views('eve', ['mug'], { sessionId: 's1' });
  assert.deepEqual(shop.visitorBlock('eve'), { items: [], region: 'GB', device: 'phone' });
  await shop.views('eve', ['mug'], { sessionId: 's2' });
  assert.equal(shop.visitorBlock('eve'), undefined);
  await shop.views('eve', ['mug'], { sessionId: 's3', device: 'phone' });
  assert.deepEqual(shop.visitorBlock('eve'), { items: [], device: 'phone' });
  await shop.views('eve', ['mug'], { sessionId: 's4', device: 'phone' });
  assert.deepEqual(shop.visitorBlock('eve'), { items: [], device: 'phone' });
});

test('the same events give the same lists over one task and over several', async (t) => {
  const lists = await Promise.all(
    [1, 3].map(async (partitions) => {
      const shop = await lampShop(t, { partitions });
      await shop.views('eve', ['lamp', 'mug']);
      return shop.list(`${FOR_YOU}eve`)!.items;
    }),
  );
  assert.deepEqual(lists[0], lists[1]);
});

test('a visitor who has done nothing but arrive gets what is popular in the same surroundings', async (t) => {
  const shop = await lampShop(t);
  for (let i = 0; i < 50; i++) {
    await shop.views(`north${i}`, ['plate', 'mug', 'plate', 'mug', 'plate'], { region: 'north' });
    if (i < 10) await shop.views(`south${i}`, ['lamp', 'bulb', 'lamp', 'bulb', 'lamp'], { region: 'south' });
  }
  await shop.driver.advance(5000);
  const arrival = { visitorId: 'new', kind: 'search', itemId: null, query: 'something', region: 'north' } as const;
  await shop.send('clicks', [click({ ...arrival, at: shop.clock.nowMs() })]);
  const list = shop.list(`${FOR_YOU}new`);
  assertSums(list);
  assert.equal(ids(list)![0], 'plate');
  const segments = list!.items[0]!.reasons.filter(({ kind }) => kind === 'popular').map(({ segment }) => segment);
  assert.ok(segments.includes('region=north') && segments.includes('global'));
});

test('what a visitor searches for is recommended before anything was clicked, for that reason', async (t) => {
  const shop = await openShop(t);
  const titles = [
    'Oak dining table',
    'Wool blanket',
    'Copper kettle',
    'Paper lantern',
    'Garden spade',
    'Steel bicycle',
  ];
  await shop.send(
    'catalog',
    titles.map((title) => item(title.replaceAll(' ', '-'), { title })),
  );
  const search = { visitorId: 'eve', kind: 'search', itemId: null, query: 'dining table oak' } as const;
  await shop.send('clicks', [click({ ...search, at: shop.clock.nowMs() })]);
  const list = shop.list(`${FOR_YOU}eve`);
  assertSums(list);
  assert.equal(list!.items[0]!.id, 'Oak-dining-table');
  assert.equal(list!.items[0]!.reasons[0]!.kind, 'searched');
});

test('an item that one visitor has looked at has similar items by content, joined by what others go on to', async (t) => {
  const shop = await openShop(t);
  const titles = [
    'Oak dining table',
    'Oak coffee table',
    'Wool blanket',
    'Copper kettle',
    'Paper lantern',
    'Garden spade',
  ];
  await shop.send(
    'catalog',
    titles.map((title) => item(title.replaceAll(' ', '-'), { title })),
  );
  await shop.views('ann', ['Oak-dining-table']);
  await shop.driver.advance(5000);
  const alone = shop.list('list:item:similar:default:Oak-dining-table');
  assertSums(alone);
  assert.deepEqual(ids(alone)![0], 'Oak-coffee-table');
  assert.equal(alone!.items[0]!.reasons[0]!.kind, 'content');
  await shop.views('bob', ['Oak-dining-table', 'Copper-kettle']);
  await shop.driver.advance(5000);
  const joined = shop.list('list:item:similar:default:Oak-dining-table');
  assertSums(joined);
  const kinds = new Map(joined!.items.map(({ id, reasons }) => [id, reasons[0]!.kind]));
  assert.deepEqual([kinds.get('Copper-kettle'), kinds.get('Oak-coffee-table')], ['similar', 'content']);
});
