// How a segment is stored (see popularity-segment.ts): its head in the store `segments`, its base in the store `segment-items`, both
// by segment.
//
// Bytes of a head: u8 version 2, signed popularLandmarkMs, signed trendingLandmarkMs, asOf (event-codec.ts), u8 flags (1 due, 2
// published), signed publishedAtMs if published, items that changed since the base. Version 1 has all items there, and no base.
// Bytes of a base: u8 version, items.
// Items: varint number, then for each: text, f64 popular, f64 trending.

import type { Serde } from '../engine/api/index.ts';
import { EngineError } from '../engine/api/index.ts';
import { storedSum } from './decay.ts';
import { type SegmentItems, SegmentState } from './popularity-segment.ts';
import { ByteReader, ByteWriter } from './profile/bytes.ts';
import { readAsOf, writeAsOf } from './profile/event-codec.ts';

const HEAD_VERSION = 2;
const VERSION_WITHOUT_BASE = 1;
const BASE_VERSION = 1;
const DUE = 1;
const PUBLISHED = 2;
/** What a state takes in memory beside its items, and for each item: measured on Node 24 with ids of 8 bytes. */
const STATE_BYTES = 1500;
const ITEM_BYTES = 110;
/** Segments are encoded one at a time, so they share a buffer. */
const writer = new ByteWriter(16_384);

/** Serde of the head. What was read is not whole until its base has been put under it. */
export const segmentHeadSerde: Serde<SegmentState> = {
  serialize(state) {
    if (state.needsBase) throw new TypeError('the head of a segment whose base has not been stored');
    writer.reset();
    writer.u8(HEAD_VERSION);
    writer.signed(state.popularLandmarkMs);
    writer.signed(state.trendingLandmarkMs);
    writeAsOf(writer, state.asOf);
    writer.u8((state.isDue ? DUE : 0) | (state.publishedAtMs === undefined ? 0 : PUBLISHED));
    if (state.publishedAtMs !== undefined) writer.signed(state.publishedAtMs);
    writer.varint(state.changed.size);
    for (const position of state.changed) writeItem(state, position);
    return writer.finish();
  },

  deserialize(bytes) {
    const version = bytes[0];
    if (version !== HEAD_VERSION && version !== VERSION_WITHOUT_BASE) {
      throw new EngineError('STATE_FORMAT_UNKNOWN', `segment of unknown version ${version}`);
    }
    const reader = new ByteReader(bytes);
    reader.u8();
    const popularLandmarkMs = reader.signed();
    const trendingLandmarkMs = reader.signed();
    const isWhole = version === VERSION_WITHOUT_BASE;
    const state = new SegmentState(popularLandmarkMs, trendingLandmarkMs, readAsOf(reader), isWhole);
    const flags = reader.u8();
    state.isDue = (flags & DUE) !== 0;
    if ((flags & PUBLISHED) !== 0) state.publishedAtMs = reader.signed();
    for (let left = reader.count(17); left > 0; left--)
      state.append(reader.text(), storedSum(reader.f64()), storedSum(reader.f64()));
    if (isWhole) state.needsBase = true;
    reader.end();
    return state;
  },
};

/** Bytes that a state takes in memory. */
export function segmentBytes(state: SegmentState): number {
  return STATE_BYTES + ITEM_BYTES * state.items.length;
}

/** Serde of the base. */
export const segmentBaseSerde: Serde<SegmentItems> = {
  serialize(base) {
    writer.reset();
    writer.u8(BASE_VERSION);
    writer.varint(base.items.length);
    for (let i = 0; i < base.items.length; i++) writeItem(base, i);
    return writer.finish();
  },

  deserialize(bytes) {
    if (bytes[0] !== BASE_VERSION) {
      throw new EngineError('STATE_FORMAT_UNKNOWN', `items of a segment of unknown version ${bytes[0]}`);
    }
    const reader = new ByteReader(bytes);
    reader.u8();
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
    return { items, popular, trending };
  },
};

function writeItem({ items, popular, trending }: SegmentItems, position: number): void {
  writer.text(items[position]!);
  writer.f64(popular[position]!);
  writer.f64(trending[position]!);
}
