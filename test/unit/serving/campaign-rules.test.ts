import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  type CampaignRule,
  type Exclusion,
  type ListItem,
  type ListView,
  listKey,
  viewOf,
} from '../../../lists/index.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import type { Answer } from '../../../serving/contract.ts';
import { withoutEnded } from '../../../serving/ended-campaigns.ts';
import { createServingClient } from '../../../serving/index.ts';
import { openEndpoint } from '../../support/endpoint.ts';
import { serve } from '../../support/http.ts';
import { createMemoryLists, type MemoryLists } from '../../support/memory-lists.ts';

const NOW = Date.UTC(2026, 10, 21, 9);
const VISITOR_LIST = listKey('visitor', 'for-you', 'default', 'v1');
const GLOBAL_LIST = listKey('segment', 'popular', 'default', 'global');
const SIMILAR_LIST = listKey('item', 'similar', 'default', 'x');

async function start(t: TestContext, prepare: (lists: MemoryLists) => Promise<void>) {
  const lists = createMemoryLists();
  const clock = { now: NOW };
  await prepare(lists);
  const app = await openEndpoint(t, { lists: lists.store, clock: { nowMs: () => clock.now } });
  return { lists, clock, client: createServingClient(await serve(t, app.handler)) };
}

const idsOf = (answer: Answer): string => answer.items.map(({ id }) => id).join('');

type Targets = Partial<Omit<Exclusion, 'audience' | 'itemHashes'>> & {
  readonly items?: readonly string[];
  readonly audience?: Partial<Exclusion['audience']>;
};

function exclude({ items = [], audience, ...targets }: Targets, validity: Partial<CampaignRule> = {}): CampaignRule {
  const exclusion: Exclusion = {
    itemHashes: items.map(itemHash),
    categories: [],
    brands: [],
    attributeHashes: [],
    placements: [],
    ...targets,
    audience: { segments: [], regions: [], devices: [], ...audience },
  };
  return { kind: 'exclude', ...validity, exclusion };
}

test('an exclusion takes an item out of lists that were made before it, and back when it ends', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(VISITOR_LIST, ['a', 'b']);
    await prepared.list(GLOBAL_LIST, ['a', 'c']);
  });
  assert.equal(idsOf(await client.recommendations('v1')), 'abc');
  await lists.campaign('out', exclude({ items: ['a'] }));
  assert.equal(idsOf(await client.recommendations('v1')), 'bc');
  assert.equal(idsOf(await client.popular()), 'c');
  await lists.campaign('out', undefined);
  assert.equal(idsOf(await client.recommendations('v1')), 'abc');
});

test('an exclusion that was there before the endpoint counts, and one that is overtaken does not', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL_LIST, ['a', 'b']);
    await prepared.campaign('out', exclude({ items: ['a'] }), 8);
  });
  assert.equal(idsOf(await client.popular()), 'b');
  await lists.campaign('out', exclude({ items: ['b'] }), 7);
  assert.equal(idsOf(await client.popular()), 'b');
});

test('categories and brands are told by cards', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL_LIST, ['a', 'b', 'c', 'd']);
    await prepared.card({ id: 'a', categories: ['lamps'] });
    await prepared.card({ id: 'b', brand: 'Acme' });
    await prepared.card({ id: 'c', categories: ['mugs'], brand: 'Other' });
  });
  await lists.campaign('by-category', exclude({ categories: ['lamps'] }));
  assert.equal(idsOf(await client.popular()), 'bcd');
  await lists.campaign('by-brand', exclude({ brands: ['Acme'] }));
  assert.equal(idsOf(await client.popular()), 'cd');
});

test('a target has all the attributes, and is one of those that are named if any are', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL_LIST, ['a', 'b', 'c', 'd']);
    await prepared.card({ id: 'a', attributeHashes: [1, 2] });
    await prepared.card({ id: 'b', attributeHashes: [1], brand: 'Acme' });
    await prepared.card({ id: 'c', attributeHashes: [3], brand: 'Acme' });
  });
  const cases: [Targets, string][] = [
    [{ attributeHashes: [1, 2] }, 'bcd'],
    [{ attributeHashes: [1] }, 'cd'],
    [{ attributeHashes: [1], brands: ['Acme'] }, 'acd'],
    [{ attributeHashes: [1], items: ['d', 'a'], brands: ['Acme'] }, 'cd'],
    [{}, 'abcd'],
  ];
  for (const [targets, expected] of cases) {
    await lists.campaign('out', exclude(targets));
    assert.equal(idsOf(await client.popular()), expected, JSON.stringify(targets));
  }
});

test('an exclusion counts for the placement that was asked for, not for the list that fills it up', async (t) => {
  const { client } = await start(t, async (prepared) => {
    await prepared.list(SIMILAR_LIST, ['a']);
    await prepared.list(GLOBAL_LIST, ['b', 'c']);
    await prepared.campaign('out', exclude({ items: ['b'], placements: ['similar'] }));
  });
  assert.equal(idsOf(await client.similar('x')), 'ac');
  assert.equal(idsOf(await client.popular()), 'bc');
});

