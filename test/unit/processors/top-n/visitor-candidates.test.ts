import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CampaignIndex } from '../../../../processors/campaign-index.ts';
import type { CatalogEntry } from '../../../../processors/catalog-entry.ts';
import { contentText, contentVectorOf } from '../../../../processors/content/content-vector.ts';
import { ItemFacts } from '../../../../processors/content/item-facts.ts';
import type { NeighbourRecord } from '../../../../processors/neighbours.ts';
import type { PublishedSegment } from '../../../../processors/popularity-published.ts';
import { emptyProfile, type Profile, type Receipt, type Session } from '../../../../processors/profile/profile.ts';
import { DEFAULT_SIGNALS, kindBit } from '../../../../processors/profile/signals.ts';
import { dealingsOf, evidenceOf } from '../../../../processors/top-n/evidence.ts';
import { VisitorCandidates } from '../../../../processors/top-n/visitor-candidates.ts';
import { DEFAULT_TUNING, type ListTuning } from '../../../../schemas/list-tuning.ts';
import type { Campaign } from '../../../../schemas/records.ts';
import { AS_OF, campaign, DAY, entry, indexOf, neighbour, plainItems } from '../records.ts';

interface Setup {
  readonly records?: readonly NeighbourRecord[];
  readonly available?: readonly string[];
  readonly length?: number;
  readonly campaigns?: readonly Campaign[];
  readonly entries?: readonly CatalogEntry[];
  readonly tuning?: Partial<ListTuning>;
  readonly segments?: { readonly [segment: string]: { readonly [item: string]: number } };
}

function published(segment: string, weights: { readonly [item: string]: number }): PublishedSegment {
  const popular = Float64Array.from(Object.values(weights));
  return { segment, asOf: AS_OF, items: Object.keys(weights), popular, trending: popular, resolved: undefined };
}

/** Items of the list for a visitor who viewed these, newest last. */
function itemsFor(viewed: readonly string[], setup: Setup, overrides: Partial<Profile> = {}) {
  const records = setup.records ?? [];
  const index = indexOf(records, setup.available ?? []);
  const campaigns = new CampaignIndex(index);
  for (const one of setup.campaigns ?? []) campaigns.apply(one.campaignId, one);
  const profile: Profile = {
    ...emptyProfile(),
    asOf: AS_OF,
    recent: viewed.map((item) => ({ item, kinds: 1, at: 0 })),
    ...overrides,
  };
  const evidence = evidenceOf(dealingsOf(profile), index, (id) => records.find(({ itemId }) => itemId === id));
  const segments = new Map(Object.entries(setup.segments ?? {}).map(([name, of]) => [name, published(name, of)]));
  const sources = {
    entryOf: (id: string) => entry(id),
    segmentOf: (segment: string) => segments.get(segment),
    recordOf: (id: string) => records.find(({ itemId }) => itemId === id),
    loadRecords: () => {},
  };
  const facts = new ItemFacts(index, 'compared');
  for (const one of setup.entries ?? []) {
    index.applyCatalog(one.itemId, one);
    facts.apply(one.itemId, one);
  }
  const tuning = { ...DEFAULT_TUNING, ...setup.tuning };
  const candidates = new VisitorCandidates({
    index,
    facts,
    campaigns,
    listLength: setup.length ?? 10,
    taste: { halfLifeMs: 14 * DAY, signals: DEFAULT_SIGNALS },
    tuningOf: () => tuning,
  });
  return plainItems(candidates.items('for-you', profile, evidence, { atMs: 0, shownAtMs: 0 }, sources));
}

const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id).join('');

/** An order of which the lines of `b` have come back. */
const orderOf = (...items: readonly string[]): Receipt => ({
  orderId: items.join(),
  at: 0,
  device: undefined,
  region: undefined,
  context: [],
  lines: items.map((item) => ({ item, quantityLeft: item === 'b' ? 0 : 1, categories: [] })),
});

const ROW = neighbour('x', { a: { f: 5 }, b: { f: 4 }, c: { f: 3 }, d: { f: 2 } });

