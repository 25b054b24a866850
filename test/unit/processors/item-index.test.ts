import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ItemIndex } from '../../../processors/item-index.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import { DAY, entry, HALF_LIFE, neighbour } from './records.ts';

test('an item keeps its dense id, whichever store speaks of it first and however many follow', () => {
  const index = new ItemIndex(HALF_LIFE);
  const a = index.intern(itemHash('a'));
  for (let i = 0; i < 5000; i++) index.applyCatalog(`item-${i}`, entry(`item-${i}`));
  index.applyNeighbours('a', neighbour('a', {}, { n: 4 }));
  assert.equal(index.denseOf(itemHash('a')), a);
  assert.equal(index.textOf(a), 'a');
  assert.equal(index.n[a], 4);
  assert.equal(index.size, 5001);
});

test('masses of items with different landmarks have at one time the values that they had on their own', () => {
  const index = new ItemIndex(HALF_LIFE);
  const landmarks = [40, 0, 41, 800, 801, 1700].map((halfLives) => halfLives * HALF_LIFE);
  for (const [i, landmarkMs] of landmarks.entries())
    index.applyNeighbours(`i${i}`, neighbour(`i${i}`, {}, { landmarkMs, n: 3 }));
  const atMs = 1700 * HALF_LIFE + 3 * DAY;
  landmarks.forEach((landmarkMs, i) => {
    const value = index.n[index.denseOf(itemHash(`i${i}`))!]! * index.factorAt(atMs);
    const expected = 3 * 2 ** ((landmarkMs - atMs) / HALF_LIFE);
    assert.ok(Math.abs(value - expected) <= 1e-12 * expected + 1e-200, `${value} is not ${expected}`);
  });
});

test('masses have the same bits whichever record was the first to be known', () => {
  const records = [7, 0, 41, 3].map((halfLives, i) =>
    neighbour(
      `i${i}`,
      {},
      { landmarkMs: halfLives * HALF_LIFE, n: Math.fround(1 / 3 + i), recent: Math.fround(0.7 + i) },
    ),
  );
  const masses = (order: readonly number[], atMs: number) => {
    const index = new ItemIndex(HALF_LIFE);
    for (const i of order) index.applyNeighbours(`i${i}`, records[i]);
    return records.flatMap(({ hash }) => {
      const dense = index.denseOf(hash)!;
      return [index.n[dense]! * index.factorAt(atMs), index.recent[dense]! * index.recentFactorAt(atMs)];
    });
  };
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), fc.nat(), (order, ageMs) => {
      const atMs = 41 * HALF_LIFE + ageMs;
      assert.deepEqual(masses(order, atMs), masses([0, 1, 2, 3], atMs));
    }),
  );
});

test('masses at a time long before any of them are numbers', () => {
  const index = new ItemIndex(HALF_LIFE);
  for (const [i, halfLives] of [0, 63].entries())
    index.applyNeighbours(`i${i}`, neighbour(`i${i}`, {}, { landmarkMs: halfLives * HALF_LIFE, n: 1e6, recent: 1e6 }));
  for (let halfLives = 0; halfLives <= 900; halfLives += 50)
    for (let i = 0; i < 2; i++)
      assert.ok(Number.isFinite(index.recent[i]! * index.recentFactorAt(-halfLives * HALF_LIFE)));
});

test('of an item that was withdrawn no more is known than what its neighbours tell, as after a restart', () => {
  const index = new ItemIndex(HALF_LIFE);
  const other = entry('other', { brand: 'Acme', categories: ['Tents'] });
  const known = ['a', 'b'].map((itemId) => {
    index.applyCatalog(itemId, { ...other, itemId });
    return index.denseOf(itemHash(itemId))!;
  });
  index.applyNeighbours('b', neighbour('b', {}));
  for (const itemId of ['a', 'b']) index.applyCatalog(itemId, undefined);
  assert.deepEqual(
    known.map((dense) => [index.brandCode[dense], index.categoryCode[dense], index.textOf(dense)]),
    [
      [0, 0, undefined],
      [0, 0, 'b'],
    ],
  );
});

test('an item is available while it is in the catalog, in stock and valid', () => {
  const index = new ItemIndex(HALF_LIFE);
  const available = (atMs = 0) => index.isAvailable(index.intern(itemHash('a')), atMs);
  assert.equal(available(), false);
  index.applyCatalog('a', entry('a'));
  assert.equal(available(), true);
  index.applyCatalog('a', entry('a', { stock: 0 }));
  assert.equal(available(), false);
  index.applyCatalog('a', entry('a', { stock: 2, validFromMs: 10, validToMs: 20 }));
  assert.deepEqual([9, 10, 19, 20].map(available), [false, true, true, false]);
  index.applyCatalog('a', undefined);
  assert.equal(available(15), false);
});

test('an id whose hash belongs to another id is refused, and the first keeps its place', () => {
  const index = new ItemIndex(HALF_LIFE);
  index.applyCatalog('a', entry('a'));
  const impostor = neighbour('b', {}, { hash: itemHash('a'), n: 99 });
  index.applyNeighbours('b', impostor);
  const dense = index.denseOf(itemHash('a'))!;
  assert.equal(index.textOf(dense), 'a');
  assert.equal(index.n[dense], 0);
  assert.equal(index.register(itemHash('a'), 'b'), undefined);
});

test('partners of a record are numbered once for each index', () => {
  const [first, second] = [new ItemIndex(HALF_LIFE), new ItemIndex(HALF_LIFE)];
  second.intern(itemHash('x'));
  const record = neighbour('a', { b: { f: 1 }, c: { f: 2 } });
  const ids = first.partnersOf(record);
  assert.equal(first.partnersOf(record), ids);
  assert.deepEqual([...second.partnersOf(record)], [1, 2]);
  assert.deepEqual([...first.partnersOf(record)], [0, 1]);
});

test('an item is called what the catalog calls it now, and nothing once it is withdrawn', () => {
  const index = new ItemIndex(HALF_LIFE);
  const dense = index.intern(itemHash('a'));
  assert.equal(index.titleOf(dense), undefined);
  for (const title of ['A lamp', 'A lamp, black']) {
    index.applyCatalog('a', { ...entry('a'), title });
    assert.equal(index.titleOf(dense), title);
  }
  index.applyCatalog('a', undefined);
  assert.equal(index.titleOf(dense), undefined);
});
