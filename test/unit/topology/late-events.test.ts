// Events of long ago beside those of now: devices whose clocks are wrong, and history that is sent late.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { click, item, openShop } from './shop.ts';

const YEARS_AGO_MS = Date.UTC(2000, 4, 1);
const POPULAR = 'list:segment:popular:default:';

async function openedShop(t: TestContext) {
  const shop = await openShop(t, { partitions: 1 });
  await shop.send(
    'catalog',
    ['a', 'b', 'c', 'd'].map((id) => item(id)),
  );
  await shop.driver.advance(1000);
  const ofNow = () => click({ visitorId: 'good', itemId: 'b', at: shop.clock.nowMs() });
  const ofLongAgo = (afterMs = 0) =>
    click({ visitorId: 'bad', itemId: 'a', at: YEARS_AGO_MS + afterMs, device: 'kiosk' });
  /** What is of long ago weighs nothing beside what is of now, and is popular where nothing else has happened. */
  const assertPopular = () => {
    const popularIn = (segment: string) => shop.list(`${POPULAR}${segment}`)?.items.map(({ id }) => id);
    assert.deepEqual(popularIn('global'), ['b']);
    assert.deepEqual(popularIn('device=kiosk'), ['a']);
    assert.deepEqual(shop.driver.deadLetters(), []);
  };
  return { shop, ofNow, ofLongAgo, assertPopular };
}

test('an event of decades ago begins a segment in one batch with an event of now, and both count', async (t) => {
  const { shop, ofNow, ofLongAgo, assertPopular } = await openedShop(t);
  await shop.send('clicks', [ofLongAgo(), ofNow()]);
  await shop.driver.advance(3000);
  assertPopular();
});

test('a segment of decades ago is published after a batch that brought it another event beside one of now', async (t) => {
  const { shop, ofNow, ofLongAgo, assertPopular } = await openedShop(t);
  await shop.send('clicks', [ofNow()]);
  await shop.driver.advance(5000);
  await shop.send('clicks', [ofLongAgo()]);
  await shop.driver.advance(200);
  await shop.send('clicks', [ofLongAgo(1000), ofNow()]);
  await shop.driver.advance(3000);
  assertPopular();
});
