// What an item's list is made from: its neighbours and what is near to it in content.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentScores } from '../../../../processors/content/content-scores.ts';
import { contentText, vectorOfTerms } from '../../../../processors/content/content-vector.ts';
import { ItemFacts } from '../../../../processors/content/item-facts.ts';
import { ItemIndex } from '../../../../processors/item-index.ts';
import { ItemScores } from '../../../../processors/top-n/item-scores.ts';
import { itemHash } from '../../../../schemas/item-hash.ts';
import { entry, HALF_LIFE } from '../records.ts';

const NOW_MS = 1_000_000;
const GROUPS = 4;

/** A shop of 40 items in groups that share words; item 7 is sold out. */
function shopOf() {
  const index = new ItemIndex(HALF_LIFE);
  const facts = new ItemFacts(index, 'compared');
  for (let i = 0; i < 40; i++) {
    const words = [`group ${i % GROUPS}`, `kind ${i % 8}`, `own ${i}`].map((word) => [itemHash(word), 1] as const);
    const content = contentText(vectorOfTerms(new Map(words))!);
    const one = { ...entry(`item${i}`), content, ...(i === 7 && { stock: 0 }) };
    index.applyCatalog(`item${i}`, one);
    facts.apply(`item${i}`, one);
  }
  const denseOf = (i: number) => index.internText(`item${i}`)!;
  return { index, content: facts.content, denseOf, scores: new ItemScores(index) };
}

const entriesOf = ({ denseIds, related, content }: ItemScores) =>
  denseIds.map((denseId, place) => ({ denseId, related: related[place]!, content: content[place]! }));

test('content joins the neighbours in the share of the definition, as it scores a query of the one item', () => {
  const { index, content, denseOf, scores } = shopOf();
  // A neighbour that is near in content too, and one that is not.
  scores.add(denseOf(11), 4, 0);
  scores.add(denseOf(2), 1, 0);
  scores.joinContent(denseOf(3), 0.25, content, NOW_MS);
  const near = contentScores([{ denseId: denseOf(3), weight: 1 }], content, (denseId) =>
    index.isAvailable(denseId, NOW_MS),
  );
  assert.ok(near.size > 3 && near.has(denseOf(11)) && !near.has(denseOf(2)) && !near.has(denseOf(7)));
  const expected = [
    { denseId: denseOf(11), related: 3, content: near.get(denseOf(11))!.score },
    { denseId: denseOf(2), related: 0.75, content: 0 },
    ...[...near.values()]
      .filter(({ denseId }) => denseId !== denseOf(11))
      .map(({ denseId, score }) => ({ denseId, related: 0, content: score })),
  ];
  assert.deepEqual(entriesOf(scores), expected);
});

test('an item without neighbours has what is near in content alone, and one of which nothing is known nothing', () => {
  const { content, denseOf, scores, index } = shopOf();
  scores.joinContent(denseOf(3), 0.25, content, NOW_MS);
  const [best] = scores.best(1);
  assert.ok([11, 19, 27, 35].map(denseOf).includes(scores.denseIds[best!]!), 'of the same group and kind');
  assert.ok(scores.content[best!]! > 0.25, 'not in a share');
  scores.clear();
  scores.joinContent(index.internText('elsewhere')!, 0.25, content, NOW_MS);
  assert.deepEqual(entriesOf(scores), []);
});

test('without anything near in content, or a share for it, neighbours keep their scores', () => {
  const { content, denseOf, scores, index } = shopOf();
  scores.add(denseOf(2), 5, 0);
  scores.joinContent(denseOf(3), 0, content, NOW_MS);
  scores.joinContent(index.internText('elsewhere')!, 0.5, content, NOW_MS);
  assert.deepEqual(entriesOf(scores), [{ denseId: denseOf(2), related: 5, content: 0 }]);
});

test('the best come first, and of equals the smaller id', () => {
  const { denseOf, scores } = shopOf();
  for (const [i, score] of [
    [9, 1],
    [30, 2],
    [10, 1],
    [5, 3],
  ] as const)
    scores.add(denseOf(i), score, 0);
  const idsOf = (places: readonly number[]) => places.map((place) => scores.denseIds[place]);
  assert.deepEqual(idsOf(scores.best(Infinity)), [5, 30, 10, 9].map(denseOf));
  assert.deepEqual(idsOf(scores.best(3)), [5, 30, 10].map(denseOf));
});
