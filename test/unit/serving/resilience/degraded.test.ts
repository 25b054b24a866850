// What a degraded answer leaves out, and what it does not refuse.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLogger, silentMetrics, systemClock } from '../../../../engine/api/index.ts';
import { listKey } from '../../../../lists/index.ts';
import { createServingApp, createServingClient } from '../../../../serving/index.ts';
import { serve } from '../../../support/http.ts';
import { createMemoryLists, type MemoryLists } from '../../../support/memory-lists.ts';

const GLOBAL = listKey('segment', 'popular', 'default', 'global');

async function start(t: TestContext, prepare: (lists: MemoryLists) => Promise<void>) {
  const lists = createMemoryLists();
  await prepare(lists);
  const app = createServingApp({
    lists: lists.store,
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    readiness: () => ({ isReady: true }),
  });
  await app.open();
  t.after(() => app.close());
  return { lists, client: createServingClient(await serve(t, app.handler)) };
}

test('an item of which nobody can tell now whether a campaign excludes it is left out', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL, ['known', 'excluded', 'unknown']);
    await prepared.card({ id: 'known', categories: ['Tents'] });
    await prepared.card({ id: 'excluded', categories: ['Knives'] });
    const everybody = { segments: [], regions: [], devices: [] };
    const targets = { itemHashes: [], brands: [], attributeHashes: [], placements: [], audience: everybody };
    await prepared.campaign('no-knives', { kind: 'exclude', exclusion: { ...targets, categories: ['Knives'] } });
  });
  const ids = async () => (await client.popular()).items.map(({ id }) => id);
  assert.deepEqual(await ids(), ['known', 'unknown']);
  await lists.store.close();
  assert.deepEqual(await ids(), ['known']);
});

test('a strict question is not answered with "there is none" when it cannot be known', async (t) => {
  const { lists, client } = await start(t, (prepared) => prepared.list(GLOBAL, ['a']));
  await assert.rejects(client.recommendations('v1', { strict: true }), /404/);
  await lists.store.close();
  const { degraded, rung } = await client.recommendations('v1', { strict: true });
  assert.deepEqual([degraded, rung], [true, 'global']);
});
