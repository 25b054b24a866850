import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { partitionOf } from '../../../engine/api/index.ts';
import { addSigned, DAY_MS, DEFAULT_HALF_LIVES, rebaseFactor } from '../../../processors/decay.ts';
import { RECORD_MAX_BYTES } from '../../../processors/profile/delta-batch.ts';
import { emptyProfile, RECEIPTS } from '../../../processors/profile/profile.ts';
import { profileSerde } from '../../../processors/profile/profile-codec.ts';
import { noteShown, SHOWN_ITEMS, type ShownItem, tiredOf } from '../../../processors/profile/shown.ts';
import { kindBit } from '../../../processors/profile/signals.ts';
import { dealingsOf, evidenceOf } from '../../../processors/top-n/evidence.ts';
import type { VisitorEvent } from '../../../processors/visitor-profile.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import type { Click, Impression, Privacy } from '../../../schemas/records.ts';
import { streamRecord } from '../../support/fake-context.ts';
import { click, purchase, recordsOf, VisitorPipeline } from '../../support/visitor-pipeline.ts';
import { indexOf } from './records.ts';

const T = 1_700_000_000_000;

function privacyRecord(overrides: Partial<Privacy>) {
  const value: Privacy = {
    eventId: 'p',
    visitorId: 'ann',
    at: T,
    action: 'erase',
    consent: null,
    otherVisitorId: null,
    ...overrides,
  };
  return streamRecord<VisitorEvent>({ topic: 'privacy', key: value.visitorId, timestampMs: value.at, value });
}

/** What reasons say of each item that a visitor dealt with. */
function kindsOf(pipeline: VisitorPipeline, visitorId = 'ann'): { [item: string]: string } {
  const evidence = evidenceOf(dealingsOf(pipeline.profile(visitorId)!), indexOf([], []), () => undefined);
  return Object.fromEntries(evidence.map(({ itemId, kind }) => [itemId, kind]));
}

/** Everything that rows hold, as numbers. */
function massOf(pipeline: VisitorPipeline): number {
  let mass = 0;
  for (const row of pipeline.rows().values())
    mass += row.n + row.recent + row.p + row.forward + row.backward + row.together + row.size;
  return mass;
}