test('bought, disliked, unavailable and unknown items make room for the next best', () => {
  const items = itemsFor(
    ['x'],
    { records: [ROW], available: ['a', 'b', 'd'], length: 1 },
    { bought: [{ item: 'a', at: 0 }], disliked: [{ item: 'b', at: 0 }] },
  );
  assert.equal(ids(items), 'd');
});

test('items of one score are in order of their ids', () => {
  const row = neighbour('x', { c: { f: 1 }, a: { f: 1 }, b: { f: 1 } });
  assert.equal(ids(itemsFor(['x'], { records: [row], available: ['a', 'b', 'c'], length: 2 })), 'ab');
});

test('a list with room takes popular items: of the region before those of all, each once', () => {
  const items = itemsFor(
    ['x'],
    {
      records: [neighbour('x', { a: { f: 5 } })],
      available: ['a', 'b', 'c'],
      segments: { global: { a: 9, c: 8, b: 4 }, 'region=north': { b: 2, gone: 1 } },
    },
    { region: 'north' },
  );
  assert.deepEqual(
    items.map(({ id, reasons }) => [id, reasons[0]!.kind, reasons[0]!.segment]),
    [
      ['a', 'viewed', undefined],
      ['b', 'popular', 'region=north'],
      ['c', 'popular', 'global'],
    ],
  );
});

test('a boost lifts an item from below the end of the list', () => {
  const boost = campaign({ kind: 'boost', items: ['d'], weight: 3 });
  const items = itemsFor(['x'], { records: [ROW], available: ['a', 'b', 'c', 'd'], length: 2, campaigns: [boost] });
  assert.equal(ids(items), 'da');
  assert.deepEqual(
    items[0]!.reasons.map(({ kind }) => kind),
    ['campaign', 'viewed'],
  );
});

test('a pin brings in an item that nothing else speaks for, unless the visitor has bought it', () => {
  const setup = { records: [ROW], available: ['a', 'z'], campaigns: [campaign({ kind: 'pin', items: ['z'] })] };
  assert.equal(ids(itemsFor(['x'], setup)), 'za');
  assert.equal(ids(itemsFor(['x'], setup, { bought: [{ item: 'z', at: 0 }] })), 'a');
});

/** An item of a kind: what is of one kind shares most words. */
const described = (itemId: string, kind: string, number = 1) => {
  const { title, categories, description } = {
    title: `${kind} piece ${'abcdefgh'[number]}${number}`,
    categories: [`all ${kind}`, `best ${kind}`],
    description: `${kind}s made by hand`,
  };
  const of = { itemId, title, description, categories, tags: [kind], brand: null, embedding: null };
  return entry(itemId, { title, categories, content: contentText(contentVectorOf(of)!) });
};

/** Items of eight kinds, so that what all have in common is little. */
const KINDS = ['lantern', 'teapot', 'blanket', 'notebook', 'hammer', 'sweater', 'bicycle', 'guitar'];
const OTHERS = KINDS.slice(1).flatMap((kind) => [described(`${kind}1`, kind), described(`${kind}2`, kind, 2)]);

test('an item that nobody has seen is recommended at once for its content, and the parts sum to the score', () => {
  const entries = [described('x', 'lantern'), described('new', 'lantern', 2), ...OTHERS];
  const items = itemsFor(['x'], { entries });
  assert.equal(items[0]!.id, 'new');
  assert.deepEqual([items[0]!.reasons[0]!.kind, items[0]!.reasons[0]!.itemId], ['content', 'x']);
  for (const { score, reasons } of items)
    assert.ok(Math.abs(reasons.reduce((sum, { part }) => sum + part, 0) - score) < 1e-9);
});

