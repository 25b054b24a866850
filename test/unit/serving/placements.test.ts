// What a placement does to answers, and when.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listKey, placementKey, placementSerde } from '../../../lists/index.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import { checkPlacement } from '../../../schemas/list-settings.ts';
import { createServingClient } from '../../../serving/index.ts';
import { startContractShop } from '../../support/contract-shop.ts';
import type { MemoryLists } from '../../support/memory-lists.ts';

function put(lists: MemoryLists, name: string, version: number, body: object | null): Promise<void> {
  const checked = body === null ? undefined : checkPlacement(name, body);
  if (checked !== undefined && 'mistakes' in checked) throw new Error(checked.mistakes.join());
  const value = checked === undefined ? null : placementSerde.serialize(checked.value);
  return Promise.resolve(lists.store.publish([{ key: placementKey(name), value, version }]));
}

test('a placement counts from the next answer on, an older one does not, and a removed one is not known', async (t) => {
  const { url, lists } = await startContractShop(t);
  const client = createServingClient(url);
  const ask = async () => {
    const { items, definition } = await client.recommendations('v1', { placement: 'shelf' });
    return [definition, items.length];
  };
  await assert.rejects(ask(), /placement must be one that the shop has set/);
  await put(lists, 'shelf', 5, { lists: [{ definition: 'trending' }], n: 3 });
  assert.deepEqual(await ask(), ['trending', 3]);
  await put(lists, 'shelf', 4, { lists: [{ definition: 'popular' }], n: 9 });
  assert.deepEqual(await ask(), ['trending', 3]);
  await put(lists, 'shelf', 6, null);
  await assert.rejects(ask(), /placement must be one that the shop has set/);
});

test('a setting takes the place of a built-in placement, and its removal gives it back', async (t) => {
  const { url, lists } = await startContractShop(t);
  const client = createServingClient(url);
  await put(lists, 'popular-items', 5, { isOn: false, lists: [{ definition: 'popular' }] });
  await assert.rejects(client.popular(), /404/);
  await put(lists, 'popular-items', 6, null);
  assert.equal((await client.popular()).items.length, 10);
});

test('lists come in their order with their shares, and a list without an owner is passed over', async (t) => {
  const { url, lists } = await startContractShop(t);
  const body = {
    lists: [{ definition: 'similar' }, { definition: 'recently-viewed', max: 2 }, { definition: 'buy-again', max: 1 }],
    fallbacks: [],
  };
  await put(lists, 'shelf', 5, body);
  await lists.list(listKey('visitor', 'recently-viewed', 'default', 'v9'), ['i1', 'i2', 'i3']);
  await lists.list(listKey('visitor', 'buy-again', 'default', 'v9'), ['i2', 'i8', 'i9']);
  // Buy-again lists what was bought, which every other list leaves out.
  await lists.blockForVisitor('v9', ['i8', 'i1']);
  const { items, rung } = await createServingClient(url).recommendations('v9', { placement: 'shelf' });
  assert.equal(rung, 'visitor');
  assert.deepEqual(
    items.map(({ id }) => id),
    ['i2', 'i3', 'i8'],
  );
});

test('an exclusion that names a placement, or one of its lists, counts there and nowhere else', async (t) => {
  const { url, lists } = await startContractShop(t);
  const client = createServingClient(url);
  await put(lists, 'shelf', 5, { lists: [{ definition: 'trending' }] });
  const isShown = async (placement: string, item: string) => {
    const { items } = await client.popular({ placement, n: 50 });
    return items.some(({ id }) => id === item);
  };
  const popular = new Set((await client.popular({ n: 50 })).items.map(({ id }) => id));
  const item = (await client.popular({ placement: 'shelf', n: 50 })).items.find(({ id }) => popular.has(id))?.id;
  const exclude = (placements: readonly string[]) =>
    lists.campaign('c', {
      kind: 'exclude',
      exclusion: {
        itemHashes: [itemHash(item!)],
        categories: [],
        brands: [],
        attributeHashes: [],
        placements,
        audience: { segments: [], regions: [], devices: [] },
      },
    });
  await exclude(['shelf']);
  assert.deepEqual([await isShown('shelf', item!), await isShown('trending-items', item!)], [false, true]);
  await exclude(['trending']);
  assert.deepEqual([await isShown('shelf', item!), await isShown('trending-items', item!)], [false, false]);
  assert.ok(await isShown('popular-items', item!));
});

test('a basket is answered with what goes with its items together, and none of them', async (t) => {
  const { url } = await startContractShop(t);
  const client = createServingClient(url);
  const single = await client.boughtTogether('i1');
  const basket = await client.boughtTogether('i1', { inCart: ['i2'] });
  assert.notDeepEqual(
    basket.items.map(({ id }) => id),
    single.items.map(({ id }) => id),
  );
  assert.ok(!basket.items.some(({ id }) => id === 'i1' || id === 'i2'));
  assert.notEqual(basket.listId, single.listId);
});