describe('USERS', () => {
  test('A repeated event id is dropped and counted, the visitor is not told of as changed', async () => {
    const pipeline = new VisitorPipeline();
    const event = click({ itemId: 'a' });
    await pipeline.process(recordsOf(event));
    await pipeline.process(recordsOf(event));
    assert.equal(pipeline.users.metrics.count('freshet.users.noted duplicate'), 1);
    assert.equal(pipeline.visitorCalls.length, 1);
    assert.equal(pipeline.row('a')!.size, 0);
  });

  test('A synthetic visitor has a profile and lists, and counts for nobody else', async () => {
    const pipeline = new VisitorPipeline();
    const visitorId = 'freshet-probe-1';
    await pipeline.process(recordsOf(click({ itemId: 'a' }), click({ itemId: 'b' })));
    const before = { mass: massOf(pipeline), segments: pipeline.segmentDeltas.length };
    await pipeline.process(
      recordsOf(
        click({ visitorId, itemId: 'a' }),
        click({ visitorId, itemId: 'b' }),
        purchase([['a', 2]], { visitorId }),
        purchase([['a', 2]], { visitorId, status: 'returned' }),
      ),
    );
    assert.deepEqual({ mass: massOf(pipeline), segments: pipeline.segmentDeltas.length }, before);
    assert.ok(pipeline.visitorCalls.at(-1)!.some((changed) => changed.visitorId === visitorId));
    assert.ok(dealingsOf(pipeline.profile(visitorId)!).length > 0);
    // Whoever comes after it in the batch counts.
    await pipeline.process(recordsOf(click({ visitorId, itemId: 'a' }), click({ visitorId: 'bob', itemId: 'a' })));
    assert.ok(massOf(pipeline) > before.mass);
  });

  test('Lists are asked for once per batch, for each visitor that changed', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(click(), click({ visitorId: 'bob' }), click({ itemId: 'b' })));
    assert.deepEqual(
      pipeline.visitorCalls.map((call) => call.map(({ visitorId }) => visitorId)),
      [['ann', 'bob']],
    );
  });

  test('An item that the catalog does not have counts all the same, and is noted', async () => {
    const pipeline = new VisitorPipeline({ isListed: (item) => item !== 'ghost' });
    await pipeline.process(recordsOf(click({ itemId: 'a' }), click({ itemId: 'ghost' }), click({ itemId: 'b' })));
    assert.equal(pipeline.users.metrics.count('freshet.users.noted unknown-item'), 1);
    assert.ok(pipeline.row('ghost')!.size > 0);
  });

  test('The block entry is asked for only when what was bought or disliked may have changed', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(click({ itemId: 'a' })));
    await pipeline.process(recordsOf(click({ itemId: 'a' }), click({ itemId: 'b', kind: 'dislike' })));
    assert.deepEqual(
      pipeline.visitorCalls.map(([call]) => call!.blocksChanged),
      [false, true],
    );
  });

  test('A new session ends the old one, unless the visitor came back to it within the batch', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(
      recordsOf(
        click({ sessionId: 's1' }),
        click({ sessionId: 's2', at: T + 1 }),
        click({ sessionId: 's1', at: T + 2 }),
      ),
    );
    assert.deepEqual(pipeline.visitorCalls[0]![0]!.endedSessionIds, ['s2']);
  });

  test('The profile remembers items, device, purchases and dislikes, and what is newest', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(
      recordsOf(
        click({ itemId: 'a', device: 'phone' }),
        click({ itemId: 'a', kind: 'addToCart', at: T + 1 }),
        click({ itemId: 'b', kind: 'rate', rating: 1, at: T + 2 }),
        purchase([['c', 1]], { at: T + 3, eventId: 'newest' }),
        click({ itemId: 'd', at: T - 5, device: 'desktop' }),
      ),
    );
    const profile = pipeline.profile('ann')!;
    assert.deepEqual(profile.recent, [
      { item: 'd', kinds: kindBit.view, at: T - 5 },
      { item: 'a', kinds: kindBit.view | kindBit.addToCart, at: T + 1 },
      { item: 'c', kinds: kindBit.purchase, at: T + 3 },
    ]);
    assert.deepEqual(profile.bought, [{ item: 'c', at: T + 3 }]);
    assert.deepEqual(profile.disliked, [{ item: 'b', at: T + 2 }]);
    assert.equal(profile.device, 'phone');
    assert.equal(profile.asOf!.at, T + 3);
    assert.equal(profile.asOf!.eventIds[1], 'newest');
    assert.equal(pipeline.users.metrics.count('freshet.users.noted late'), 1);
  });

  test('An order without visitor belongs to the user', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(purchase([['a', 1]], { visitorId: null, userId: '7' })));
    assert.deepEqual(pipeline.profile('user:7')!.bought, [{ item: 'a', at: T }]);
  });

  test('Deltas go to the partition of their row and split below the size limit', async () => {
    const pipeline = new VisitorPipeline({ partitions: 2 });
    const orders = Array.from({ length: 12 }, (_, order) =>
      purchase(
        Array.from({ length: 500 }, (_, line) => [`item-${order}-${line}`, 1] as const),
        { orderId: `o${order}`, visitorId: `v${order}` },
      ),
    );
    await pipeline.process(recordsOf(...orders));
    assert.ok(pipeline.lastPairs.length > 2);
    for (const { partition, value, bytes } of pipeline.lastPairs) {
      assert.ok(bytes <= RECORD_MAX_BYTES, `${bytes} bytes`);
      for (const { item } of value.rows) assert.equal(partitionOf(value.items[item]!, 2), partition);
    }
    assert.equal(pipeline.rows().size, 6000);
  });
});

