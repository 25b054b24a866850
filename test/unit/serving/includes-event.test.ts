// Whether the event that a question names is in the answer.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listKey } from '../../../lists/index.ts';
import { createServingClient, type ListQuery } from '../../../serving/index.ts';
import { openEndpoint } from '../../support/endpoint.ts';
import { serve } from '../../support/http.ts';
import { createMemoryLists } from '../../support/memory-lists.ts';

/** Asks for recommendations where the newest click is in everybody's list and an older one in the visitor's. */
async function start(t: TestContext) {
  const lists = createMemoryLists();
  for (const id of ['a', 'b', 'c']) await lists.card({ id, categories: ['Tents'] });
  await lists.list(listKey('visitor', 'for-you', 'default', 'v1'), ['a', 'b'], { eventIds: ['old-click'] });
  await lists.list(listKey('segment', 'popular', 'default', 'global'), ['b', 'c'], { eventIds: ['new-click'] });
  const app = await openEndpoint(t, { lists: lists.store });
  const client = createServingClient(await serve(t, app.handler));
  return async (query: ListQuery) => (await client.recommendations('v1', query)).includesEvent;
}

const filters: Readonly<Record<string, ListQuery>> = {
  'no filter': {},
  'a filter that all items pass': { category: ['Tents'] },
  'a filter that excludes nothing': { excludeBrand: ['Acme'] },
};

for (const [name, filter] of Object.entries(filters))
  test(`an event is in the answer when it is in a list that gave items: ${name}`, async (t) => {
    const includes = await start(t);
    assert.equal(await includes({ ...filter, n: 2, after: 'old-click' }), true);
    assert.equal(await includes({ ...filter, n: 2, after: 'new-click' }), false);
    assert.equal(await includes({ ...filter, n: 3, after: 'new-click' }), true);
    assert.equal(await includes({ ...filter, n: 3, after: 'other-click' }), false);
  });

test('an event of a list that has nothing to show is not in the answer', async (t) => {
  const includes = await start(t);
  assert.equal(await includes({ excludeItems: ['a', 'b'], after: 'old-click' }), false);
  assert.equal(await includes({ excludeItems: ['a', 'b', 'c'], after: 'old-click' }), false);
});
