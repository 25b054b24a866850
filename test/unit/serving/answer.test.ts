import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { viewOf } from '../../../lists/index.ts';
import { BUILT_IN_PLACEMENTS } from '../../../schemas/list-settings.ts';
import { ageMs, choose, type FoundList, listId } from '../../../serving/answer.ts';
import { hourBand, ladderOf } from '../../../serving/ladder.ts';
import { reasonText } from '../../../serving/reason-text.ts';

const asOf = { at: 1_000, topic: 'clicks', partition: 0, offset: 5, eventIds: ['e1'] };

function found(rung: FoundList['rung'], ids: readonly string[]): FoundList {
  const items = ids.map((id, i) => ({ id, score: ids.length - i, reasons: [] }));
  const list = viewOf({ definition: 'd', owner: 'o', variant: 'default', algorithm: 'a', asOf, items });
  return { rung, place: rung === 'visitor' ? 0 : -1, definition: 'popular', key: `list:${rung}`, version: 3, list };
}

const inOrder = (lists: readonly FoundList[]) => (i: number) => lists[i];

test('the first step with something to show is the one that served', () => {
  const { served, chosen } = choose(inOrder([found('visitor', ['a']), found('session', ['b', 'c'])]), {
    n: 2,
    isHidden: (id) => id === 'a',
  });
  assert.equal(served?.rung, 'session');
  assert.deepEqual(
    chosen.map(({ id }) => id),
    ['b', 'c'],
  );
});

test('what filtering takes away is topped up from the next steps, in their order', () => {
  const ladder = [found('visitor', ['a', 'b', 'c']), found('segment', ['b', 'd']), found('global', ['e', 'f'])];
  const { served, chosen } = choose(inOrder(ladder), { n: 4, isHidden: (id) => id === 'a' });
  assert.equal(served?.rung, 'visitor');
  assert.deepEqual(
    chosen.map(({ id, from }) => `${from.rung} ${id}`),
    ['visitor b', 'visitor c', 'segment d', 'global e'],
  );
});

test('nothing to show leaves no rung', () => {
  const { served, chosen } = choose(inOrder([found('global', ['a'])]), { n: 5, isHidden: () => true });
  assert.deepEqual({ served, chosen }, { served: undefined, chosen: [] });
});

test('an answer is the first n of all steps without what is hidden or repeated', () => {
  const ids = fc.array(fc.constantFrom(...'abcdefghij'), { maxLength: 12 });
  fc.assert(
    fc.property(
      ids,
      ids,
      ids,
      fc.uniqueArray(fc.constantFrom(...'abcdefghij')),
      fc.integer({ min: 1, max: 12 }),
      (x, y, z, hidden, n) => {
        const { chosen, served } = choose(inOrder([found('visitor', x), found('segment', y), found('global', z)]), {
          n,
          isHidden: (id) => hidden.includes(id),
        });
        const expected = [...new Set([...x, ...y, ...z])].filter((id) => !hidden.includes(id)).slice(0, n);
        assert.deepEqual(
          chosen.map(({ id }) => id),
          expected,
        );
        assert.equal(served?.rung, chosen[0]?.from.rung);
      },
    ),
  );
});

test('a list gives no more than its share, a cap holds over the whole answer, and the next steps fill up', () => {
  const ladder = [found('visitor', ['a', 'b', 'c', 'd']), found('global', ['c', 'e', 'f', 'g'])];
  const brands: { readonly [id: string]: string } = { a: 'x', b: 'y', e: 'x', f: 'z' };
  const { chosen } = choose(inOrder(ladder), {
    n: 5,
    shares: [2],
    caps: [{ most: 1, keyOf: (id) => brands[id] }],
    isHidden: () => false,
  });
  assert.deepEqual(
    chosen.map(({ id, from }) => `${from.rung} ${id}`),
    ['visitor a', 'visitor b', 'global c', 'global f', 'global g'],
  );
});

test('a list behind enough items is not asked for', () => {
  let asked = 0;
  const lists = (i: number): FoundList => {
    asked = Math.max(asked, i + 1);
    const rung = (['visitor', 'segment', 'global'] as const)[i]!;
    return found(
      rung,
      ['a', 'b', 'c'].map((id) => rung + id),
    );
  };
  assert.equal(choose(lists, { n: 6, isHidden: () => false }).chosen.length, 6);
  assert.equal(asked, 2);
});

test('a list id names the key and the version, and not the visitor', () => {
  const id = listId('list:visitor:for-you:default:anna', 17);
  assert.match(id, /^[0-9a-z]{1,11}-17$/);
  assert.equal(id, listId('list:visitor:for-you:default:anna', 17));
  assert.notEqual(id, listId('list:visitor:for-you:default:annb', 17));
});

test('list ids of different keys differ, and fit 53 bits', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const number = Number.parseInt(listId(a, 1).split('-')[0]!, 36);
      assert.ok(Number.isSafeInteger(number) && number >= 0);
      assert.equal(listId(a, 1) === listId(b, 1), a === b);
    }),
  );
});

test('an age is never negative', () => {
  assert.equal(ageMs(asOf, 1_034), 34);
  assert.equal(ageMs(asOf, 900), 0);
});

test('the hours of a day fall into six bands of UTC', () => {
  const at = (hour: number) => hourBand(Date.UTC(2026, 10, 21, hour, 59));
  assert.deepEqual([0, 3, 4, 11, 12, 23].map(at), [0, 0, 1, 2, 3, 5]);
});

test('the ladder of a visitor goes from the visitor to everybody, the most telling segment first', () => {
  const nowMs = Date.UTC(2026, 10, 21, 9);
  const steps = ladderOf(BUILT_IN_PLACEMENTS.recommendations, {
    visitor: 'v1',
    session: 's1',
    items: [],
    categories: [],
    region: 'north',
    device: 'phone',
    nowMs,
  });
  assert.deepEqual(
    steps.map(({ rung, keys }) => `${rung} ${keys.join().replace('list:', '').replace(':default', '')}`),
    [
      'visitor visitor:for-you:v1',
      'session session:for-you:s1',
      'segment segment:popular:region=north',
      'segment segment:popular:device=phone',
      'segment segment:popular:hour=2',
      'global segment:popular:global',
    ],
  );
});

test('of an item in several categories the narrowest comes first', () => {
  const steps = ladderOf(BUILT_IN_PLACEMENTS['popular-items'], { items: [], categories: ['Home', 'Lamps'], nowMs: 0 });
  assert.match(steps[0]!.keys[0]!, /category=Lamps$/);
  assert.match(steps[1]!.keys[0]!, /category=Home$/);
});

test('a reason is said in words, with the title of its item and never an id', () => {
  const part = 1;
  assert.equal(
    reasonText({ kind: 'viewed', itemId: 'i7', title: 'Trail Lantern', part }),
    'Because you viewed Trail Lantern',
  );
  assert.equal(reasonText({ kind: 'viewed', itemId: 'i7', part }), 'Because of what you viewed');
  assert.equal(reasonText({ kind: 'popular', segment: 'category=Lamps', part }), 'Popular in Lamps');
  assert.equal(reasonText({ kind: 'trending', segment: 'global', part }), 'Trending now');
  const kinds = [
    'viewed',
    'carted',
    'bought',
    'wished',
    'liked',
    'similar',
    'bought-together',
    'popular',
    'trending',
    'repeat',
    'campaign',
  ] as const;
  for (const kind of kinds)
    assert.doesNotMatch(reasonText({ kind, itemId: 'i7', campaignId: 'c7', part }), /i7|c7|undefined/);
});