describe('Returns', () => {
  test('A return of every line takes back all that an order contributed, at its own time', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(
      recordsOf(
        purchase([
          ['a', 2],
          ['b', 1],
          ['c', 1],
        ]),
      ),
    );
    assert.ok(massOf(pipeline) > 0);
    const later = { at: T + 90 * DAY_MS, status: 'returned' as const };
    await pipeline.process(
      recordsOf(
        purchase(
          [
            ['a', 2],
            ['b', 1],
          ],
          later,
        ),
      ),
    );
    await pipeline.process(recordsOf(purchase([['c', 1]], later)));
    assert.equal(massOf(pipeline), 0);
    assert.deepEqual(pipeline.profile('ann')!.bought, []);
    assert.deepEqual([...pipeline.profile('ann')!.vector!.sums], new Array(64).fill(0));
    const popularity = new Map<string, number>();
    for (const { popularLandmarkMs, items: ids, segments } of pipeline.segmentDeltas) {
      const factor = rebaseFactor(popularLandmarkMs, 0, DEFAULT_HALF_LIVES.popularMs);
      for (const { segment, items, popular } of segments) {
        for (let i = 0; i < items.length; i++) {
          const name = `${segment} ${ids[items[i]!]}`;
          popularity.set(name, addSigned(popularity.get(name) ?? 0, popular[i]! * factor));
        }
      }
    }
    assert.deepEqual([...popularity.values()], new Array(9).fill(0));
  });

  test('A part of the quantity takes nothing back until the rest follows', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(
      recordsOf(
        purchase([
          ['a', 3],
          ['b', 1],
        ]),
      ),
    );
    const before = massOf(pipeline);
    await pipeline.process(recordsOf(purchase([['a', 2]], { status: 'returned' })));
    assert.equal(massOf(pipeline), before);
    await pipeline.process(recordsOf(purchase([['a', 5]], { status: 'returned' })));
    assert.equal(pipeline.row('a')!.p, 0);
    assert.equal(pipeline.row('b')!.p > 0, true);
    assert.equal(pipeline.row('b')!.together, 0);
    assert.equal(pipeline.users.metrics.count('freshet.users.noted return-over-quantity'), 1);
  });

  test('A return without a receipt changes nothing and is counted', async () => {
    const pipeline = new VisitorPipeline();
    for (let order = 0; order <= RECEIPTS; order++)
      await pipeline.process(recordsOf(purchase([['a', 1]], { orderId: `o${order}` })));
    const before = pipeline.row('a')!.p;
    await pipeline.process(recordsOf(purchase([['a', 1]], { orderId: 'o0', status: 'cancelled' })));
    await pipeline.process(recordsOf(purchase([['z', 1]], { orderId: 'o1', status: 'cancelled' })));
    assert.equal(pipeline.users.metrics.count('freshet.users.noted return-without-receipt'), 2);
    assert.equal(pipeline.row('a')!.p, before);
    assert.equal(pipeline.row('z'), undefined);
  });

  test('An order placed again after its cancellation in the same session counts once', async () => {
    const pipeline = new VisitorPipeline();
    const lines = [
      ['a', 1],
      ['b', 1],
    ] as const;
    await pipeline.process(
      recordsOf(
        purchase(lines, { orderId: 'first' }),
        purchase(lines, { orderId: 'first', status: 'cancelled' }),
        purchase(lines, { orderId: 'second' }),
      ),
    );
    assert.equal(pipeline.row('a')!.together, pipeline.row('b')!.together);
    const alone = new VisitorPipeline();
    await alone.process(recordsOf(purchase(lines)));
    assert.equal(pipeline.row('a')!.together, alone.row('a')!.together);
    assert.equal(pipeline.row('a')!.p, alone.row('a')!.p);
  });
});

