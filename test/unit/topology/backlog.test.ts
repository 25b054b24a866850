// A visitor's lists while a task works off a backlog: they wait where the next batch has another event of the visitor.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { LISTS_SINK } from '../../../topology/index.ts';
import { NODES } from '../../../topology/names.ts';
import { click, item, openShop, order, privacy, type Shop, START_MS } from './shop.ts';

/** Batches of two, and a first one in which the task learns that it is asked what comes next. */
async function backlogShop(t: TestContext, items: readonly string[]): Promise<Shop> {
  const shop = await openShop(t, { partitions: 1, recordsPerBatch: 2 });
  await shop.send(
    'catalog',
    items.map((id) => item(id)),
  );
  await shop.send('clicks', [
    click({ visitorId: 'joe', itemId: 'a', at: START_MS }),
    click({ visitorId: 'kim', itemId: 'a', at: START_MS }),
  ]);
  return shop;
}

/** Makes the record of a look, so many seconds after the start. */
function looksOf(shop: Shop, sessionOf: (visitorId: string) => string | null = () => null) {
  return (visitorId: string, itemId: string, second: number) =>
    shop.recordOf(
      'clicks',
      click({ visitorId, itemId, at: START_MS + second * 1000, sessionId: sessionOf(visitorId) }),
    );
}

const VISITOR = 'list:visitor:for-you:default:eve';
const VIEWED = 'list:visitor:recently-viewed:default:eve';
const SESSION = 'list:session:for-you:default:';
const BLOCK = 'block:visitor:eve';

test('in a backlog a visitor’s lists are made once, what must not be shown is known at once, and a session that ended is gone', async (t) => {
  const shop = await backlogShop(t, ['a', 'b', 'c', 'd']);
  await shop.send('clicks', [click({ visitorId: 'eve', itemId: 'd', at: START_MS, sessionId: 's0' })]);
  const first = shop.driver.publications(LISTS_SINK).length;

  const look = looksOf(shop, (visitorId) => `s-${visitorId}`);
  await shop.driver.pipe(
    look('eve', 'a', 1),
    look('ann', 'a', 2),
    shop.recordOf('purchases', order('eve', ['b'], { at: START_MS + 3000 })),
    look('eve', 'b', 4),
    look('eve', 'c', 5),
    look('ann', 'b', 6),
  );

  const published = shop.driver.publications(LISTS_SINK).slice(first);
  const of = (key: string) => published.filter((entry) => entry.key === key);
  assert.equal(of(VISITOR).length, 1);
  assert.equal(of(`${SESSION}s-eve`).length, 1);
  assert.ok(of(BLOCK)[0]!.version < of(VISITOR)[0]!.version, 'what was bought is known before the lists');
  assert.deepEqual(shop.visitorBlock('eve')?.items, ['b']);
  assert.deepEqual(
    of(`${SESSION}s0`).map(({ value }) => value),
    [null],
  );
  assert.ok(of(`${SESSION}s0`)[0]!.version < of(VISITOR)[0]!.version);
  assert.equal(shop.list(VISITOR)!.asOf.at, START_MS + 5000);
  assert.deepEqual(
    shop.list(VIEWED)!.items.map(({ id }) => id),
    ['c', 'b', 'a', 'd'],
  );
});

test('lists wait in vain for an event that had been sent twice, and are made with it all the same', async (t) => {
  const shop = await backlogShop(t, ['a']);
  const looked = shop.recordOf('clicks', click({ visitorId: 'eve', itemId: 'a', at: START_MS, sessionId: 's1' }));
  const other = shop.recordOf('clicks', click({ visitorId: 'ann', itemId: 'a', at: START_MS + 1000 }));
  await shop.driver.pipe(looked, other, looked);
  const [ofAnn] = shop.driver.publications(LISTS_SINK).filter(({ key }) => key.endsWith(':ann'));
  for (const key of [VISITOR, VIEWED, `${SESSION}s1`]) {
    const entries = shop.driver.publications(LISTS_SINK).filter((entry) => entry.key === key);
    assert.equal(entries.length, 1, key);
    assert.ok(entries[0]!.version > ofAnn!.version, key);
    assert.notEqual(entries[0]!.value, null, key);
  }
});

test('a visitor’s lists do not wait for an event that lies far ahead', async (t) => {
  const shop = await backlogShop(t, ['a', 'b']);
  const ofAnn = Array.from({ length: 6 }, (_, i) =>
    shop.recordOf('clicks', click({ visitorId: 'ann', itemId: 'a', at: START_MS + (i + 2) * 1000 })),
  );
  await shop.driver.pipe(
    shop.recordOf('clicks', click({ visitorId: 'eve', itemId: 'a', at: START_MS + 1000 })),
    ...ofAnn,
    shop.recordOf('purchases', order('eve', ['b'], { at: START_MS + 100_000 })),
  );
  const versions = shop.driver
    .publications(LISTS_SINK)
    .flatMap(({ key, version }) => (key === VISITOR ? [version] : []));
  assert.equal(versions.length, 2);
  assert.ok(versions[0]! < versions[1]! - 1, `${versions}`);
});