test('an exclusion counts from the start of its validity to before its end, by the endpoint’s clock', async (t) => {
  const { client, clock } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL_LIST, ['a']);
    await prepared.campaign('out', exclude({ items: ['a'] }, { validFrom: NOW + 10, validTo: NOW + 20 }));
  });
  const shown: [number, string][] = [];
  for (const at of [9, 10, 19, 20]) {
    clock.now = NOW + at;
    shown.push([at, idsOf(await client.popular())]);
  }
  assert.deepEqual(shown, [
    [9, 'a'],
    [10, ''],
    [19, ''],
    [20, 'a'],
  ]);
});

test('what a visitor’s list leaves out for the audience is not brought back by the lists below it', async (t) => {
  const { lists, client } = await start(t, async (prepared) => {
    await prepared.list(VISITOR_LIST, ['b']);
    await prepared.list(GLOBAL_LIST, ['a', 'c']);
    await prepared.blockForVisitor('v1', [], { segments: ['gold'], region: 'north', device: 'mobile' });
  });
  const audiences: [Partial<Exclusion['audience']>, string][] = [
    [{ segments: ['gold', 'silver'] }, 'bc'],
    [{ segments: ['silver'] }, 'bac'],
    [{ regions: ['north'] }, 'bc'],
    [{ devices: ['mobile'] }, 'bc'],
    [{ devices: ['mobile'], regions: ['south'] }, 'bac'],
  ];
  for (const [audience, expected] of audiences) {
    await lists.campaign('out', exclude({ items: ['a'], audience }));
    assert.equal(idsOf(await client.recommendations('v1')), expected, JSON.stringify(audience));
    assert.equal(idsOf(await client.popular()), 'ac', 'a shopper of whom nothing is known');
  }
});

test('the region and the device of the request come before those where the visitor was seen last', async (t) => {
  const { client } = await start(t, async (prepared) => {
    await prepared.list(GLOBAL_LIST, ['a']);
    await prepared.blockForVisitor('v1', [], { device: 'mobile' });
    await prepared.campaign('out', exclude({ items: ['a'], audience: { devices: ['mobile'] } }));
  });
  assert.equal(idsOf(await client.recommendations('v1')), '');
  assert.equal(idsOf(await client.recommendations('v1', { device: 'desktop' })), 'a');
  assert.equal(idsOf(await client.popular({ device: 'mobile' })), '');
});

const popular = (part: number) => ({ kind: 'popular', segment: 'global', part }) as const;
const picked = (campaignId: string, part: number) => ({ kind: 'campaign', campaignId, part }) as const;

test('a list stands as without the campaigns that have ended: their items go, their parts are taken back', async (t) => {
  const { lists, client, clock } = await start(t, async (prepared) => {
    await prepared.campaign('pin', { kind: 'pin', validTo: NOW + 10 });
    await prepared.campaign('boost', { kind: 'boost' });
    await prepared.list(GLOBAL_LIST, [
      { id: 'p', score: 3, reasons: [picked('pin', 3)] },
      { id: 'b', score: 2, reasons: [picked('boost', 1.5), popular(0.5)] },
      { id: 'a', score: 1, reasons: [popular(1)] },
    ]);
  });
  assert.equal(idsOf(await client.popular()), 'pba');
  clock.now = NOW + 10;
  assert.equal(idsOf(await client.popular()), 'ba');
  await lists.campaign('boost', undefined);
  const answer = await client.popular();
  assert.deepEqual(
    answer.items.map(({ id, score }) => [id, score]),
    [
      ['a', 1],
      ['b', 0.5],
    ],
  );
  assert.deepEqual(
    answer.items[1]!.reasons.map(({ kind }) => kind),
    ['popular'],
  );
});

const listWith = (...items: ListItem[]): ListView => {
  const asOf = { at: NOW, topic: 'clicks', partition: 0, offset: 0, eventIds: [] };
  return viewOf({ definition: 'popular', owner: 'o', variant: 'default', algorithm: 'a', asOf, items });
};

test('a list whose campaigns all count is left as it is', () => {
  const list = listWith({ id: 'p', score: 3, reasons: [picked('pin', 3)] });
  assert.equal(
    withoutEnded(list, () => true),
    list,
  );
});

test('a bury that has ended gives back what it took', () => {
  const { ids, scores } = withoutEnded(
    listWith(
      { id: 'a', score: 0.6, reasons: [popular(0.6)] },
      { id: 'b', score: 0.5, reasons: [popular(1), picked('bury', -0.5)] },
    ),
    () => false,
  );
  assert.deepEqual(ids, ['b', 'a']);
  assert.deepEqual(scores, [1, 0.6]);
});