describe('What reasons say', () => {
  const nextSession = click({ itemId: 'z', at: T + DAY_MS });

  for (const consent of ['full', 'limited'] as const) {
    test(`What left the cart is not in it, nor is what was bought and sent back, with ${consent} consent`, async () => {
      const pipeline = new VisitorPipeline();
      await pipeline.process([
        privacyRecord({ action: 'consent', consent, at: T - 1 }),
        ...recordsOf(
          click({ itemId: 'a' }),
          click({ itemId: 'a', kind: 'addToCart' }),
          click({ itemId: 'b', kind: 'addToCart' }),
          click({ itemId: 'c' }),
          click({ itemId: 'c', kind: 'addToCart' }),
          purchase([
            ['c', 1],
            ['d', 2],
          ]),
        ),
      ]);
      assert.deepEqual(kindsOf(pipeline), { a: 'carted', b: 'carted', c: 'bought', d: 'bought' });
      await pipeline.process(
        recordsOf(
          click({ itemId: 'a', kind: 'removeFromCart' }),
          click({ itemId: 'b', kind: 'removeFromCart' }),
          purchase(
            [
              ['c', 1],
              ['d', 2],
            ],
            { status: 'returned' },
          ),
        ),
      );
      assert.deepEqual(kindsOf(pipeline), { a: 'viewed', c: 'viewed' });
      assert.deepEqual(pipeline.profile('ann')!.bought, []);
      await pipeline.process(recordsOf(click({ itemId: 'b', kind: 'addToCart' })));
      assert.equal(kindsOf(pipeline).b, 'carted');
      await pipeline.process(recordsOf(nextSession));
      const earlier = consent === 'full' ? { a: 'viewed', b: 'carted', c: 'viewed' } : {};
      assert.deepEqual(kindsOf(pipeline), { z: 'viewed', ...earlier });
    });
  }

  test('An item of two orders is bought until both came back', async () => {
    const pipeline = new VisitorPipeline();
    const orders = ['o1', 'o2'].map((orderId) => purchase([['a', 1]], { orderId }));
    await pipeline.process(recordsOf(...orders, purchase([['a', 1]], { orderId: 'o1', status: 'returned' })));
    assert.deepEqual(kindsOf(pipeline), { a: 'bought' });
    await pipeline.process(recordsOf(purchase([['a', 1]], { orderId: 'o2', status: 'returned' })));
    assert.deepEqual(kindsOf(pipeline), {});
  });

  test('What came back of an order without a receipt is neither blocked nor called bought', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(purchase([['a', 1]], { orderId: 'old' }), click({ itemId: 'a' })));
    for (let order = 0; order < RECEIPTS; order++)
      await pipeline.process(recordsOf(purchase([[`b${order}`, 1]], { orderId: `o${order}` })));
    await pipeline.process(recordsOf(purchase([['a', 1]], { orderId: 'old', status: 'returned' })));
    assert.equal(kindsOf(pipeline).a, 'viewed');
    assert.equal(
      pipeline.profile('ann')!.bought.some(({ item }) => item === 'a'),
      false,
    );
  });

  test('What is revoked changes no pair: the next purchase weighs what it would have weighed', async () => {
    const totals = async (...between: readonly Click[]) => {
      const pipeline = new VisitorPipeline();
      await pipeline.process(
        recordsOf(
          click({ itemId: 'x' }),
          click({ itemId: 'a', kind: 'addToCart' }),
          ...between,
          purchase([['a', 1]], { orderId: 'last' }),
        ),
      );
      return pipeline.row('a')!.n;
    };
    assert.equal(await totals(click({ itemId: 'a', kind: 'removeFromCart' })), await totals());
  });
});

