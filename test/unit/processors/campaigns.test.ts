import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CampaignIndex, isTarget } from '../../../processors/campaign-index.ts';
import {
  applyCampaigns,
  type CampaignScope,
  type Candidate,
  type CandidateOf,
  EVERYBODY,
  isActive,
} from '../../../processors/campaigns.ts';
import type { CatalogEntry } from '../../../processors/catalog-entry.ts';
import { ItemIndex } from '../../../processors/item-index.ts';
import type { Campaign } from '../../../schemas/records.ts';
import { campaign, entry, HALF_LIFE } from './records.ts';

const CATALOG = ['a', 'b', 'c', 'd'].map((id, i) =>
  entry(id, { categories: i < 2 ? ['lamps'] : ['mugs', 'gifts'], brand: `brand-${id}`, attributes: { colour: 'red' } }),
);

/** Applies campaigns to a list with these scores. `d` may be added. */
function apply(
  scores: { readonly [id: string]: number },
  campaigns: readonly Campaign[],
  scope: Partial<CampaignScope> = {},
  candidateOf?: CandidateOf,
) {
  const index = new ItemIndex(HALF_LIFE);
  const entries = new Map(CATALOG.map((one): [string, CatalogEntry] => [one.itemId, one]));
  for (const one of CATALOG) index.applyCatalog(one.itemId, one);
  const campaignIndex = new CampaignIndex(index);
  for (const one of campaigns) campaignIndex.apply(one.campaignId, one);
  const candidate = (id: string, score: number): Candidate => ({
    denseId: index.internText(id)!,
    id,
    score,
    extra: [],
  });
  const applied = applyCampaigns(
    Object.entries(scores).map(([id, score]) => candidate(id, score)),
    campaignIndex.targets((id) => entries.get(id)),
    { audience: EVERYBODY, placement: 'for-you', atMs: 100, ...scope },
    candidateOf ?? ((id) => candidate(id, 0)),
  );
  for (const { id, score, extra } of applied) {
    const sum = extra.reduce((total, { part }) => total + part, scores[id] ?? 0);
    assert.ok(Math.abs(sum - score) < 1e-12, `the parts of ${id} are ${sum}, its score is ${score}`);
  }
  return applied;
}

const ids = (candidates: readonly Candidate[]) => candidates.map(({ id }) => id).join('');

test('a boost multiplies a score by one plus its weight', () => {
  const [first, second] = apply({ a: 0.5, c: 0.7 }, [campaign({ kind: 'boost', categories: ['lamps'], weight: 1 })]);
  assert.deepEqual([first!.id, first!.score, second!.score], ['a', 1, 0.7]);
  assert.deepEqual(first!.extra, [{ kind: 'campaign', campaignId: 'c-boost', part: 0.5 }]);
});

test('a bury divides a score by one plus its weight and says so in a negative part', () => {
  const applied = apply({ a: 0.9, c: 0.4 }, [campaign({ kind: 'bury', brands: ['brand-a'], weight: 2 })]);
  assert.equal(ids(applied), 'ca');
  assert.ok(applied[1]!.extra[0]!.part < 0);
});

test('a boost never lowers an item nor a bury lifts one, whatever the scores', () => {
  const score = fc.double({ min: -5, max: 5, noNaN: true });
  const scores = fc.record({ a: score, c: score, d: score });
  const weight = fc.double({ min: 0, max: 1000, noNaN: true });
  fc.assert(
    fc.property(scores, weight, fc.constantFrom('boost', 'bury'), (before, w, kind) => {
      const applied = apply(before, [campaign({ kind, items: ['a'], weight: w })]);
      const lifted = kind === 'boost' ? 1 : -1;
      const { extra } = applied.find(({ id }) => id === 'a')!;
      for (const { part } of extra) assert.ok(lifted * part > 0, `${kind} of ${before.a} by ${w}: ${part}`);
      const places = [Object.entries(before).map(([id, one]) => ({ id, score: one })), applied].map((list) =>
        [...list].sort((x, y) => y.score - x.score || (x.id < y.id ? -1 : 1)).findIndex(({ id }) => id === 'a'),
      );
      assert.ok(lifted * (places[1]! - places[0]!) <= 0);
    }),
  );
  assert.equal(apply({ a: -1, c: -0.7 }, [campaign({ kind: 'boost', items: ['a'], weight: 1 })])[0]!.score, -0.5);
  assert.equal(apply({ a: -1, c: -1.5 }, [campaign({ kind: 'bury', items: ['a'], weight: 1 })])[1]!.score, -2);
});

test('pins stand in front of all others, heavier ones first, and come in though they are no candidates', () => {
  const applied = apply({ a: 3, b: 2, c: 1 }, [
    campaign({ kind: 'pin', campaignId: 'light', items: ['c'], weight: 1 }),
    campaign({ kind: 'pin', campaignId: 'heavy', items: ['d'], weight: 5 }),
  ]);
  assert.equal(ids(applied), 'dcab');
  assert.ok(applied[1]!.score > applied[2]!.score);
});

test('a sponsor lifts an item by a part of the best score, and brings in one that is no candidate', () => {
  const applied = apply({ a: 1, b: 0.1 }, [campaign({ kind: 'sponsor', items: ['d'], weight: 2 })]);
  assert.deepEqual(
    applied.map(({ id, score }) => [id, score]),
    [
      ['a', 1],
      ['d', 0.5],
      ['b', 0.1],
    ],
  );
});

