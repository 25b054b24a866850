import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ContextStep } from '../../../processors/after-scoring/context-step.ts';
import { DiversityStep } from '../../../processors/after-scoring/diversity-step.ts';
import { TasteStep } from '../../../processors/after-scoring/taste-step.ts';
import type { Candidate } from '../../../processors/campaigns.ts';
import { ItemFacts } from '../../../processors/content/item-facts.ts';
import { ExploreStep } from '../../../processors/exploration/explore-step.ts';
import { chanceOf, drawnRate, exploredPlaces } from '../../../processors/exploration/explored-items.ts';
import { emptyProfile, type Profile } from '../../../processors/profile/profile.ts';
import { DEFAULT_SIGNALS } from '../../../processors/profile/signals.ts';
import type { ListQuery } from '../../../processors/top-n/pipeline.ts';
import { DEFAULT_TUNING } from '../../../schemas/list-tuning.ts';
import { AS_OF, DAY, entry, indexOf, neighbour } from './records.ts';

const OFF = { ...DEFAULT_TUNING, diversity: 0, mostOfBrand: 1000, mostOfCategory: 1000, explorationShare: 0 };

function query(overrides: Partial<ListQuery> = {}): ListQuery {
  return {
    definition: 'for-you',
    profile: emptyProfile(),
    evidence: [],
    blocked: new Set(),
    times: { atMs: 0, shownAtMs: 0 },
    sources: { entryOf: () => undefined, segmentOf: () => undefined, recordOf: () => undefined, loadRecords() {} },
    length: 40,
    reach: 40,
    ...overrides,
  };
}

function candidates(scores: readonly number[]): Candidate[] {
  return scores.map((score, denseId) => ({ denseId, id: `i${String(denseId).padStart(3, '0')}`, score, extra: [] }));
}

const idsOf = (list: readonly Candidate[]) => list.map(({ denseId }) => denseId);

function assertExplained(before: readonly number[], after: readonly Candidate[]): void {
  for (const { denseId, score, extra } of after) {
    const sum = extra.reduce((total, { part }) => total + part, before[denseId]!);
    assert.ok(Math.abs(sum - score) < 1e-9, `${denseId}: ${sum} is not ${score}`);
  }
  for (let place = 1; place < after.length; place++) assert.ok(after[place]!.score <= after[place - 1]!.score);
}

/** The formula, word by word: no sketch, no early end. */
function plainMmr(scores: readonly number[], likeness: (a: number, b: number) => number, strength: number): number[] {
  const left = scores.map((_, i) => i);
  const taken: number[] = [];
  while (left.length > 0) {
    const worth = (i: number) =>
      scores[i]! - strength * scores[0]! * Math.max(0, ...taken.slice(0, 20).map((j) => likeness(i, j)));
    const best = left.reduce((a, b) => (worth(b) > worth(a) ? b : a));
    taken.push(best);
    left.splice(left.indexOf(best), 1);
  }
  return taken;
}

test('diversity takes items as maximal marginal relevance does, and explains every change of a score', () => {
  const scores = fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(scores, fc.integer(), (raw, seed) => {
      const sorted = [...raw].sort((a, b) => b - a).map((score) => score / 10_000);
      const likeness = (a: number, b: number) => Math.abs(Math.sin((a + 1) * (b + 1) * (1 + (seed % 97))));
      const step = new DiversityStep(
        likeness,
        () => 0,
        () => 0,
        () => ({ ...OFF, diversity: 0.3 }),
      );
      const after = step.apply(candidates(sorted), query());
      assert.deepEqual(idsOf(after), plainMmr(sorted, likeness, 0.3));
      assertExplained(sorted, after);
    }),
    { numRuns: 100 },
  );
});

