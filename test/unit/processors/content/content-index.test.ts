import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ContentIndex, NEAREST_ITEMS } from '../../../../processors/content/content-index.ts';
import { contentScores } from '../../../../processors/content/content-scores.ts';
import { CONTENT_DIMENSIONS, contentText } from '../../../../processors/content/content-vector.ts';
import { NearestVectors } from '../../../../processors/content/nearest.ts';
import { chanceCosine, nearness } from '../../../../processors/content/nearness.ts';

const ALL = () => true;

/** Pseudo-random vector around a centre of its group. */
function vector(seed: number, group = 0): Int8Array {
  return Int8Array.from({ length: CONTENT_DIMENSIONS }, (_, i) =>
    Math.round(90 * Math.sin(group * 977 + i * i * (group + 1)) + 35 * Math.sin(seed * 131 + i * 17.3 + seed * i)),
  );
}

const text = (seed: number, group = 0) => contentText(vector(seed, group));
const textOf = (denseId: number) => `item${String(denseId).padStart(4, '0')}`;

function cosine(a: Int8Array, b: Int8Array): number {
  const product = (x: Int8Array, y: Int8Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

test('what is kept of an item is what a comparison with all items finds, whatever came, changed and went in between', () => {
  const change = fc.record({ item: fc.nat(60), seed: fc.option(fc.nat(500)), isAsked: fc.boolean() });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const content = new ContentIndex(textOf, 'compared');
      const vectors = new Map<number, Int8Array>();
      for (const { item, seed, isAsked } of changes) {
        content.apply(item, seed === null ? undefined : text(seed));
        if (seed === null) vectors.delete(item);
        else vectors.set(item, vector(seed));
        if (isAsked) content.nearestTo(7);
      }
      const own = vectors.get(7);
      const expected = own === undefined ? [] : [...vectors].filter(([item]) => item !== 7);
      const ranked = expected
        .map(([item, other]) => ({ item, cosine: cosine(own!, other) }))
        .sort((a, b) => (Math.abs(b.cosine - a.cosine) > 1e-12 ? b.cosine - a.cosine : a.item - b.item))
        .slice(0, NEAREST_ITEMS);
      assert.deepEqual(
        content.nearestTo(7).map(({ number }) => number),
        ranked.map(({ item }) => item),
      );
    }),
    { numRuns: 60 },
  );
});

test('the graph finds nine tenths of the nearest, and what has just come or gone', () => {
  const compared = new NearestVectors(CONTENT_DIMENSIONS, 'compared');
  const graph = new NearestVectors(CONTENT_DIMENSIONS, 'graph', 100);
  for (let i = 0; i < 1500; i++) {
    compared.set(i, vector(i, i % 40));
    graph.set(i, vector(i, i % 40));
  }
  const isBefore = (a: number, b: number) => a < b;
  let found = 0;
  for (let i = 0; i < 1500; i += 30) {
    const nearest = new Set(compared.nearest(vector(i, i % 40), 20, isBefore).map(({ number }) => number));
    for (const { number } of graph.nearest(graph.vectorOf(i)!, 20, isBefore)) if (nearest.has(number)) found++;
  }
  assert.ok(found >= 0.9 * 50 * 20, `${found} of 1000`);
  graph.set(9999, vector(5, 5));
  assert.ok(graph.nearest(vector(5, 5), 3, isBefore).some(({ number }) => number === 9999));
  graph.set(9999, undefined);
  graph.set(5, undefined);
  assert.ok(!graph.nearest(vector(5, 5), 20, isBefore).some(({ number }) => number === 9999 || number === 5));
});