describe('Privacy', () => {
  test('Erasure keeps the word that limits what may be kept, and nothing else', async () => {
    for (const consent of ['limited', 'none'] as const) {
      const pipeline = new VisitorPipeline();
      await pipeline.process([
        privacyRecord({ action: 'consent', consent }),
        ...recordsOf(click({ sessionId: 's' })),
        privacyRecord({ action: 'erase' }),
      ]);
      assert.deepEqual(pipeline.profile('ann'), { ...emptyProfile(), consent });
      await pipeline.process(recordsOf(click({ itemId: 'b' }), purchase([['c', 1]])));
      const { recent, receipts, vector } = pipeline.profile('ann')!;
      assert.deepEqual({ recent, receipts, vector }, { recent: [], receipts: [], vector: undefined });
    }
  });

  test('Taking full consent back takes the orders out of the sums, and a later return finds nothing to take', async () => {
    const pipeline = new VisitorPipeline();
    const lines = [
      ['a', 1],
      ['b', 1],
    ] as const;
    await pipeline.process(recordsOf(purchase(lines)));
    await pipeline.process([
      privacyRecord({ action: 'consent', consent: 'limited', at: T + DAY_MS }),
      privacyRecord({ action: 'consent', consent: 'limited', at: T + DAY_MS + 1 }),
      ...recordsOf(purchase(lines, { status: 'returned', at: T + 2 * DAY_MS })),
    ]);
    assert.equal(massOf(pipeline), 0);
    assert.equal(pipeline.users.metrics.count('freshet.users.noted return-without-receipt'), 2);
  });

  test('With limited consent what was bought and disliked is blocked for the session, and the block entry goes with it', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(purchase([['old', 1]]), click({ itemId: 'older', kind: 'dislike' })));
    await pipeline.process([
      ...recordsOf(
        purchase([['a', 1]], { at: T + DAY_MS, orderId: 'o2' }),
        click({ itemId: 'b', kind: 'dislike', at: T + DAY_MS }),
      ),
      privacyRecord({ action: 'consent', consent: 'limited', at: T + DAY_MS }),
      ...recordsOf(
        purchase([['c', 1]], { at: T + DAY_MS, orderId: 'o3' }),
        click({ itemId: 'd', kind: 'dislike', at: T + DAY_MS }),
        // Late, of a session gone by: nothing of that may be kept.
        click({ itemId: 'e', kind: 'dislike', at: T + 1 }),
      ),
    ]);
    const blocked = () => {
      const { bought, disliked } = pipeline.profile('ann')!;
      return [...bought, ...disliked].map(({ item }) => item).join('');
    };
    assert.equal(blocked(), 'acbd');
    await pipeline.process(recordsOf(click({ itemId: 'f', at: T + DAY_MS + 1 })));
    assert.equal(blocked(), 'acbd');
    assert.equal(pipeline.visitorCalls.at(-1)![0]!.blocksChanged, false);
    await pipeline.process(recordsOf(click({ itemId: 'f', at: T + 2 * DAY_MS })));
    assert.equal(blocked(), '');
    assert.equal(pipeline.visitorCalls.at(-1)![0]!.blocksChanged, true);
  });

  test('Erasure subtracts the receipts and drops the profile; its lists are to be removed', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(
      recordsOf(
        purchase(
          [
            ['a', 1],
            ['b', 1],
          ],
          { sessionId: 's' },
        ),
      ),
    );
    await pipeline.process([privacyRecord({ action: 'erase' })]);
    assert.equal(massOf(pipeline), 0);
    assert.equal(pipeline.profile('ann'), undefined);
    assert.deepEqual(pipeline.visitorCalls.at(-1), [
      {
        visitorId: 'ann',
        profile: undefined,
        endedSessionIds: ['s'],
        blocksChanged: true,
        isNewVisit: false,
        isForgotten: true,
      },
    ]);
  });

  test('Without consent nothing is kept and nothing is counted', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process([privacyRecord({ action: 'consent', consent: 'none' })]);
    await pipeline.process(recordsOf(click(), purchase([['a', 1]])));
    assert.deepEqual(pipeline.profile('ann'), { ...emptyProfile(), consent: 'none' });
    assert.equal(pipeline.rows().size, 0);
    assert.equal(pipeline.users.metrics.count('freshet.users.noted without-consent'), 2);
    assert.equal(pipeline.visitorCalls.at(-1)![0]!.profile, undefined);
    await pipeline.process([privacyRecord({ action: 'consent', consent: 'full' })]);
    await pipeline.process(recordsOf(click()));
    assert.equal(pipeline.profile('ann')!.recent.length, 1);
  });

  test('Limited consent keeps the session only', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process([
      ...recordsOf(purchase([['a', 1]])),
      privacyRecord({ action: 'consent', consent: 'limited' }),
      ...recordsOf(click({ itemId: 'b', kind: 'like' })),
    ]);
    const { session, recent, receipts, vector } = pipeline.profile('ann')!;
    assert.deepEqual(
      session!.interactions.map(({ item }) => item),
      ['a', 'b'],
    );
    assert.deepEqual({ recent, receipts, vector }, { recent: [], receipts: [], vector: undefined });
  });
});