test('an exclusion wins over everything else', () => {
  const applied = apply({ a: 1, c: 0.5 }, [
    campaign({ kind: 'pin', items: ['c'], weight: 9 }),
    campaign({ kind: 'boost', items: ['c'] }),
    campaign({ kind: 'exclude', categories: ['gifts'] }),
  ]);
  assert.equal(ids(applied), 'a');
});

test('an item that may not be shown in the list is not brought in by a pin', () => {
  const pin = campaign({ kind: 'pin', items: ['d'] });
  assert.equal(ids(apply({ a: 1 }, [pin], {}, () => undefined)), 'a');
});

test('a campaign counts from the start of its validity to before its end', () => {
  const pin = campaign({ kind: 'pin', items: ['b'], validFrom: 100, validTo: 200 });
  const orders = [99, 100, 199, 200].map((atMs) => ids(apply({ a: 1, b: 0.5 }, [pin], { atMs })));
  assert.deepEqual(orders, ['ab', 'ba', 'ba', 'ab']);
});

test('a campaign counts for its placements and its audience only', () => {
  const scope = (overrides: Partial<CampaignScope>): CampaignScope => ({
    audience: { segments: ['gold'], region: 'north', device: 'mobile' },
    placement: 'for-you',
    atMs: 0,
    ...overrides,
  });
  const audience = (overrides: Partial<Campaign['audience']>) =>
    campaign({ kind: 'boost', audience: { segments: [], regions: [], devices: [], ...overrides } });
  assert.equal(isActive(campaign({ kind: 'boost', placements: ['similar'] }), scope({})), false);
  assert.equal(isActive(campaign({ kind: 'boost', placements: ['similar', 'for-you'] }), scope({})), true);
  assert.equal(isActive(audience({ segments: ['silver', 'gold'] }), scope({})), true);
  assert.equal(isActive(audience({ segments: ['silver'] }), scope({})), false);
  assert.equal(isActive(audience({ regions: ['north'], devices: ['desktop'] }), scope({})), false);
  assert.equal(isActive(audience({ regions: ['north'], devices: ['mobile'] }), scope({})), true);
  assert.equal(isActive(audience({ regions: ['north'] }), scope({ audience: EVERYBODY })), false);
});

test('a target matches any of items, categories and brands, and all attributes; no target at all matches nothing', () => {
  const lamp = CATALOG[0]!;
  assert.equal(isTarget(campaign({ kind: 'boost', items: ['x'], categories: ['lamps'] }), lamp), true);
  assert.equal(isTarget(campaign({ kind: 'boost', items: ['x'], brands: ['brand-b'] }), lamp), false);
  assert.equal(isTarget(campaign({ kind: 'boost', attributes: { colour: 'red' } }), lamp), true);
  assert.equal(isTarget(campaign({ kind: 'boost', items: ['a'], attributes: { colour: 'blue' } }), lamp), false);
  assert.equal(isTarget(campaign({ kind: 'exclude' }), lamp), false);
});

test('an ended campaign, a changed campaign and a changed item are seen at once', () => {
  const index = new ItemIndex(HALF_LIFE);
  const entries = new Map<string, CatalogEntry>();
  const campaigns = new CampaignIndex(index);
  const set = (one: CatalogEntry) => {
    entries.set(one.itemId, one);
    index.applyCatalog(one.itemId, one);
  };
  const matching = () =>
    campaigns
      .targets((id) => entries.get(id))
      .campaignsOf(index.internText('a')!)
      .map(({ weight }) => weight);
  set(entry('a', { categories: ['lamps'] }));
  campaigns.apply('c', campaign({ kind: 'boost', campaignId: 'c', categories: ['lamps'], weight: 2 }));
  assert.deepEqual(matching(), [2]);
  campaigns.apply('c', campaign({ kind: 'boost', campaignId: 'c', categories: ['lamps'], weight: 3 }));
  assert.deepEqual(matching(), [3]);
  set(entry('a', { categories: ['mugs'] }));
  assert.deepEqual(matching(), []);
  set(entry('a', { categories: ['lamps'] }));
  campaigns.apply('c', undefined);
  assert.deepEqual(matching(), []);
});

test('a list that no campaign counts for needs none applied', () => {
  const campaigns = new CampaignIndex(new ItemIndex(HALF_LIFE));
  const scope = { audience: EVERYBODY, placement: 'for-you', atMs: 100 };
  assert.equal(campaigns.hasActive(scope), false);
  campaigns.apply('other', campaign({ kind: 'boost', campaignId: 'other', placements: ['similar'] }));
  campaigns.apply('later', campaign({ kind: 'boost', campaignId: 'later', validFrom: 101 }));
  assert.equal(campaigns.hasActive(scope), false);
  assert.equal(campaigns.hasActive({ ...scope, atMs: 101 }), true);
});

test('whatever the campaigns, parts sum to scores, scores fall and nobody is there twice', () => {
  const kind = fc.constantFrom<Campaign['kind'][]>('boost', 'bury', 'pin', 'exclude', 'sponsor');
  const id = fc.constantFrom('a', 'b', 'c', 'd');
  const rule = fc.record({
    kind,
    items: fc.array(id, { maxLength: 2 }),
    weight: fc.double({ min: 0, max: 5, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.dictionary(id, fc.double({ min: 0, max: 2, noNaN: true })),
      fc.array(rule, { maxLength: 6 }),
      (scores, rules) => {
        const applied = apply(
          scores,
          rules.map((one, i) => campaign({ ...one, campaignId: `c${i}` })),
        );
        assert.equal(new Set(applied.map(({ id }) => id)).size, applied.length);
        for (let i = 1; i < applied.length; i++) assert.ok(applied[i]!.score <= applied[i - 1]!.score);
      },
    ),
  );
});
