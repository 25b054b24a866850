// The state of one segment: its heaviest items, each with two forward-decayed sums, one of a long and one of a short half-life.
// Deltas are added whenever they come; a late one has a small factor already.
//
// It is stored in two parts, so that a commit writes about as much as it changed: the base has all items as they were
// some time ago, the head has times, marks and the items that changed since, with their sums (bytes: popularity-stored.ts).
// Encoding whole segments of 15 kB took 240 µs of CPU for an event in commits of 20 events (of 1,060 in all), and so it takes 35;
// 2.4 kB are written instead of 7.7. (20,000 simulated events, four tasks, RocksDB, two cores, Node 24.) One key for each item
// instead would cost 9 µs for each change, which is what any key costs a commit.
//
// The state in memory is the decoded value of the head. So it goes where the store goes: a rollback that forgets the head forgets
// what was changed here, and it is made again from head and base when it is next wanted.
//
// Invariants: no sum is negative, no item has a popularity of 0, and after a change there are at most 500 items (400 kept by weight,
// grown by a quarter, then cut). An item that was cut and comes back starts at 0; a taking-back of an absent item is dropped.
// Items keep the order in which they came, whenever the state is written and read.

import { addMass, type HalfLives, movedLandmark, rebaseFactor } from './decay.ts';
import { type AsOf, advanceAsOf } from './profile/as-of.ts';
import type { SegmentDelta, SegmentDeltas } from './profile/segment-deltas.ts';

/** Items that a cut keeps. Lists have 60; at half of this an item that rises slowly may never get in. */
export const SEGMENT_ITEMS = 400;
const GROWN_ITEMS = SEGMENT_ITEMS * 1.25;
/**
 * Changed items that a head holds before a new base is written. Every commit writes the head, about 25 bytes for each; every so
 * many changes cost a base of 12 kB. At half of it bases cost more than heads, at double heads more than bases, for commits of
 * 1 to 10 changes to a segment.
 */
const HEAD_ITEMS = 64;
const INITIAL_CAPACITY = 16;
type Times = Pick<HalfLives, 'popularMs' | 'trendingMs'>;

/** Items with their sums. The arrays have the same order; those of numbers may be longer. */
export interface SegmentItems {
  readonly items: readonly string[];
  /** Against `popularLandmarkMs` of the segment. */
  readonly popular: Float64Array;
  /** Against `trendingLandmarkMs` of the segment. */
  readonly trending: Float64Array;
}

/** Popularity of one segment. */
export class SegmentState implements SegmentItems {
  popularLandmarkMs: number;
  trendingLandmarkMs: number;
  asOf: AsOf;
  /** Stream time of the last publication, epoch ms; `undefined` before the first. */
  publishedAtMs: number | undefined;
  /** Changed since the last publication. */
  isDue = false;
  items: string[] = [];
  popular: Float64Array = new Float64Array(INITIAL_CAPACITY);
  trending: Float64Array = new Float64Array(INITIAL_CAPACITY);
  /** Positions in `items` that differ from the base, in the order in which they first did. */
  readonly changed = new Set<number>();
  /** The base is to be written, as more has changed than the head can tell. */
  needsBase = false;
  /** The items of the base are in. A state that was just read from its head has the changed items alone. */
  isWhole: boolean;
  readonly #positions = new Map<string, number>();
  /** The first so many of `items` are in `#positions`. Of a thousand that come with a batch most are cut before anybody asks for them. */
  #positioned = 0;

  constructor(popularLandmarkMs: number, trendingLandmarkMs: number, asOf: AsOf, isWhole: boolean) {
    this.popularLandmarkMs = popularLandmarkMs;
    this.trendingLandmarkMs = trendingLandmarkMs;
    this.asOf = asOf;
    this.isWhole = isWhole;
  }

  /** Position of an item; `undefined` where it is absent. */
  positionOf(item: string): number | undefined {
    for (; this.#positioned < this.items.length; this.#positioned++)
      this.#positions.set(this.items[this.#positioned]!, this.#positioned);
    return this.#positions.get(item);
  }

  /** Puts an item that is absent behind the others. */
  append(item: string, popular: number, trending: number): void {
    const position = this.items.length;
    if (position === this.popular.length) {
      this.popular = grown(this.popular);
      this.trending = grown(this.trending);
    }
    this.items.push(item);
    this.popular[position] = popular;
    this.trending[position] = trending;
    this.markChanged(position);
  }

  /** Notes that an item's sums differ from the base. */
  markChanged(position: number): void {
    if (this.needsBase) return;
    this.changed.add(position);
    if (this.changed.size > HEAD_ITEMS) this.needsBase = true;
  }

  /** Puts the items of the base (`undefined`: none was written yet) under those that changed since. */
  complete(base: SegmentItems | undefined): void {
    if (this.isWhole) return;
    this.isWhole = true;
    if (base === undefined) return;
    const { items, popular, trending } = this;
    this.items = base.items.slice();
    this.popular = base.popular.slice();
    this.trending = base.trending.slice();
    this.#forgetPositions();
    this.changed.clear();
    for (let i = 0; i < items.length; i++) {
      const position = this.positionOf(items[i]!);
      if (position === undefined) {
        this.append(items[i]!, popular[i]!, trending[i]!);
        continue;
      }
      this.popular[position] = popular[i]!;
      this.trending[position] = trending[i]!;
      this.markChanged(position);
    }
  }

  /** All items as they are now, to be stored as the base in the same commit. */
  takeBase(): SegmentItems {
    this.needsBase = false;
    this.changed.clear();
    const size = this.items.length;
    return { items: this.items.slice(), popular: this.popular.slice(0, size), trending: this.trending.slice(0, size) };
  }

  /** Drops every item whose popularity is 0. */
  removeEmpty(): void {
    this.needsBase = true;
    this.#forgetPositions();
    let size = 0;
    for (let i = 0; i < this.items.length; i++) {
      const popular = this.popular[i]!;
      if (popular === 0) continue;
      this.items[size] = this.items[i]!;
      this.popular[size] = popular;
      this.trending[size] = this.trending[i]!;
      size++;
    }
    this.items.length = size;
  }

  #forgetPositions(): void {
    this.#positions.clear();
    this.#positioned = 0;
  }
}

