// The value of the store `segments` (key: segment): the heaviest items of one segment, each with two forward-decayed sums, one of
// a long and one of a short half-life. Deltas are added whenever they come; a late one has a small factor already.
//
// Invariants: no sum is negative, no item has both sums 0, and after a change there are at most 500 items (400 kept by weight,
// grown by a quarter, then cut). An item that was cut and comes back starts at 0; a taking-back of an absent item is dropped.
//
// Bytes: u8 version, signed popularLandmarkMs, signed trendingLandmarkMs, asOf (event-codec.ts), u8 flags (1 due, 2 published),
// signed publishedAtMs if published, varint items, then for each in order of its text: text, f64 popular, f64 trending.

import type { Serde } from '../engine/api/index.ts';
import { EngineError } from '../engine/api/index.ts';
import { addMass, type HalfLives, movedLandmark, rebaseFactor } from './decay.ts';
import { type AsOf, advanceAsOf } from './profile/as-of.ts';
import { ByteReader, ByteWriter } from './profile/bytes.ts';
import { readAsOf, writeAsOf } from './profile/event-codec.ts';
import type { SegmentDelta, SegmentDeltas } from './profile/segment-deltas.ts';

/** Items that a cut keeps. Lists have 60; at half of this an item that rises slowly may never get in. */
export const SEGMENT_ITEMS = 400;
const GROWN_ITEMS = SEGMENT_ITEMS * 1.25;

/** Sums of one item. */
export interface SegmentEntry {
  /** Against `popularLandmarkMs`. */
  popular: number;
  /** Against `trendingLandmarkMs`. */
  trending: number;
}

/** Popularity of one segment. */
export interface SegmentState {
  popularLandmarkMs: number;
  trendingLandmarkMs: number;
  asOf: AsOf;
  /** Stream time of the last publication, epoch ms; `undefined` before the first. */
  publishedAtMs: number | undefined;
  /** Changed since the last publication. */
  isDue: boolean;
  /** By item id. */
  readonly entries: Map<string, SegmentEntry>;
}

/** The state before its first delta. */
export function emptySegment(deltas: SegmentDeltas, first: SegmentDelta): SegmentState {
  return {
    popularLandmarkMs: deltas.popularLandmarkMs,
    trendingLandmarkMs: deltas.trendingLandmarkMs,
    asOf: advanceAsOf(undefined, first.newest),
    publishedAtMs: undefined,
    isDue: false,
    entries: new Map(),
  };
}

/** Adds a delta in place. Returns how many of its items were dropped: taken back, but absent. */
export function addDelta(
  state: SegmentState,
  deltas: SegmentDeltas,
  delta: SegmentDelta,
  halfLives: Pick<HalfLives, 'popularMs' | 'trendingMs'>,
): number {
  moveLandmarks(state, delta.newest.at, halfLives);
  const popularFactor = rebaseFactor(deltas.popularLandmarkMs, state.popularLandmarkMs, halfLives.popularMs);
  const trendingFactor = rebaseFactor(deltas.trendingLandmarkMs, state.trendingLandmarkMs, halfLives.trendingMs);
  let dropped = 0;
  for (let i = 0; i < delta.items.length; i++) {
    const item = delta.items[i]!;
    const popular = delta.popular[i]! * popularFactor;
    const trending = delta.trending[i]! * trendingFactor;
    const entry = state.entries.get(item);
    if (entry === undefined) {
      if (popular > 0) state.entries.set(item, { popular, trending: Math.max(0, trending) });
      else dropped++;
      continue;
    }
    entry.popular = addMass(entry.popular, popular);
    entry.trending = addMass(entry.trending, trending);
    if (entry.popular === 0) state.entries.delete(item);
  }
  state.asOf = advanceAsOf(state.asOf, delta.newest);
  state.isDue = true;
  if (state.entries.size > GROWN_ITEMS) cut(state);
  return dropped;
}

function moveLandmarks(
  state: SegmentState,
  timeMs: number,
  { popularMs, trendingMs }: Pick<HalfLives, 'popularMs' | 'trendingMs'>,
): void {
  const popularLandmarkMs = movedLandmark(state.popularLandmarkMs, timeMs, popularMs);
  const trendingLandmarkMs = movedLandmark(state.trendingLandmarkMs, timeMs, trendingMs);
  if (popularLandmarkMs === state.popularLandmarkMs && trendingLandmarkMs === state.trendingLandmarkMs) return;
  const popularFactor = rebaseFactor(state.popularLandmarkMs, popularLandmarkMs, popularMs);
  const trendingFactor = rebaseFactor(state.trendingLandmarkMs, trendingLandmarkMs, trendingMs);
  for (const [item, entry] of state.entries) {
    entry.popular *= popularFactor;
    entry.trending *= trendingFactor;
    if (entry.popular === 0) state.entries.delete(item);
  }
  state.popularLandmarkMs = popularLandmarkMs;
  state.trendingLandmarkMs = trendingLandmarkMs;
}

function cut(state: SegmentState): void {
  const lightestFirst = [...state.entries].sort(
    ([aItem, a], [bItem, b]) => a.popular - b.popular || (aItem > bItem ? -1 : 1),
  );
  for (let i = 0; i < lightestFirst.length - SEGMENT_ITEMS; i++) state.entries.delete(lightestFirst[i]![0]);
}

const VERSION = 1;
const DUE = 1;
const PUBLISHED = 2;
const writer = new ByteWriter(16_384);

/** Serde of {@link SegmentState}. */
export const segmentStateSerde: Serde<SegmentState> = {
  serialize(state) {
    writer.reset();
    writer.u8(VERSION);
    writer.signed(state.popularLandmarkMs);
    writer.signed(state.trendingLandmarkMs);
    writeAsOf(writer, state.asOf);
    writer.u8((state.isDue ? DUE : 0) | (state.publishedAtMs === undefined ? 0 : PUBLISHED));
    if (state.publishedAtMs !== undefined) writer.signed(state.publishedAtMs);
    writer.varint(state.entries.size);
    for (const item of [...state.entries.keys()].sort()) {
      const entry = state.entries.get(item)!;
      writer.text(item);
      writer.f64(entry.popular);
      writer.f64(entry.trending);
    }
    return writer.finish();
  },

  deserialize(bytes) {
    if (bytes[0] !== VERSION) throw new EngineError('STATE_FORMAT_UNKNOWN', `segment of unknown version ${bytes[0]}`);
    const reader = new ByteReader(bytes);
    reader.u8();
    const popularLandmarkMs = reader.signed();
    const trendingLandmarkMs = reader.signed();
    const asOf = readAsOf(reader);
    const flags = reader.u8();
    const publishedAtMs = (flags & PUBLISHED) === 0 ? undefined : reader.signed();
    const entries = new Map<string, SegmentEntry>();
    for (let left = reader.count(); left > 0; left--) {
      const item = reader.text();
      const popular = reader.f64();
      const trending = reader.f64();
      entries.set(item, { popular, trending });
    }
    reader.end();
    return { popularLandmarkMs, trendingLandmarkMs, asOf, publishedAtMs, isDue: (flags & DUE) !== 0, entries };
  },
};
