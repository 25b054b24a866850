import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CampaignIndex } from '../../../../processors/campaign-index.ts';
import { ItemIndex } from '../../../../processors/item-index.ts';
import { ChangeReader } from '../../../../processors/refresh/change-reader.ts';
import { itemHash } from '../../../../schemas/item-hash.ts';
import { campaign, entry, HALF_LIFE, indexOf, neighbour } from '../records.ts';

/** Ids by what the index calls items, which forgets those that were withdrawn. */
const idOf = (index: ItemIndex, denseId: number) =>
  ['a', 'b', 'known'].find((itemId) => index.denseOf(itemHash(itemId)) === denseId);

function reading(index: ItemIndex, campaigns = new CampaignIndex(index)) {
  const reader = new ChangeReader(index, campaigns);
  reader.begin(0);
  /** What changed since the last call. */
  const read = (timeMs = 0): string[] => {
    const seen: string[] = [];
    reader.read(timeMs, {
      item: (denseId, change) => void seen.push(`${idOf(index, denseId)} ${change}`),
      campaign: ({ campaignId }) => void seen.push(campaignId),
      everything: () => void seen.push('everything'),
    });
    return seen;
  };
  return { index, campaigns, read };
}

test('an item is shown when it comes, sells out, comes back, moves its validity or leaves, and not when only its card changes', () => {
  const { index, read } = reading(indexOf([], ['known']));
  assert.deepEqual(read(), []);
  const steps = [
    entry('a'),
    entry('a', { price: 3, title: 'Other', stock: 7 }),
    entry('a', { stock: 0 }),
    entry('a', { stock: 2 }),
    entry('a', { validToMs: 50 }),
    entry('a', { validToMs: 50, categories: ['c'] }),
    entry('a', { validToMs: 50, categories: ['c'], brand: 'b' }),
    undefined,
    undefined,
  ];
  const seen = steps.map((step) => {
    index.applyCatalog('a', step);
    return read().join();
  });
  const availability = 'a availability';
  const content = 'a content';
  assert.deepEqual(seen, [
    availability,
    '',
    availability,
    availability,
    availability,
    content,
    content,
    availability,
    '',
  ]);
});

test('neighbours are shown when the mass of the item has moved by a twentieth since they last were', () => {
  const { index, read } = reading(new ItemIndex(HALF_LIFE));
  const seen = [100, 101, 104, 106, 107, 100].map((n) => {
    index.applyNeighbours('a', neighbour('a', {}, { n }));
    return read().length;
  });
  assert.deepEqual(seen, [1, 0, 0, 1, 0, 1]);
});

test('the validity of items and campaigns begins and ends without an event, once for each reader', () => {
  const index = indexOf([], ['always']);
  const campaigns = new CampaignIndex(index);
  index.applyCatalog('a', entry('a', { validFromMs: 10, validToMs: 20 }));
  campaigns.apply('sale', campaign({ kind: 'boost', campaignId: 'sale', items: ['a'], validFrom: 15, validTo: 25 }));
  const first = reading(index, campaigns);
  const second = reading(index, campaigns);
  assert.deepEqual(
    [9, 10, 12, 15, 20, 25, 30].map((timeMs) => first.read(timeMs).join()),
    ['', 'a availability', '', 'sale', 'a availability', 'sale', ''],
  );
  assert.deepEqual(second.read(30), ['a availability', 'sale']);
});

test('a campaign is shown as it was and as it is', () => {
  const { campaigns, read } = reading(indexOf([], ['a']));
  campaigns.apply('x', campaign({ kind: 'pin', campaignId: 'x', items: ['a'] }));
  assert.deepEqual(read(), ['x']);
  campaigns.apply('x', undefined);
  assert.deepEqual(read(), ['x']);
  assert.deepEqual(read(), []);
});

test('a reader that is too far behind is told that everything may have changed, and goes on from there', () => {
  const { index, read } = reading(indexOf([], ['a']));
  for (let i = 0; i < 70_000; i++) index.applyCatalog('a', i % 2 === 0 ? undefined : entry('a'));
  assert.deepEqual(read(), ['everything']);
  index.applyCatalog('a', undefined);
  assert.deepEqual(read(), ['a availability']);
});

test('targets of a campaign are its items and those of its brands and categories; with attributes alone any item may be one', () => {
  const index = new ItemIndex(HALF_LIFE);
  index.applyCatalog('a', entry('a', { categories: ['x', 'lamps'] }));
  index.applyCatalog('b', entry('b', { brand: 'acme' }));
  index.applyCatalog('c', entry('c'));
  const campaigns = new CampaignIndex(index);
  const targets = (overrides: Parameters<typeof campaign>[0]) => {
    const found: (string | undefined)[] = [];
    const isKnown = campaigns.eachTarget(campaign(overrides), (denseId) => void found.push(index.textOf(denseId)));
    return isKnown ? found.sort().join('') : undefined;
  };
  assert.equal(targets({ kind: 'boost', categories: ['lamps'] }), 'a');
  assert.equal(targets({ kind: 'boost', brands: ['acme'], categories: ['lamps'] }), 'ab');
  assert.equal(targets({ kind: 'boost', items: ['c'], attributes: { colour: 'red' } }), 'c');
  assert.equal(targets({ kind: 'boost', attributes: { colour: 'red' } }), undefined);
  assert.equal(targets({ kind: 'boost' }), '');
  assert.equal(index.denseOf(itemHash('lamps')), undefined);
});