/** The state before its first delta. */
export function emptySegment(deltas: SegmentDeltas, first: SegmentDelta): SegmentState {
  const asOf = advanceAsOf(undefined, first.newest);
  return new SegmentState(deltas.popularLandmarkMs, deltas.trendingLandmarkMs, asOf, true);
}

/** Adds a delta to a whole state in place. Returns how many of its items were dropped: taken back, but absent. */
export function addDelta(state: SegmentState, deltas: SegmentDeltas, delta: SegmentDelta, halfLives: Times): number {
  // The batch may hold something newer than this delta does, and its sums are against landmarks of that.
  const newestMs = Math.max(delta.newest.at, deltas.popularLandmarkMs, deltas.trendingLandmarkMs);
  moveLandmarks(state, newestMs, halfLives);
  const popularFactor = rebaseFactor(deltas.popularLandmarkMs, state.popularLandmarkMs, halfLives.popularMs);
  const trendingFactor = rebaseFactor(deltas.trendingLandmarkMs, state.trendingLandmarkMs, halfLives.trendingMs);
  let dropped = 0;
  let hasEmpty = false;
  // Asked for before any is added: each item is in a delta once.
  const positions: (number | undefined)[] = [];
  for (const number of delta.items) positions.push(state.positionOf(deltas.items[number]!));
  for (let i = 0; i < positions.length; i++) {
    const popular = delta.popular[i]! * popularFactor;
    const trending = delta.trending[i]! * trendingFactor;
    const position = positions[i];
    if (position === undefined) {
      if (popular > 0) state.append(deltas.items[delta.items[i]!]!, popular, Math.max(0, trending));
      else dropped++;
      continue;
    }
    state.popular[position] = addMass(state.popular[position]!, popular);
    state.trending[position] = addMass(state.trending[position]!, trending);
    state.markChanged(position);
    hasEmpty ||= state.popular[position] === 0;
  }
  if (hasEmpty) state.removeEmpty();
  state.asOf = advanceAsOf(state.asOf, delta.newest);
  state.isDue = true;
  if (state.items.length > GROWN_ITEMS) cut(state);
  return dropped;
}

function moveLandmarks(state: SegmentState, timeMs: number, { popularMs, trendingMs }: Times): void {
  const popularLandmarkMs = movedLandmark(state.popularLandmarkMs, timeMs, popularMs);
  const trendingLandmarkMs = movedLandmark(state.trendingLandmarkMs, timeMs, trendingMs);
  if (popularLandmarkMs === state.popularLandmarkMs && trendingLandmarkMs === state.trendingLandmarkMs) return;
  const popularFactor = rebaseFactor(state.popularLandmarkMs, popularLandmarkMs, popularMs);
  const trendingFactor = rebaseFactor(state.trendingLandmarkMs, trendingLandmarkMs, trendingMs);
  for (let i = 0; i < state.items.length; i++) {
    state.popular[i] = state.popular[i]! * popularFactor;
    state.trending[i] = state.trending[i]! * trendingFactor;
  }
  state.popularLandmarkMs = popularLandmarkMs;
  state.trendingLandmarkMs = trendingLandmarkMs;
  state.removeEmpty();
}

/** Keeps the {@link SEGMENT_ITEMS} most popular items; of equals the smaller id. */
function cut(state: SegmentState): void {
  const heaviest = heaviestPositions(state.items, state.popular, SEGMENT_ITEMS);
  let kept = 0;
  for (let i = 0; i < state.items.length; i++) {
    if (heaviest[kept] === i) kept++;
    else state.popular[i] = 0;
  }
  state.removeEmpty();
}

/**
 * Positions of the `most` items with the greatest weights, of equals the smaller id, in ascending order. Only a threshold has to be
 * found, on plain numbers.
 */
export function heaviestPositions(items: readonly string[], weights: Float64Array, most: number): number[] {
  const size = items.length;
  const positions: number[] = [];
  if (size <= most) {
    for (let i = 0; i < size; i++) positions.push(i);
    return positions;
  }
  const threshold = weights.slice(0, size).sort()[size - most]!;
  const atThreshold: number[] = [];
  for (let i = 0; i < size; i++) {
    if (weights[i]! > threshold) positions.push(i);
    else if (weights[i] === threshold) atThreshold.push(i);
  }
  atThreshold.sort((a, b) => (items[a]! < items[b]! ? -1 : 1));
  for (let i = 0; positions.length < most; i++) positions.push(atThreshold[i]!);
  return positions.sort((a, b) => a - b);
}

function grown(from: Float64Array): Float64Array {
  const to = new Float64Array(Math.max(INITIAL_CAPACITY, 2 * from.length));
  to.set(from);
  return to;
}
