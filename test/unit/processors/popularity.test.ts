import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedSegment, publishedSegmentSerde, trendOf } from '../../../processors/popularity-published.ts';
import { addDelta, emptySegment, SEGMENT_ITEMS, segmentStateSerde } from '../../../processors/popularity-segment.ts';
import { DAY } from './records.ts';
import { deltasOf, HALF_LIVES, type Sale } from './segment-sales.ts';

function stateOf(batches: readonly (readonly Sale[])[]) {
  const first = deltasOf(batches[0]!);
  const state = emptySegment(first, first.segments[0]!);
  let dropped = 0;
  for (const batch of batches) {
    const deltas = deltasOf(batch);
    dropped += addDelta(state, deltas, deltas.segments[0]!, HALF_LIVES);
  }
  return { state, dropped };
}

test('a late sale weighs as much as if it had come in time', () => {
  const old = { item: 'a', atMs: 3 * DAY, weight: 2 };
  const recent = { item: 'a', atMs: 20 * DAY, weight: 1 };
  const [inTime, late] = [stateOf([[old], [recent]]), stateOf([[recent], [old]])].map(
    ({ state }) => publishedSegment('global', state, HALF_LIVES).popular[0]!,
  );
  assert.ok(Math.abs(inTime! - late!) < 1e-12);
});

test('what is taken back at its own time leaves nothing, and of an absent item it is dropped and counted', () => {
  const sale = { item: 'a', atMs: 3 * DAY, weight: 2 };
  const { state, dropped } = stateOf([
    [sale, { item: 'b', atMs: 4 * DAY, weight: 1 }],
    [{ ...sale, weight: -2 }],
    [{ item: 'never', atMs: 5 * DAY, weight: -1 }],
  ]);
  assert.deepEqual([...state.entries.keys()], ['b']);
  assert.equal(dropped, 1);
});

test('a segment grows by a quarter over its bound and is then cut to the heaviest items', () => {
  const sales = (count: number) => Array.from({ length: count }, (_, i) => ({ item: `i${i}`, atMs: 0, weight: i + 1 }));
  assert.equal(stateOf([sales(SEGMENT_ITEMS * 1.25)]).state.entries.size, SEGMENT_ITEMS * 1.25);
  const { state } = stateOf([sales(SEGMENT_ITEMS * 1.25 + 1)]);
  assert.equal(state.entries.size, SEGMENT_ITEMS);
  assert.equal(state.entries.has(`i${SEGMENT_ITEMS * 1.25}`), true);
  assert.equal(state.entries.has('i100'), false);
});

test('an item trends when it sells more of late than its long run makes expect', () => {
  const steady = Array.from({ length: 60 }, (_, day) => ({ item: 'steady', atMs: day * DAY, weight: 5 }));
  const rising = Array.from({ length: 12 }, (_, i) => ({ item: 'rising', atMs: 58 * DAY + (i * DAY) / 8, weight: 5 }));
  const published = publishedSegment('global', stateOf([[...steady, ...rising]]).state, HALF_LIVES);
  const trend = new Map(published.items.map((item, i) => [item, published.trending[i]!]));
  assert.equal(published.items[0], 'steady');
  assert.ok(trend.get('rising')! > 2 * trend.get('steady')!);
  assert.equal(trendOf(10 * (HALF_LIVES.popularMs / HALF_LIVES.trendingMs), 10, HALF_LIVES), 0);
});

test('a segment has the bytes that earlier releases wrote, whatever the order of its items in memory', () => {
  const { state } = stateOf([[{ item: 'b', atMs: 40 * DAY, weight: 1 }], [{ item: 'a', atMs: 40 * DAY, weight: 2 }]]);
  state.publishedAtMs = 41 * DAY;
  const hex =
    '018080f3df198080f3df198080f3df1906636c69636b7300000101650380f0a5b21a02' +
    '01610000000000000040000000000000004001620000000000' +
    '00f03f000000000000f03f';
  const bytes = segmentStateSerde.serialize(state);
  assert.equal(Buffer.from(bytes).toString('hex'), hex);
  const read = segmentStateSerde.deserialize(bytes);
  assert.deepEqual(read, { ...state, entries: new Map([...state.entries].sort()) });
});

test('a published segment comes back from its bytes as it was', () => {
  const sales = Array.from({ length: 300 }, (_, i) => ({ item: `i${i % 170}`, atMs: i * DAY, weight: 1 + (i % 7) }));
  const published = publishedSegment('category=Töpfe', stateOf([sales]).state, HALF_LIVES);
  assert.deepEqual(publishedSegmentSerde.deserialize(publishedSegmentSerde.serialize(published)), published);
  assert.ok(published.items.length >= 120);
});

test('state of an unknown version is refused', () => {
  assert.throws(() => segmentStateSerde.deserialize(Uint8Array.of(7)), { code: 'STATE_FORMAT_UNKNOWN' });
  assert.throws(() => publishedSegmentSerde.deserialize(Uint8Array.of(7)), { code: 'STATE_FORMAT_UNKNOWN' });
});