describe('Searches and referrers', () => {
  test('A search is kept by the hashes of its words, for six interactions of its session', async () => {
    const pipeline = new VisitorPipeline();
    const search = click({ kind: 'search', itemId: null, query: 'Oak  table of OAK', at: T });
    await pipeline.process(recordsOf(search));
    assert.deepEqual(pipeline.profile('ann')!.session!.searched, { words: ['oak', 'table'].map(itemHash), since: 0 });
    for (let i = 1; i < 6; i++) await pipeline.process(recordsOf(click({ itemId: `i${i}`, at: T + i })));
    assert.equal(pipeline.profile('ann')!.session!.searched!.since, 5);
    await pipeline.process(recordsOf(click({ itemId: 'i6', at: T + 6 })));
    assert.equal(pipeline.profile('ann')!.session!.searched, undefined);
  });

  test('The first referrer of a session is kept, and counts for the items of the events that name one', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(
      recordsOf(
        click({ itemId: 'a', referrer: 'https://News.example/page?user=1', at: T }),
        click({ itemId: 'b', referrer: 'other', at: T + 1 }),
        click({ itemId: 'c', referrer: 'x'.repeat(65), at: T + 2 }),
      ),
    );
    assert.equal(pipeline.profile('ann')!.session!.referrer, 'news.example');
    const counted = pipeline.segmentDeltas.flatMap(({ items: ids, segments }) =>
      segments.map(({ segment, items }) => [segment, ...Array.from(items, (item) => ids[item]!)]),
    );
    assert.deepEqual(
      counted.filter(([segment]) => segment!.startsWith('referrer=')),
      [
        ['referrer=news.example', 'a'],
        ['referrer=other', 'b'],
      ],
    );
  });
});

describe('Impressions', () => {
  const shownRecord = (number: number, items: readonly string[], at = T) => {
    const value: Impression = {
      eventId: `s${number}`,
      visitorId: 'ann',
      sessionId: null,
      at,
      listId: 'l',
      placement: 'home',
      variant: null,
      items: items.map((itemId, position) => ({ itemId, position })),
    };
    return streamRecord<VisitorEvent>({ topic: 'impressions', key: 'ann', timestampMs: at, value });
  };

  test('The third impression in vain makes a list, the others do not; a repeated one does not count', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T - 10 })));
    await pipeline.process([shownRecord(1, ['b', 'c']), shownRecord(2, ['b'])]);
    await pipeline.process([shownRecord(2, ['b'])]);
    assert.equal(pipeline.visitorCalls.length, 1);
    assert.equal(pipeline.profile('ann')!.asOf!.topic, 'clicks');
    await pipeline.process([shownRecord(3, ['b'])]);
    assert.equal(pipeline.visitorCalls.length, 2);
    const profile = pipeline.profile('ann')!;
    assert.equal(profile.asOf!.topic, 'impressions');
    assert.deepEqual(tiredOf(profile, T, 3), ['b']);
    assert.deepEqual(tiredOf(profile, T + 3 * DAY_MS, 3), []);
  });

  test('What the visitor does with an item wipes its impressions out', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T - 10 })));
    await pipeline.process([1, 2, 3].map((number) => shownRecord(number, ['b', 'c'])));
    await pipeline.process(recordsOf(click({ itemId: 'b', at: T + 1 })));
    assert.deepEqual(tiredOf(pipeline.profile('ann')!, T, 3), ['c']);
  });

  test('The impressions of a stranger, and of somebody with limited consent, leave nothing behind', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process([shownRecord(1, ['b'])]);
    assert.equal(pipeline.profile('ann'), undefined);
    await pipeline.process(recordsOf(click({ itemId: 'a' })));
    await pipeline.process([
      shownRecord(2, ['b']),
      privacyRecord({ action: 'consent', consent: 'limited', at: T + 1 }),
    ]);
    await pipeline.process([shownRecord(3, ['b'], T + 2)]);
    assert.deepEqual(pipeline.profile('ann')!.shown, []);
  });

  test('The items that are remembered are bounded: the least shown goes first', async () => {
    const pipeline = new VisitorPipeline();
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T - 10 })));
    const items = Array.from({ length: SHOWN_ITEMS }, (_, i) => `i${i}`);
    await pipeline.process([shownRecord(1, items), shownRecord(2, items.slice(1)), shownRecord(3, ['more'])]);
    const kept = pipeline.profile('ann')!.shown.map(({ item }) => item);
    assert.equal(kept.length, SHOWN_ITEMS);
    assert.ok(kept.includes('more') && !kept.includes('i0'));
  });

  test('The order of impressions does not count', async () => {
    const forwards: ShownItem[] = [];
    const backwards: ShownItem[] = [];
    const times = [0, DAY_MS, 5 * DAY_MS];
    for (const at of times) noteShown(forwards, 'a', at, 3);
    for (const at of [...times].reverse()) noteShown(backwards, 'a', at, 3);
    assert.equal(forwards[0]!.at, backwards[0]!.at);
    assert.ok(Math.abs(forwards[0]!.count - backwards[0]!.count) < 1e-6);
  });
});