test('no more of a brand or a category than the caps allow come among the first 20, and nothing is lost', () => {
  const codes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(codes, codes, (brands, categories) => {
      const scores = Array.from({ length: 60 }, (_, i) => 1 - i / 100);
      const brandOf = (i: number) => brands[i % brands.length]!;
      const categoryOf = (i: number) => categories[i % categories.length]!;
      const tuning = { ...OFF, mostOfBrand: 3, mostOfCategory: 5 };
      const after = new DiversityStep(
        () => 0,
        brandOf,
        categoryOf,
        () => tuning,
      ).apply(candidates(scores), query());
      assert.deepEqual(
        idsOf(after).sort((a, b) => a - b),
        scores.map((_, i) => i),
      );
      assertExplained(scores, after);
      const taken: number[] = [];
      const count = (codeOf: (i: number) => number, code: number) => taken.filter((i) => codeOf(i) === code).length;
      for (const i of scores.keys()) {
        const isBrandFull = brandOf(i) > 0 && count(brandOf, brandOf(i)) >= 3;
        const isCategoryFull = categoryOf(i) > 0 && count(categoryOf, categoryOf(i)) >= 5;
        if (taken.length < 20 && !isBrandFull && !isCategoryFull) taken.push(i);
      }
      assert.deepEqual(idsOf(after.slice(0, taken.length)), taken);
    }),
    { numRuns: 100 },
  );
});

test('without diversity and caps a list stays as it is', () => {
  const after = new DiversityStep(
    () => 1,
    () => 1,
    () => 1,
    () => OFF,
  ).apply(candidates([3, 2, 1]), query());
  assert.deepEqual(after, candidates([3, 2, 1]));
});

function shop() {
  const entries = [
    entry('a', { categories: ['lamps'], brand: 'Holm', price: 20, currency: 'EUR' }),
    entry('b', { categories: ['lamps'], brand: 'Holm', price: 22, currency: 'EUR' }),
    entry('c', { categories: ['lamps'], brand: 'Other', price: 900, currency: 'EUR' }),
    entry('d', { categories: ['mugs'], brand: 'Other', price: 21, currency: 'USD' }),
  ];
  const index = indexOf([], []);
  const facts = new ItemFacts(index, 'compared');
  for (const one of entries) {
    index.applyCatalog(one.itemId, one);
    facts.apply(one.itemId, one);
  }
  const all = () =>
    entries.map(({ itemId }) => ({ denseId: index.internText(itemId)!, id: itemId, score: 1, extra: [] }));
  return { index, facts, all };
}

test('what has the category, the brand and the price that the visitor prefers gains, each for its reason', () => {
  const { index, facts, all } = shop();
  const profile: Profile = { ...emptyProfile(), recent: [{ item: 'a', kinds: 1, at: 0 }] };
  const step = new TasteStep(index, facts, { halfLifeMs: 14 * DAY, signals: DEFAULT_SIGNALS }, () => DEFAULT_TUNING);
  const after = step.apply(all(), query({ profile }));
  assert.deepEqual(
    after.map(({ id }) => id),
    ['a', 'b', 'c', 'd'],
  );
  assert.deepEqual(
    after.map(({ extra }) => extra.map(({ segment }) => segment)),
    [['category=lamps', 'brand=Holm', 'price'], ['category=lamps', 'brand=Holm', 'price'], ['category=lamps'], []],
  );
  const partOf = (id: string, segment: string) =>
    after.find((one) => one.id === id)!.extra.find((one) => one.segment === segment)!.part;
  assert.equal(partOf('b', 'category=lamps'), 0.1 * 0.5);
  assert.ok(partOf('b', 'price') > 0.1 * 0.2 * (1 / 4) * 0.9);
});

test('a preference fades with its age against a newer one, and a taken-back signal is none', () => {
  const { index, facts, all } = shop();
  const step = new TasteStep(index, facts, { halfLifeMs: 14 * DAY, signals: DEFAULT_SIGNALS }, () => DEFAULT_TUNING);
  const recent = [
    { item: 'd', kinds: 1, at: -28 * DAY },
    { item: 'a', kinds: 1, at: 0 },
  ];
  const after = step.apply(all(), query({ profile: { ...emptyProfile(), recent } }));
  const partOf = (id: string, segment: string) =>
    after.find((one) => one.id === id)!.extra.find((one) => one.segment === segment)!.part;
  assert.ok(Math.abs(partOf('d', 'category=mugs') / partOf('a', 'category=lamps') - 1 / 4) < 1e-12);
  const nothing = step.apply(all(), query());
  assert.ok(nothing.every(({ extra }) => extra.length === 0));
});

