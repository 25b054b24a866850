import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contributeOrder, contributeSignal } from '../../../processors/profile/contributions.ts';
import { type Interaction, SESSION_GAP_MS, type Session } from '../../../processors/profile/profile.ts';
import { fitSession } from '../../../processors/profile/session.ts';
import type { Signal } from '../../../processors/profile/signals.ts';

const T = 1_700_000_000_000;

/** Contributions of signals in one session, rounded, by name. */
function contributionsOf(...signals: readonly (readonly [Signal, string])[]): { [name: string]: number } {
  const sums: { [name: string]: number } = {};
  const interactions: Interaction[] = [];
  for (const [signal, item] of signals) contributeSignal(interactions, item, signal, collector(sums));
  return sums;
}

function collector(sums: { [name: string]: number }) {
  const add = (name: string, mass: number) => {
    if (mass !== 0) sums[name] = Number(((sums[name] ?? 0) + mass).toFixed(6));
  };
  return {
    follows: (before: string, after: string, mass: number) => add(`${before}>${after}`, mass),
    together: (one: string, other: string, mass: number) => add(`${one}+${other}`, mass),
    counts: (item: string, n: number, p: number, repeats: number) => {
      add(`n ${item}`, n);
      add(`p ${item}`, p);
      add(`repeats ${item}`, repeats);
    },
  };
}

const g = (d: number, weight = 1) => Number((weight * d ** -0.7).toFixed(6));

describe('Contributions of a session', () => {
  test('A view is paired with the last ten interactions by distance', () => {
    const items = Array.from({ length: 12 }, (_, index) => `i${index}`);
    const sums = contributionsOf(...items.map((item) => ['view', item] as const));
    assert.equal(sums['i10>i11'], 1);
    assert.equal(sums['i9>i11'], g(2));
    assert.equal(sums['i1>i11'], g(10));
    assert.equal(sums['i0>i11'], undefined);
    assert.equal(sums['n i11'], 1);
  });

  test('A view repeated follows itself and counts as a repetition', () => {
    assert.deepEqual(contributionsOf(['view', 'a'], ['view', 'a']), { 'n a': 2, 'a>a': 1, 'repeats a': 1 });
  });

  test('View, cart and purchase of one item make one pair at the greatest weight, and none with itself', () => {
    const sums = contributionsOf(['view', 'x'], ['view', 'a'], ['addToCart', 'a'], ['purchase', 'a']);
    assert.deepEqual(sums, { 'n x': 1, 'n a': 3, 'x>a': 3 });
  });

  test('A strong signal reaches the item where it was seen, not only at the end of the session', () => {
    const sums = contributionsOf(['view', 'x'], ['view', 'a'], ['view', 'b'], ['addToCart', 'a']);
    assert.deepEqual(sums, { 'n x': 1, 'n a': 2, 'n b': 1, 'x>a': 2, 'x>b': g(2), 'a>b': 1 });
  });

  test('A click in a list and the view that it leads to are one interaction', () => {
    const sums = contributionsOf(['view', 'x'], ['listClick', 'a'], ['view', 'a']);
    assert.deepEqual(sums, { 'n x': 1, 'n a': 1, 'x>a': 1 });
  });

  test('A cart put twice adds nothing the second time', () => {
    assert.deepEqual(contributionsOf(['view', 'x'], ['addToCart', 'a'], ['addToCart', 'a']), {
      'n x': 1,
      'n a': 2,
      'x>a': 2,
    });
  });

  test('A dislike, a dwell and a removal from the cart pair nothing', () => {
    assert.deepEqual(contributionsOf(['view', 'x'], ['dislike', 'a'], ['dwell', 'b'], ['removeFromCart', 'c']), {
      'n x': 1,
    });
  });
});

describe('Contributions of an order', () => {
  test('Lines follow each other and are together, in both directions', () => {
    const sums: { [name: string]: number } = {};
    contributeOrder([], ['a', 'b', 'c'], () => true, collector(sums));
    assert.deepEqual(sums, {
      'n a': 3,
      'p a': 1,
      'n b': 3,
      'p b': 1,
      'n c': 3,
      'p c': 1,
      'a>b': 3,
      'a>c': g(2, 3),
      'b>c': 3,
      'a+b': 0.5,
      'a+c': 0.5,
      'b+c': 0.5,
    });
  });

  test('An order of 500 lines gives each line at most 20 partners and a mass of at most 1', () => {
    const items = Array.from({ length: 500 }, (_, index) => `i${index}`);
    const partners = new Map<string, number>();
    let pairs = 0;
    contributeOrder([], items, () => true, {
      follows: () => void pairs++,
      together: (one, other, mass) => {
        pairs++;
        for (const item of [one, other]) partners.set(item, (partners.get(item) ?? 0) + mass);
      },
      counts: () => {},
    });
    assert.ok(pairs <= 500 * 20, `${pairs} pairs`);
    assert.ok(Math.max(...partners.values()) <= 1 + 1e-9);
  });
});

describe('The session of an event', () => {
  const session = (id?: string): Session => ({
    id,
    startedAt: T,
    lastAt: T,
    interactions: [],
    referrer: undefined,
    searched: undefined,
  });

  test('The same id continues it, whatever the pause; another one starts the next', () => {
    assert.equal(fitSession(session('s'), T + 10 * SESSION_GAP_MS, 's'), 'current');
    assert.equal(fitSession(session('s'), T + 1, 't'), 'next');
  });

  test('Without ids a pause of more than 30 minutes starts the next', () => {
    assert.equal(fitSession(session(), T + SESSION_GAP_MS, undefined), 'current');
    assert.equal(fitSession(session(), T + SESSION_GAP_MS + 1, undefined), 'next');
    assert.equal(fitSession(session('s'), T + 1, undefined), 'current');
  });

  test('A late event belongs to it within 30 minutes, else it is a session of its own', () => {
    assert.equal(fitSession(session(), T - SESSION_GAP_MS, undefined), 'current');
    assert.equal(fitSession(session(), T - SESSION_GAP_MS - 1, undefined), 'own');
    assert.equal(fitSession(session('s'), T - 1, 't'), 'own');
    assert.equal(fitSession(undefined, T, undefined), 'next');
  });
});
