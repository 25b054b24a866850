// What a degraded answer leaves out, and what it does not refuse.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CARD_PREFIX, cardKey, listKey } from '../../../../lists/index.ts';
import { type Answer, createServingClient } from '../../../../serving/index.ts';
import { openEndpoint } from '../../../support/endpoint.ts';
import { serve } from '../../../support/http.ts';
import { createMemoryLists, type MemoryLists } from '../../../support/memory-lists.ts';

const READ_TIMEOUT_MS = 100;
const GLOBAL = listKey('segment', 'popular', 'default', 'global');

async function start(t: TestContext, prepare: (lists: MemoryLists) => Promise<void>) {
  const lists = createMemoryLists();
  await prepare(lists);
  const app = await openEndpoint(t, { lists: lists.store, readTimeoutMs: READ_TIMEOUT_MS });
  return { lists, client: createServingClient(await serve(t, app.handler)) };
}

async function excludeKnives(lists: MemoryLists): Promise<void> {
  const everybody = { segments: [], regions: [], devices: [] };
  const targets = { itemHashes: [], brands: [], attributeHashes: [], placements: [], audience: everybody };
  await lists.campaign('no-knives', { kind: 'exclude', exclusion: { ...targets, categories: ['Knives'] } });
}

/** A shop with one item whose card is in memory and one whose card has to be read. */
async function withForgottenCard(lists: MemoryLists): Promise<void> {
  await lists.list(GLOBAL, ['known', 'forgotten']);
  await lists.card({ id: 'known', categories: ['Tents'] });
  await lists.card({ id: 'forgotten', categories: ['Knives'] });
  const { entries } = lists.store;
  lists.store.entries = async function* (prefix) {
    for await (const entry of entries(prefix)) if (entry.key !== cardKey('forgotten')) yield entry;
  };
}

/** From now on the store answers in time, but for cards. */
function holdCards({ store }: MemoryLists): void {
  const { getMany } = store;
  store.getMany = (keys) => (keys.some((key) => key.startsWith(CARD_PREFIX)) ? new Promise(() => {}) : getMany(keys));
}

const shown = ({ items, degraded }: Answer) => ({ ids: items.map(({ id }) => id), degraded });

test('an item of which nobody can tell now whether a campaign excludes it is left out', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL, ['known', 'excluded', 'unknown']);
    await prepared.card({ id: 'known', categories: ['Tents'] });
    await prepared.card({ id: 'excluded', categories: ['Knives'] });
    await excludeKnives(prepared);
  });
  const ids = async () => (await client.popular()).items.map(({ id }) => id);
  assert.deepEqual(await ids(), ['known', 'unknown']);
  await lists.store.close();
  assert.deepEqual(await ids(), ['known']);
});

test('an item whose card alone cannot be read in time is left out while a campaign excludes by category', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await withForgottenCard(prepared);
    await excludeKnives(prepared);
  });
  holdCards(lists);
  assert.deepEqual(shown(await client.popular()), { ids: ['known'], degraded: true });
});

for (const excluded of [{ excludeCategory: ['Knives'] }, { excludeBrand: ['Acme'] }, { excludeAttribute: ['a:b'] }]) {
  test(`an item whose card cannot be read passes no filter: ${Object.keys(excluded)}`, async (t) => {
    const { lists, client } = await start(t, withForgottenCard);
    holdCards(lists);
    assert.deepEqual(shown(await client.popular(excluded)), { ids: ['known'], degraded: true });
    await lists.store.close();
    assert.deepEqual(shown(await client.popular(excluded)), { ids: ['known'], degraded: true });
  });
}

test('an item that has no card is kept out by no filter while the store is there', async (t) => {
  const { client } = await start(t, (prepared) => prepared.list(GLOBAL, ['without']));
  assert.deepEqual(shown(await client.popular({ excludeCategory: ['Knives'] })), {
    ids: ['without'],
    degraded: undefined,
  });
});

test('fields that cannot be read in time are missing in an answer that says so', async (t) => {
  const { lists, client } = await start(t, withForgottenCard);
  holdCards(lists);
  assert.deepEqual(shown(await client.popular({ fields: ['title'] })), { ids: ['known', 'forgotten'], degraded: true });
});

test('a strict question is not answered with "there is none" when it cannot be known', async (t) => {
  const { lists, client } = await start(t, (prepared) => prepared.list(GLOBAL, ['a']));
  await assert.rejects(client.recommendations('v1', { strict: true }), /404/);
  await lists.store.close();
  const { degraded, rung } = await client.recommendations('v1', { strict: true });
  assert.deepEqual([degraded, rung], [true, 'global']);
});
