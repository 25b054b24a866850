import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyProfile, type Profile } from '../../../../processors/profile/profile.ts';
import { kindBit } from '../../../../processors/profile/signals.ts';
import { dealingsOf, evidenceOf } from '../../../../processors/top-n/evidence.ts';
import { indexOf } from '../records.ts';

function profileOf(session: readonly [string, number, number?][], recent: readonly [string, number][] = []): Profile {
  return {
    ...emptyProfile(),
    session: {
      id: undefined,
      referrer: undefined,
      searched: undefined,
      startedAt: 0,
      lastAt: 0,
      interactions: session.map(([item, kinds, revoked = 0]) => ({ item, kinds, revoked })),
    },
    recent: recent.map(([item, kinds]) => ({ item, kinds, at: 0 })),
  };
}

const evidence = (profile: Profile) => evidenceOf(dealingsOf(profile), indexOf([], []), () => undefined);

test('the session comes first, newest first and each item once; then earlier items at half the weight without bonus', () => {
  const { view } = kindBit;
  const found = evidence(
    profileOf(
      [
        ['a', view],
        ['b', view],
        ['a', view],
      ],
      [
        ['y', view],
        ['z', view],
        ['a', view],
      ],
    ),
  );
  assert.deepEqual(
    found.map(({ itemId, weight, repeatBonus }) => [itemId, weight, repeatBonus]),
    [
      ['a', 1, 1],
      ['b', 0.6, 0.7],
      ['z', 0.5 * 0.6 ** 2, 0],
      ['y', 0.5 * 0.6 ** 3, 0],
    ],
  );
});

test('an item is a reason for the strongest thing that was done with it in the session', () => {
  const { view, addToCart, wishlist, purchase, like } = kindBit;
  const found = evidence(
    profileOf([
      ['viewed', view],
      ['liked', view | like],
      ['wished', wishlist | like],
      ['carted', view],
      ['carted', addToCart],
      ['bought', purchase | addToCart],
    ]),
  );
  for (const { itemId, kind } of found) assert.equal(kind, itemId);
  assert.equal(found.length, 5);
});

test('what holds no longer is no reason, what was bought is not looked for again, and an item of which nothing holds is no evidence', () => {
  const { view, addToCart, purchase } = kindBit;
  const found = evidence(
    profileOf(
      [
        ['removed', view | addToCart, addToCart],
        ['returned', addToCart | purchase, addToCart | purchase],
        ['again', view | purchase, purchase],
        ['again', purchase],
        ['earlier', purchase, purchase],
      ],
      [['earlier', view]],
    ),
  );
  assert.deepEqual(
    found.map(({ itemId, kind, repeatBonus }) => [itemId, kind, repeatBonus > 0]),
    [
      ['again', 'bought', false],
      ['removed', 'viewed', true],
      ['earlier', 'viewed', false],
    ],
  );
});

test('a disliked item speaks for nothing', () => {
  const profile = { ...profileOf([['a', kindBit.view]]), disliked: [{ item: 'a', at: 0 }] };
  assert.deepEqual(evidence(profile), []);
});

test('a query has twelve items at most', () => {
  const many = Array.from({ length: 30 }, (_, i): [string, number] => [`i${i}`, kindBit.view]);
  const found = evidence(profileOf(many.slice(0, 10), many));
  assert.equal(found.length, 12);
  assert.equal(found[0]!.itemId, 'i9');
  assert.equal(found[11]!.itemId, 'i28');
});