test('what a visitor wants forgotten is gone at once, though another event of the visitor is known', async (t) => {
  for (const action of ['erase', 'consent'] as const) {
    const shop = await backlogShop(t, ['a', 'b']);
    const look = looksOf(shop);
    const wish = { at: START_MS + 3000, action, consent: action === 'erase' ? null : ('limited' as const) };
    await shop.driver.pipe(
      look('eve', 'a', 1),
      look('ann', 'a', 2),
      shop.recordOf('privacy', privacy(wish)),
      look('ann', 'b', 4),
      look('eve', 'b', 5),
      look('ann', 'a', 6),
    );
    const published = shop.driver.publications(LISTS_SINK);
    const viewed = published.filter(({ key }) => key === VIEWED);
    const gone = viewed.find(({ value }) => value === null);
    const last = published.filter(({ key }) => key === VISITOR).at(-1)!;
    assert.ok(gone !== undefined && gone.version < last.version, action);
    assert.ok(
      published.some(({ key, version }) => key === VISITOR && version === gone.version),
      `${action}: so is what was recommended`,
    );
  }
});

test('who comes back in the batch of the erasure has lists without what was before, at once', async (t) => {
  const shop = await backlogShop(t, ['a', 'b']);
  const look = looksOf(shop);
  await shop.send('clicks', [click({ visitorId: 'eve', itemId: 'a', at: START_MS })]);
  const first = shop.driver.publications(LISTS_SINK).length;
  const erasure = shop.recordOf('privacy', privacy({ at: START_MS + 1000, action: 'erase' }));
  await shop.driver.pipe(erasure, look('eve', 'b', 2), look('ann', 'a', 3), look('eve', 'b', 4));
  const published = shop.driver.publications(LISTS_SINK).slice(first);
  for (const name of [VISITOR, VIEWED])
    assert.equal(
      published.filter(({ key }) => key === name).length,
      2,
      `${name}: with the erasure, and with the last look`,
    );
});

test('who has limited consent waits for nothing', async (t) => {
  const shop = await backlogShop(t, ['a', 'b']);
  const consent = privacy({ at: START_MS, action: 'consent', consent: 'limited' });
  await shop.send('privacy', [consent]);
  const look = looksOf(shop);
  await shop.driver.pipe(look('eve', 'a', 1), look('ann', 'a', 2), look('eve', 'b', 3), look('ann', 'b', 4));
  const of = (key: string) => shop.driver.publications(LISTS_SINK).filter((entry) => entry.key === key);
  assert.equal(of(VISITOR).filter(({ value }) => value !== null).length, 2);
  assert.equal(of(VISITOR.replace('eve', 'ann')).length, 1);
});

test('a visitor whose lists cannot be made again stands in nobody else’s way', async (t) => {
  let calls = Number.NaN;
  const reranker = {
    name: 'cursed',
    score(features: Float32Array, count: number) {
      calls++;
      if (calls === 1) throw new Error('it cannot be made');
      return new Float32Array(count).fill(features.length);
    },
  };
  const shop = await openShop(t, { partitions: 1, lists: { reranker } });
  await shop.send(
    'catalog',
    ['a', 'b'].map((id) => item(id)),
  );
  for (const visitorId of ['eve', 'ann']) await shop.views(visitorId, ['a', 'b'], { sessionId: `s-${visitorId}` });
  const [task] = shop.driver.engine.tasks;
  calls = 0;
  const keys = [
    VISITOR,
    `${SESSION}s-eve`,
    VISITOR.replace('eve', 'ann'),
    `${SESSION}s-ann`,
    VIEWED.replace('eve', 'ann'),
  ];
  const entries = (await task!.entriesOf(NODES.lists, keys)).get(NODES.lists)!;
  assert.ok(calls > 1);
  assert.deepEqual(
    entries.filter(({ value }) => value !== null).map(({ key }) => key),
    keys.slice(2),
  );
  assert.deepEqual(
    entries.filter(({ value }) => value === null),
    [],
    'no list is removed',
  );
});

test('a visitor who is erased while lists wait has none of before', async (t) => {
  const shop = await backlogShop(t, ['a', 'b']);
  const look = looksOf(shop);
  const erasure = shop.recordOf('privacy', privacy({ visitorId: 'eve', at: START_MS + 3000, action: 'erase' }));
  await shop.driver.pipe(look('eve', 'a', 1), look('ann', 'a', 2), erasure, look('eve', 'b', 4));
  assert.deepEqual(
    shop.driver.publications(LISTS_SINK).flatMap(({ key }) => (key === VIEWED ? [key] : [])),
    [VIEWED],
  );
  assert.deepEqual(
    shop.list(VIEWED)!.items.map(({ id }) => id),
    ['b'],
  );
  const again = privacy({ visitorId: 'eve', at: START_MS + 5000, action: 'erase' });
  await shop.driver.pipe(shop.recordOf('privacy', again), look('ann', 'b', 6), look('ann', 'a', 7));
  for (const key of [VISITOR, VIEWED]) assert.equal(shop.driver.published(LISTS_SINK).get(key)!.value, null, key);
});