test('what is popular in the surroundings beyond what is popular everywhere gains, once there is enough data', () => {
  const { index, all } = shop();
  const step = new ContextStep(index, () => DEFAULT_TUNING);
  const published = (segment: string, popular: readonly number[]) => {
    const weights = Float64Array.from(popular);
    return { segment, asOf: AS_OF, items: ['a', 'b', 'c'], popular: weights, trending: weights, resolved: undefined };
  };
  const ask = (north: readonly number[]) => {
    const segments = new Map(
      [published('region=north', north), published('global', [900, 90, 9])].map((one) => [one.segment, one]),
    );
    const sources = { ...query().sources, segmentOf: (segment: string) => segments.get(segment) };
    return step.apply(all(), query({ sources, profile: { ...emptyProfile(), region: 'north' } }));
  };
  const [first, ...others] = ask([200, 100, 2]);
  assert.equal(first!.id, 'b');
  assert.ok(Math.abs(first!.extra[0]!.part - 0.03 * (0.5 - 0.1)) < 1e-12);
  assert.deepEqual([first!.extra[0]!.kind, first!.extra[0]!.segment], ['popular', 'region=north']);
  assert.ok(others.every(({ extra }) => extra.length === 0));
  assert.ok(ask([20, 10, 1]).every(({ extra }) => extra.length === 0));
});

test('exploration has its share of places and no more, and only for what is little known', () => {
  assert.deepEqual([exploredPlaces(40, 0.05), exploredPlaces(40, 0), exploredPlaces(5, 0.05)], [[10, 30], [], []]);
  const index = indexOf([neighbour('i035', {}, { n: 5000 })], []);
  const scores = Array.from({ length: 40 }, (_, i) => 1 - i / 100);
  const list = candidates(scores);
  for (const { id, denseId } of list)
    if (denseId !== 35) index.applyNeighbours(id, neighbour(id, {}, { n: denseId < 34 ? 500 : 1 }));
  const known = list.map((one) => ({
    ...one,
    denseId: index.internText(one.id)!,
    // What nothing but others' sessions speaks for is not explored.
    extra: one.denseId === 36 ? [] : [{ kind: 'content' as const, part: 0 }],
  }));
  const step = new ExploreStep(index, () => ({ ...OFF, explorationShare: 0.05 }));
  const after = step.apply(known, query());
  const explored = after.filter(({ extra }) => extra.some(({ kind }) => kind === 'new'));
  assert.equal(explored.length, 2);
  assert.ok(explored.every(({ id }) => id >= 'i034' && id !== 'i035' && id !== 'i036'));
  assert.deepEqual([after.indexOf(explored[0]!), after.indexOf(explored[1]!)], [10, 30]);
  for (let place = 1; place < after.length; place++) assert.ok(after[place]!.score <= after[place - 1]!.score);
});

test('a draw is higher for what is worth more, spread for what is little known, and the same for the same hour', () => {
  const draws = (interactions: number, impressions: number) =>
    Array.from({ length: 999 }, (_, i) => drawnRate({ interactions, impressions }, (i + 1) / 1000));
  const mean = (rates: readonly number[]) => rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const spread = (rates: readonly number[]) => Math.max(...rates) - Math.min(...rates);
  assert.ok(mean(draws(10, 100)) > mean(draws(1, 100)));
  assert.ok(spread(draws(50, 1000)) < spread(draws(0, 0)));
  assert.ok([...draws(0, 0), ...draws(5, 5)].every((rate) => rate >= 0 && rate <= 1));
  assert.equal(chanceOf('s', 'i', 5), chanceOf('s', 'i', 6));
  assert.notEqual(chanceOf('s', 'i', 5), chanceOf('t', 'i', 5));
});
