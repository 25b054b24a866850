import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExampleMaker, SAMPLED_OF } from '../../../processors/learner/example-maker.ts';
import { type LearnerState, learnerStateSerde } from '../../../processors/learner/ranker-codec.ts';
import { LearnerProcessor, RANKER_KEY } from '../../../processors/learner.ts';
import { emptyProfile, type Profile } from '../../../processors/profile/profile.ts';
import { kindBit } from '../../../processors/profile/signals.ts';
import { FEATURE_COUNT, FEATURES } from '../../../processors/scoring/features.ts';
import type { ServedRanker } from '../../../processors/scoring/learned.ts';
import type { RankerExample } from '../../../processors/scoring/ranker-learning.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import type { Click } from '../../../schemas/records.ts';
import { FakeContext } from '../../support/fake-context.ts';
import { indexOf, neighbour } from './records.ts';

const records = ['a', 'b', 'c'].map((id) => neighbour(id, { a: { f: 2 }, b: { f: 1, b: 3 }, c: { f: 1 } }));
const index = indexOf(records, ['a', 'b', 'c']);
const rows = { recordOf: (id: string) => records.find(({ itemId }) => itemId === id), loadRecords() {} };

/** An event id that is sampled, the n-th. */
const sampledId = (n: number): string => {
  for (let i = 0; ; i++) if (itemHash(`e${i}`) % SAMPLED_OF === 0 && n-- === 0) return `e${i}`;
};

function viewed(...items: readonly string[]): Profile {
  const interactions = items.map((item) => ({ item, kinds: kindBit.view, revoked: 0 }));
  const session = {
    id: undefined,
    startedAt: 0,
    lastAt: 1_000,
    interactions,
    referrer: undefined,
    searched: undefined,
  };
  return { ...emptyProfile(), session };
}

function view(itemId: string, overrides: Partial<Click> = {}): Click {
  const none = {
    userId: null,
    sessionId: null,
    query: null,
    listId: null,
    placement: null,
    rating: null,
    dwellMs: null,
  };
  const where = { device: null, region: null, referrer: null };
  return {
    eventId: sampledId(0),
    visitorId: 'v',
    kind: 'view',
    itemId,
    at: 2_000,
    ...none,
    ...where,
    ...overrides,
  } as Click;
}

const IN_SESSION = FEATURES.findIndex(([name]) => name === 'in the session');

test('a sampled look inside a session is an example: the item first, then the other candidates', () => {
  const example = new ExampleMaker(index).example(viewed('a'), view('b'), rows)!;
  assert.equal(example.count, 3);
  assert.equal(example.drawnFrom, 3);
  assert.equal(example.bucket, 0);
  // The item of the session is among the others, with the features of a repetition.
  const repeated = [0, 1, 2].map((c) => example.values[c * FEATURE_COUNT + IN_SESSION]);
  assert.equal(repeated[0], 0);
  assert.deepEqual(repeated.slice(1).sort(), [0, 1]);
});

test('a click in a list is held against what else was shown in the session and not taken', () => {
  const maker = new ExampleMaker(index);
  const shownAt = (at: number, ...items: readonly string[]): Profile => ({
    ...viewed('a'),
    session: { ...viewed('a').session!, startedAt: 500 },
    shown: items.map((item) => ({ item, count: 1, at })),
  });
  const candidatesOf = (profile: Profile, kind: Click['kind'] = 'listClick') =>
    maker.example(profile, view('b', { kind }), rows)!.count;
  const example = maker.example(shownAt(700, 'b', 'c', 'unknown'), view('b', { kind: 'listClick' }), rows)!;
  assert.deepEqual([example.count, example.drawnFrom, example.drawnFor], [2, 2, 1]);
  const all = maker.example(viewed('a'), view('b'), rows)!;
  const rowOf = ({ values }: RankerExample, place: number) =>
    [...values.slice(place * FEATURE_COUNT, (place + 1) * FEATURE_COUNT)].join();
  assert.equal(rowOf(example, 0), rowOf(all, 0));
  assert.ok([1, 2].some((place) => rowOf(example, 1) === rowOf(all, place)));
  // Shown in an earlier session, nothing else shown, or no click in a list: all candidates.
  assert.equal(candidatesOf(shownAt(400, 'b', 'c')), 3);
  assert.equal(candidatesOf(shownAt(700, 'b')), 3);
  assert.equal(candidatesOf(shownAt(700, 'b', 'c'), 'view'), 3);
});

test('a look is no example outside a session, when it is late, joins the one before, is not sampled or no candidate', () => {
  const maker = new ExampleMaker(index);
  const unsampled = Array.from({ length: 50 }, (_, i) => `e${i}`).find((id) => itemHash(id) % SAMPLED_OF !== 0)!;
  const clicked = viewed('a');
  clicked.session!.interactions[0]!.kinds = kindBit.listClick;
  assert.equal(maker.example(emptyProfile(), view('b'), rows), undefined);
  assert.equal(maker.example(viewed('a'), view('b', { at: 999 }), rows), undefined);
  assert.equal(maker.example(clicked, view('a'), rows), undefined);
  assert.equal(maker.example(viewed('a'), view('b', { eventId: unsampled }), rows), undefined);
  assert.equal(maker.example(viewed('a'), view('unknown'), rows), undefined);
  assert.equal(maker.example(viewed('a'), view('b', { kind: 'addToCart' }), rows), undefined);
});

test('the learner learns from every example and publishes the average at most every ten seconds, the same after a restart', () => {
  const maker = new ExampleMaker(index);
  const examples = ['b', 'c', 'b', 'a'].map(
    (item, i) => maker.example(viewed('a'), view(item, { eventId: sampledId(i) }), rows)!,
  );
  const run = (restarts: boolean) => {
    const stores = { 'ranker-state': learnerStateSerde };
    let context = new FakeContext({ stores });
    const published: ServedRanker[] = [];
    const start = () => {
      const processor = new LearnerProcessor({ stateStore: 'ranker-state', rankerSink: 'ranker' });
      processor.init(context);
      return processor;
    };
    let processor = start();
    examples.forEach((value: RankerExample, i) => {
      context.streamTimeMs = 20_000 + i * 4_000;
      processor.process([{ value } as never]);
      published.push(...context.takeSent<ServedRanker>('ranker'));
      context.commit();
      if (!restarts) return;
      context = new FakeContext({ stores, database: context.database });
      processor = start();
    });
    const state = context.store<never>('ranker-state') as unknown as { get(key: string): LearnerState };
    return { published, state: state.get(RANKER_KEY) };
  };
  const straight = run(false);
  assert.deepEqual(
    straight.published.map(({ examples: count }) => count),
    [1, 4],
  );
  assert.equal(straight.state.examples, 4);
  assert.deepEqual(run(true), straight);
});