test('related items and content are joined in the shares of the definition, one alone counts whole', () => {
  const entries = [described('x', 'lantern'), described('a', 'lantern', 2), described('b', 'teapot', 3), ...OTHERS];
  const plain = { tasteWeight: 0, contextWeight: 0, diversity: 0 };
  const partsOf = (contentShare: number, records: readonly NeighbourRecord[]) => {
    const items = itemsFor(['x'], { records, entries, tuning: { ...plain, contentShare } });
    const sums = new Map<string, number>();
    for (const { kind, part } of items.find(({ id }) => id === 'a')!.reasons)
      sums.set(kind, (sums.get(kind) ?? 0) + part);
    return sums;
  };
  const row = neighbour('x', { a: { f: 5 }, b: { f: 4 } });
  const related = partsOf(0, [row]).get('viewed')!;
  const content = partsOf(0.3, []).get('content')!;
  const joined = partsOf(0.3, [row]);
  assert.equal(partsOf(0, [row]).get('content'), undefined);
  assert.ok(Math.abs(joined.get('viewed')! - 0.7 * related) < 1e-8);
  assert.ok(Math.abs(joined.get('content')! - 0.3 * content) < 1e-8);
});

test('what was shown in vain three times makes room, and comes back with the days', () => {
  const setup = { records: [ROW], available: ['a', 'b', 'c', 'd'], length: 2 };
  const shown = (count: number, at: number) => ({ shown: [{ item: 'a', count, at }] });
  assert.equal(ids(itemsFor(['x'], setup, shown(2, 0))), 'ab');
  assert.equal(ids(itemsFor(['x'], setup, shown(3, 0))), 'bc');
  assert.equal(ids(itemsFor(['x'], setup, shown(3, -3 * DAY))), 'ab');
});

test('where goods are bought again, what is in every order comes first, and nothing that was taken back', () => {
  const bought = ['a', 'b', 'c'].map((item) => ({ item, at: 0 }));
  const setup = { records: [ROW], available: ['a', 'b', 'c', 'd'], tuning: { boughtAgainWeight: 2, diversity: 0 } };
  const receipts = [orderOf('c', 'b'), orderOf('a', 'b', 'c')];
  const items = itemsFor(['x'], setup, { bought, receipts });
  assert.deepEqual(
    items.slice(0, 2).map(({ id, reasons }) => [id, reasons[0]!.kind]),
    [
      ['c', 'repeat'],
      ['a', 'repeat'],
    ],
  );
  assert.ok(!items.find(({ id }) => id === 'b')?.reasons.some(({ kind }) => kind === 'repeat'));
  assert.equal(ids(itemsFor(['x'], { ...setup, tuning: {} }, { bought, receipts })), 'd');
});

test('of what was bought as often, that is in front which others buy these days', () => {
  const records = [neighbour('c', {}, { recent: 1 }), neighbour('a', {}, { recent: 9 })];
  const setup = { records, available: ['a', 'c'], tuning: { boughtAgainWeight: 2, diversity: 0 } };
  assert.equal(ids(itemsFor([], setup, { receipts: [orderOf('c', 'a')] })), 'ac');
  assert.equal(ids(itemsFor([], setup, { receipts: [orderOf('c'), orderOf('c'), orderOf('c', 'a')] })), 'ca');
});

test('while the visitor is choosing, what goes with the basket comes before what is bought again', () => {
  const sessionOf = (kinds: number): Session => ({
    id: undefined,
    startedAt: 0,
    lastAt: 0,
    interactions: [{ item: 'x', kinds, revoked: 0 }],
    referrer: undefined,
    searched: undefined,
  });
  const setup = { records: [ROW], available: ['a', 'z'], tuning: { boughtAgainWeight: 4, diversity: 0 } };
  const receipts = [orderOf('z')];
  assert.equal(ids(itemsFor([], setup, { receipts, session: sessionOf(kindBit.purchase) })), 'za');
  assert.equal(ids(itemsFor([], setup, { receipts, session: sessionOf(kindBit.addToCart) })), 'az');
});

test('what lies in the cart is not recommended', () => {
  const carted = { item: 'a', kinds: kindBit.view | kindBit.addToCart, revoked: 0 };
  const session: Session = {
    id: undefined,
    startedAt: 0,
    lastAt: 0,
    interactions: [carted],
    referrer: undefined,
    searched: undefined,
  };
  const records = [neighbour('a', { a: { f: 1 }, b: { f: 1 } })];
  assert.equal(ids(itemsFor([], { records, available: ['a', 'b'] }, { session })), 'b');
});