test('with all compared, what is nearest is a function of the vectors, whatever the order in which they came and went', () => {
  // Few places for the components, so that many vectors are equal.
  const coarse = (seed: number) => Int8Array.from(vector(seed % 20), (value) => 40 * Math.sign(value) + 1);
  const exact = new NearestVectors(CONTENT_DIMENSIONS, 'compared', Number.POSITIVE_INFINITY);
  const isBefore = (a: number, b: number) => a < b;
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const vectorOf = (i: number) => (i % 2 === 0 ? coarse(i) : vector(i, i % 9));
  for (const i of numbers) if (i % 7 !== 3) exact.set(i, vectorOf(i));
  fc.assert(
    fc.property(fc.shuffledSubarray(numbers, { minLength: 300 }), fc.nat(299), (order, asked) => {
      const one = new NearestVectors(CONTENT_DIMENSIONS, 'compared', 50);
      for (const i of order) one.set(i, vectorOf((i + 1) % 300));
      for (const i of order) one.set(i, i % 7 === 3 ? undefined : vectorOf(i));
      // As somebody else has the vector, and as it is kept.
      for (const to of [vectorOf(asked), one.vectorOf(asked) ?? vectorOf(asked)])
        for (const count of [1, 25, 140, 400])
          assert.deepEqual(one.nearest(to, count, isBefore), exact.nearest(vectorOf(asked), count, isBefore));
    }),
    { numRuns: 20 },
  );
});

test('parts of the query items sum to an item’s score, which is at most 1', () => {
  const content = new ContentIndex(textOf, 'compared');
  for (let i = 0; i < 100; i++) content.apply(i, text(i, i % 3));
  const query = [
    { denseId: 0, weight: 1 },
    { denseId: 4, weight: 0.6 },
    { denseId: 555, weight: 0.36 },
  ];
  const scores = contentScores(query, content, (denseId) => denseId % 10 !== 3);
  assert.ok(scores.size > NEAREST_ITEMS);
  const best = Math.max(...[...scores.values()].map(({ score }) => score));
  assert.ok(best > 0 && best <= 1);
  for (const [denseId, { score, parts }] of scores) {
    assert.notEqual(denseId % 10, 3);
    const sum = parts.reduce((total, part, i) => total + (i % 2 === 1 ? part : 0), 0);
    assert.ok(Math.abs(sum - score) < 1e-12);
  }
});

test('likeness is nearly the nearness of two contents, 1 of the same, 0 where one has none', () => {
  const content = new ContentIndex(textOf, 'compared');
  for (let i = 0; i < 40; i++) content.apply(i, text(i, i % 4));
  let squares = 0;
  for (let i = 1; i < 40; i++)
    squares += (content.likeness(0, i) - nearness(cosine(vector(0), vector(i, i % 4)), 0.2)) ** 2;
  assert.ok(Math.sqrt(squares / 39) < 0.15);
  assert.equal(content.likeness(3, 3), 1);
  assert.equal(content.likeness(3, 99), 0);
});

test('a word that all items have in common says nothing', () => {
  const content = new ContentIndex(textOf, 'compared');
  const shared = (i: number) =>
    Int8Array.from(vector(i * 7 + 1, i), (value, k) => Math.round((value + 120 * (k % 2)) / 2));
  for (let i = 0; i < 30; i++) content.apply(i, contentText(shared(i)));
  const others = Array.from({ length: 29 }, (_, i) => cosine(shared(0), shared(i + 1)));
  const mean = others.reduce((sum, one) => sum + one, 0) / 29;
  assert.ok(mean > 0.3);
  assert.ok(Math.abs(content.meanCosine(0) - mean) < 0.02);
  const near = contentScores([{ denseId: 0, weight: 1 }], content, ALL);
  assert.ok(near.size < 12, `${near.size} of 29`);
  const alone = new ContentIndex(textOf, 'compared');
  alone.apply(1, text(1));
  assert.equal(alone.meanCosine(1), 0);
});

test('items without a content have no scores and make none', () => {
  const content = new ContentIndex(textOf, 'compared');
  content.apply(1, text(1));
  assert.equal(contentScores([{ denseId: 2, weight: 1 }], content, ALL).size, 0);
  assert.equal(contentScores([{ denseId: 1, weight: 1 }], content, ALL).size, 0);
});

test('cosines that come by chance say nothing, and among more items chance reaches further', () => {
  assert.deepEqual([nearness(-1, 0.2), nearness(0.2, 0.2), nearness(1, 0.2)], [0, 0, 1]);
  assert.ok(chanceCosine(40_000) > 0.45 && chanceCosine(100) < 0.36);
});
