import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedSegment, publishedSegmentSerde, trendOf } from '../../../processors/popularity-published.ts';
import { addDelta, emptySegment, SEGMENT_ITEMS, type SegmentState } from '../../../processors/popularity-segment.ts';
import { segmentBaseSerde, segmentHeadSerde } from '../../../processors/popularity-stored.ts';
import { DAY } from './records.ts';
import { deltasOf, HALF_LIVES, type Sale, StoredSegment } from './segment-sales.ts';

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
  assert.deepEqual(state.items, ['b']);
  assert.equal(dropped, 1);
});

test('a segment grows by a quarter over its bound and is then cut to the heaviest items', () => {
  const sales = (count: number) => Array.from({ length: count }, (_, i) => ({ item: `i${i}`, atMs: 0, weight: i + 1 }));
  assert.equal(stateOf([sales(SEGMENT_ITEMS * 1.25)]).state.items.length, SEGMENT_ITEMS * 1.25);
  const { state } = stateOf([sales(SEGMENT_ITEMS * 1.25 + 1)]);
  assert.equal(state.items.length, SEGMENT_ITEMS);
  assert.equal(state.items.includes(`i${SEGMENT_ITEMS * 1.25}`), true);
  assert.equal(state.items.includes('i100'), false);
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

test('head and base of a segment have the bytes that earlier releases wrote', () => {
  const { state } = stateOf([[{ item: 'b', atMs: 40 * DAY, weight: 1 }], [{ item: 'a', atMs: 40 * DAY, weight: 2 }]]);
  state.publishedAtMs = 41 * DAY;
  const times = '8080f3df198080f3df198080f3df1906636c69636b7300000101650380f0a5b21a02';
  const b = '0162000000000000f03f000000000000f03f';
  const a = '016100000000000000400000000000000040';
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  assert.equal(hex(segmentHeadSerde.serialize(state)), `02${times}${b}${a}`);
  assert.equal(hex(segmentBaseSerde.serialize(state.takeBase())), `0102${b}${a}`);
});

test('a segment of the first format, which had no base, is read and written in the present one', () => {
  const hex =
    '018080f3df198080f3df198080f3df1906636c69636b7300000101650380f0a5b21a02' +
    '01610000000000000040000000000000004001620000000000' +
    '00f03f000000000000f03f';
  const stored = new StoredSegment();
  stored.head = Buffer.from(hex, 'hex');
  const read = stored.read();
  assert.deepEqual([read.isWhole, read.needsBase, read.publishedAtMs], [true, true, 41 * DAY]);
  assert.deepEqual(
    [read.items, [...read.popular.slice(0, 2)]],
    [
      ['a', 'b'],
      [2, 1],
    ],
  );
  stored.write(read);
  const again = stored.read();
  assert.deepEqual([again.items, [...again.popular.slice(0, 2)], again.asOf], [['a', 'b'], [2, 1], read.asOf]);
});

test('a segment that was stopped and started after any batch is stored in the same bytes as one that went on', () => {
  const stopped = new StoredSegment();
  const lasting = new StoredSegment();
  let state = undefined as SegmentState | undefined;
  let mostItems = 0;
  for (let i = 0; i < 400; i++) {
    // New items, items that come again, and some that are taken back to nothing.
    const sales = Array.from({ length: 1 + (i % 4) }, (_, k) => ({
      item: `i${(i * 11 + k * k) % 900}`,
      atMs: i * DAY,
      weight: 1,
    }));
    const back = i % 23 === 5 ? [{ item: `i${((i - 5) * 11) % 900}`, atMs: (i - 5) * DAY, weight: -1 }] : [];
    const deltas = deltasOf([...sales, ...back]);
    const read = stopped.read(deltas);
    state ??= emptySegment(deltas, deltas.segments[0]!);
    for (const [one, store] of [
      [read, stopped],
      [state, lasting],
    ] as const) {
      addDelta(one, deltas, deltas.segments[0]!, HALF_LIVES);
      store.write(one);
    }
    mostItems = Math.max(mostItems, state.items.length);
    assert.deepEqual(stopped.head, lasting.head, `head after batch ${i}`);
    assert.deepEqual(stopped.base, lasting.base, `base after batch ${i}`);
  }
  assert.ok(mostItems > SEGMENT_ITEMS * 1.2 && state!.items.length < mostItems, 'a cut was among them');
});

test('a commit that changes one item of many writes no base', () => {
  const stored = new StoredSegment();
  const many = deltasOf(Array.from({ length: 300 }, (_, i) => ({ item: `i${i}`, atMs: 0, weight: 1 })));
  const state = stored.read(many);
  addDelta(state, many, many.segments[0]!, HALF_LIVES);
  stored.write(state);
  const base = stored.base;
  assert.ok(base !== undefined && base.length > 300 * 16);
  const one = deltasOf([{ item: 'i7', atMs: DAY, weight: 1 }]);
  addDelta(state, one, one.segments[0]!, HALF_LIVES);
  stored.write(state);
  assert.equal(stored.base, base);
  assert.ok(stored.head!.length < 100);
});

test('a published segment comes back from its bytes as it was', () => {
  const sales = Array.from({ length: 300 }, (_, i) => ({ item: `i${i % 170}`, atMs: i * DAY, weight: 1 + (i % 7) }));
  const published = publishedSegment('category=Töpfe', stateOf([sales]).state, HALF_LIVES);
  assert.deepEqual(publishedSegmentSerde.deserialize(publishedSegmentSerde.serialize(published)), published);
  assert.ok(published.items.length >= 120);
});

test('a sum that an earlier release let overflow is read as nothing', () => {
  const { state } = stateOf([[{ item: 'a', atMs: 40 * DAY, weight: 1 }]]);
  state.trending[0] = Number.POSITIVE_INFINITY;
  const stored = new StoredSegment();
  stored.write(state);
  assert.equal(stored.read().trending[0], 0);
  state.needsBase = true;
  stored.write(state);
  assert.equal(stored.read().trending[0], 0);
  const published = publishedSegment('global', state, HALF_LIVES);
  assert.equal(publishedSegmentSerde.deserialize(publishedSegmentSerde.serialize(published)).trending[0], 0);
});

test('state of an unknown version is refused', () => {
  assert.throws(() => segmentHeadSerde.deserialize(Uint8Array.of(7)), { code: 'STATE_FORMAT_UNKNOWN' });
  assert.throws(() => segmentBaseSerde.deserialize(Uint8Array.of(7)), { code: 'STATE_FORMAT_UNKNOWN' });
  assert.throws(() => publishedSegmentSerde.deserialize(Uint8Array.of(7)), { code: 'STATE_FORMAT_UNKNOWN' });
});
