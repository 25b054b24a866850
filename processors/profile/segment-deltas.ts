// What a micro-batch of USERS adds to the popularity of segments: one record holds the deltas of a batch for one target
// partition (that of the segment's name). Two decayed weights per item, because popularity and trending forget at different
// speeds; both are sums against the landmark of their half-life.
//
// Bytes: u8 version, signed popularLandmarkMs, signed trendingLandmarkMs, varint items, texts, varint segments, then for each:
// text name, event (see event-codec.ts), varint entries, then for each: varint item, f64 popular, f64 trending.

import type { Serde } from '../../engine/api/index.ts';
import { RefusedRecordError } from '../../engine/api/index.ts';
import type { EventRef } from './as-of.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readEvent, writeEvent } from './event-codec.ts';

/** Deltas of one segment. */
export interface SegmentDelta {
  /** `global`, `category=…`, `device=…`, `region=…` or `hour=0` to `hour=5` (bands of four hours, UTC). */
  readonly segment: string;
  /** Newest event among those that the delta is made of. */
  readonly newest: EventRef;
  /** Numbers of its items in the record's, each once. The arrays below have the same order and length. */
  readonly items: Int32Array;
  /** Weights against `popularLandmarkMs`; negative where something was taken back. */
  readonly popular: Float64Array;
  /** The same weights against `trendingLandmarkMs`. */
  readonly trending: Float64Array;
}

/** Value of the topic `segment-deltas`; the record has no key, its partition is that of every segment in it. */
export interface SegmentDeltas {
  /** Epoch ms, a multiple of the half-life of popularity. */
  readonly popularLandmarkMs: number;
  /** Epoch ms, a multiple of the half-life of trending. */
  readonly trendingLandmarkMs: number;
  /** Ids of the items that the segments speak of, each once. */
  readonly items: readonly string[];
  readonly segments: readonly SegmentDelta[];
}

const VERSION = 1;
/** Records are encoded one at a time, so they share a buffer. */
const writer = new ByteWriter(4096);

/** Serde of {@link SegmentDeltas}. */
export const segmentDeltasSerde: Serde<SegmentDeltas> = {
  serialize(deltas) {
    writer.reset();
    writer.u8(VERSION);
    writer.signed(deltas.popularLandmarkMs);
    writer.signed(deltas.trendingLandmarkMs);
    writer.varint(deltas.items.length);
    for (const item of deltas.items) writer.text(item);
    writer.varint(deltas.segments.length);
    for (const delta of deltas.segments) {
      writer.text(delta.segment);
      writeEvent(writer, delta.newest);
      writer.varint(delta.items.length);
      for (let i = 0; i < delta.items.length; i++) {
        writer.varint(delta.items[i]!);
        writer.f64(delta.popular[i]!);
        writer.f64(delta.trending[i]!);
      }
    }
    return writer.finish();
  },

  deserialize(bytes) {
    if (bytes[0] !== VERSION) {
      throw new RefusedRecordError('segment-deltas-version', `segment deltas of unknown version ${bytes[0]}`);
    }
    try {
      return read(new ByteReader(bytes));
    } catch (cause) {
      throw new RefusedRecordError('segment-deltas-malformed', 'segment deltas cannot be read', { cause });
    }
  },
};

function read(reader: ByteReader): SegmentDeltas {
  reader.u8();
  const popularLandmarkMs = reader.signed();
  const trendingLandmarkMs = reader.signed();
  const items: string[] = [];
  for (let left = reader.count(); left > 0; left--) items.push(reader.text());
  const segments: SegmentDelta[] = [];
  for (let left = reader.count(); left > 0; left--) {
    const segment = reader.text();
    const newest = readEvent(reader);
    const size = reader.count(17);
    const numbers = new Int32Array(size);
    const popular = new Float64Array(size);
    const trending = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const number = reader.varint();
      if (number >= items.length) throw new RangeError('item number');
      numbers[i] = number;
      popular[i] = reader.f64();
      trending[i] = reader.f64();
    }
    segments.push({ segment, newest, items: numbers, popular, trending });
  }
  reader.end();
  return { popularLandmarkMs, trendingLandmarkMs, items, segments };
}