describe('Profile bytes', () => {
  test('A profile reads back as it was, its bytes are those of version 3, and versions 1 and 2 are still read', async () => {
    const pipeline = new VisitorPipeline({ categoriesOf: () => ['tea'] });
    await pipeline.process(
      recordsOf(
        click({ eventId: 'e1', itemId: 'é', sessionId: 's', device: 'phone', region: 'north' }),
        purchase(
          [
            ['é', 2],
            ['cup', 1],
          ],
          { eventId: 'e2', at: T + 5, orderId: 'o' },
        ),
        click({ eventId: 'e3', itemId: 'pot', kind: 'dislike', at: T + 6 }),
      ),
    );
    const profile = pipeline.profile('ann')!;
    const bytes = profileSerde.serialize(profile);
    assert.deepEqual(profileSerde.deserialize(bytes), profile);
    assert.equal(Buffer.from(bytes).toString('hex'), GOLDEN_PROFILE);
    const shown = { ...profile, shown: [{ item: 'cup', count: 1.5, at: T }] };
    assert.deepEqual(profileSerde.deserialize(profileSerde.serialize(shown)), shown);
    for (const earlier of [GOLDEN_PROFILE_1, GOLDEN_PROFILE_2])
      assert.deepEqual(profileSerde.deserialize(Buffer.from(earlier, 'hex')), profile);
    const session = { ...profile.session!, referrer: 'news', searched: { words: [7, 2 ** 52], since: 3 } };
    const searched = { ...profile, session };
    assert.deepEqual(profileSerde.deserialize(profileSerde.serialize(searched)), searched);
    const [viewed] = profile.session!.interactions;
    viewed!.revoked = kindBit.addToCart;
    assert.deepEqual(profileSerde.deserialize(profileSerde.serialize(profile)), profile);
    assert.throws(() => profileSerde.deserialize(bytes.subarray(0, bytes.length - 1)), {
      code: 'STATE_FORMAT_UNKNOWN',
    });
    assert.throws(() => profileSerde.deserialize(Uint8Array.of(9)), { code: 'STATE_FORMAT_UNKNOWN' });
  });
});

const GOLDEN_PROFILE =
  '031c8ca0abfef96206636c69636b730002030265330265320265310101730c00020002c3a92100000363757020000000020121020220020201020202010003706f7400038db63d56ea1a0a33c737977fa805b475f677051c1401016f02000001010102010201000374656102010104010570686f6e6501056e6f7274680080a08796f662003040086a001120fe1fde55a0741540fe1fde55a0741540fe1fde55a07415c0721998407817104047f05456a0740540721998407817104072199840781710c0fe1fde55a074154047f05456a07405403a85b655a074f53f47f05456a07405c000';

/** The same profile in version 2, which knew nothing that was shown. */
const GOLDEN_PROFILE_2 =
  '021c8ca0abfef96206636c69636b730002030265330265320265310101730c00020002c3a9210000036375702000020121020220020201020202010003706f7400038db63d56ea1a0a33c737977fa805b475f677051c1401016f02000001010102010201000374656102010104010570686f6e6501056e6f7274680080a08796f662003040086a001120fe1fde55a0741540fe1fde55a0741540fe1fde55a07415c0721998407817104047f05456a0740540721998407817104072199840781710c0fe1fde55a074154047f05456a07405403a85b655a074f53f47f05456a07405c0';

/** The same profile in version 1, which knew no revoked kinds. */
const GOLDEN_PROFILE_1 =
  '011c8ca0abfef96206636c69636b730002030265330265320265310101730c00020002c3a921000363757020020121020220020201020202010003706f7400038db63d56ea1a0a33c737977fa805b475f677051c1401016f02000001010102010201000374656102010104010570686f6e6501056e6f7274680080a08796f662003040086a001120fe1fde55a0741540fe1fde55a0741540fe1fde55a07415c0721998407817104047f05456a0740540721998407817104072199840781710c0fe1fde55a074154047f05456a07405403a85b655a074f53f47f05456a07405c0';
