// The best items of a segment as they were published: the value of the topic and global store `popular` and of the task store
// `published-segments` (key: segment). The lists `popular` and `trending` are functions of it, so that they can be made again later
// byte for byte, whatever the segment has become since.
//
// Bytes: u8 version, text segment, asOf, varint items, then for each: text, f64 popular, f64 trending.

import type { Serde } from '../engine/api/index.ts';
import { EngineError } from '../engine/api/index.ts';
import { type HalfLives, storedSum, valueFactor } from './decay.ts';
import type { ResolvedItems } from './neighbours.ts';
import { heaviestPositions, type SegmentState } from './popularity-segment.ts';
import type { AsOf } from './profile/as-of.ts';
import { ByteReader, ByteWriter } from './profile/bytes.ts';
import { readAsOf, writeAsOf } from './profile/event-codec.ts';

/** Items of each of the two orders that are published: twice a list, so that unavailable ones can be left out. */
const PUBLISHED_ITEMS = 120;
/** Recent events that a trend is shrunk by: one view of an item that was never seen is no trend. */
const TREND_SHRINKAGE = 4;

/** Decayed weight that a segment's published items must have in all before the segment says anything of its own. */
const ENOUGH = 200;

/** The most popular and the most trending items of a segment. */
export interface PublishedSegment {
  readonly segment: string;
  readonly asOf: AsOf;
  /** Most popular first, equal ones by id. The arrays below have the same order and length. */
  readonly items: readonly string[];
  /** Decayed weight at `asOf.at`, more than 0. */
  readonly popular: Float64Array;
  /** How far the recent weight lies above what the long run makes expect, in standard deviations; may be negative. */
  readonly trending: Float64Array;
  /** Dense ids of `items` in one process's index; filled at first use, never written to the store. */
  resolved: ResolvedItems | undefined;
}

/** Whether enough has happened in a segment for its order to mean something. */
export function hasEnough({ popular }: Pick<PublishedSegment, 'popular'>): boolean {
  let sum = 0;
  for (let i = 0; i < popular.length && sum < ENOUGH; i++) sum += popular[i]!;
  return sum >= ENOUGH;
}

/**
 * How much an item trends: z = (T − E) / √(E + 4) with E = P · short / long, what a steady demand of long-run weight P leaves in
 * the short sum T. The ratio of two forward-decayed sums of different half-lives (Cormode et al., ICDE 2009); the shrinkage is ours.
 */
export function trendOf(
  popular: number,
  trending: number,
  halfLives: Pick<HalfLives, 'popularMs' | 'trendingMs'>,
): number {
  const expected = (popular * halfLives.trendingMs) / halfLives.popularMs;
  return (trending - expected) / Math.sqrt(expected + TREND_SHRINKAGE);
}

/** What is published of a state: the best by popularity and the best by trend. */
export function publishedSegment(
  segment: string,
  state: SegmentState,
  halfLives: Pick<HalfLives, 'popularMs' | 'trendingMs'>,
): PublishedSegment {
  const atMs = state.asOf.at;
  const popularFactor = valueFactor(atMs, state.popularLandmarkMs, halfLives.popularMs);
  const trendingFactor = valueFactor(atMs, state.trendingLandmarkMs, halfLives.trendingMs);
  const { items } = state;
  const popular = new Float64Array(items.length);
  const trending = new Float64Array(items.length);
  for (let i = 0; i < items.length; i++) {
    popular[i] = state.popular[i]! * popularFactor;
    trending[i] = trendOf(popular[i]!, state.trending[i]! * trendingFactor, halfLives);
  }
  const chosen = new Set(heaviestPositions(items, popular, PUBLISHED_ITEMS));
  for (const i of heaviestPositions(items, trending, PUBLISHED_ITEMS)) if (trending[i]! > 0) chosen.add(i);
  const byPopularity = [...chosen].sort((a, b) => popular[b]! - popular[a]! || (items[a]! < items[b]! ? -1 : 1));
  return {
    segment,
    asOf: state.asOf,
    items: byPopularity.map((i) => items[i]!),
    popular: Float64Array.from(byPopularity, (i) => popular[i]!),
    trending: Float64Array.from(byPopularity, (i) => trending[i]!),
    resolved: undefined,
  };
}

const VERSION = 1;
const writer = new ByteWriter(8192);

/** Serde of {@link PublishedSegment}. */
export const publishedSegmentSerde: Serde<PublishedSegment> = {
  serialize(published) {
    writer.reset();
    writer.u8(VERSION);
    writer.text(published.segment);
    writeAsOf(writer, published.asOf);
    writer.varint(published.items.length);
    for (let i = 0; i < published.items.length; i++) {
      writer.text(published.items[i]!);
      writer.f64(published.popular[i]!);
      writer.f64(published.trending[i]!);
    }
    return writer.finish();
  },

  deserialize(bytes) {
    if (bytes[0] !== VERSION) {
      throw new EngineError('STATE_FORMAT_UNKNOWN', `published segment of unknown version ${bytes[0]}`);
    }
    const reader = new ByteReader(bytes);
    reader.u8();
    const segment = reader.text();
    const asOf = readAsOf(reader);
    const size = reader.count(17);
    const items: string[] = [];
    const popular = new Float64Array(size);
    const trending = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      items.push(reader.text());
      popular[i] = storedSum(reader.f64());
      trending[i] = storedSum(reader.f64());
    }
    reader.end();
    return { segment, asOf, items, popular, trending, resolved: undefined };
  },
};
