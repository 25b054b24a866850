// Bytes of an example: u8 version, u8 bucket, f32 context (6), u8 candidates, u8 first that is drawn, f32 what it stands for, then for
// each candidate: a bit for each feature that is not 0, the first feature in the lowest bit of the first byte, and for each of them the
// upper half of its binary32 (0.4 % apart). Version 1 had fewer features.

import type { Serde } from '../../engine/api/index.ts';
import { BinaryReader, BinaryWriter, RefusedRecordError } from '../../engine/api/index.ts';
import { CONTEXT_COUNT, FEATURE_COUNT, LENGTH_BUCKETS } from '../scoring/features.ts';
import type { RankerExample } from '../scoring/ranker-learning.ts';

const VERSION = 2;
const MASK_BYTES = Math.ceil(FEATURE_COUNT / 8);
const writer = new BinaryWriter();
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Serde of {@link RankerExample}. */
export const exampleSerde: Serde<RankerExample> = {
  serialize({ bucket, context, values, count, drawnFrom, drawnFor }) {
    writer.reset();
    writer.u8(VERSION);
    writer.u8(bucket);
    for (const value of context) writer.f32(value);
    writer.u8(count);
    writer.u8(drawnFrom);
    writer.f32(drawnFor);
    for (let c = 0; c < count; c++) writeRow(values, c * FEATURE_COUNT);
    return writer.finish();
  },

  deserialize(bytes) {
    try {
      return read(new BinaryReader(bytes));
    } catch (cause) {
      throw new RefusedRecordError('example-malformed', 'an example of the ranking cannot be read', { cause });
    }
  },
};

function writeRow(values: Float64Array, at: number): void {
  for (let i = 0; i < FEATURE_COUNT; i += 8) {
    let mask = 0;
    for (let bit = 0; bit < 8 && i + bit < FEATURE_COUNT; bit++) if (values[at + i + bit] !== 0) mask |= 1 << bit;
    writer.u8(mask);
  }
  for (let i = 0; i < FEATURE_COUNT; i++) {
    if (values[at + i] === 0) continue;
    float[0] = values[at + i]!;
    const half = Math.min(bits[0]! + 0x8000, 0xffff_ffff) >>> 16;
    writer.u8(half >>> 8);
    writer.u8(half & 0xff);
  }
}

function read(reader: BinaryReader): RankerExample {
  if (reader.u8() !== VERSION) throw new RangeError('unknown version');
  const bucket = reader.u8();
  const context = new Float64Array(CONTEXT_COUNT);
  for (let i = 0; i < CONTEXT_COUNT; i++) context[i] = reader.f32();
  const count = reader.u8();
  const drawnFrom = reader.u8();
  const drawnFor = reader.f32();
  const values = new Float64Array(count * FEATURE_COUNT);
  const masks = new Uint8Array(MASK_BYTES);
  for (let c = 0; c < count; c++) {
    for (let i = 0; i < MASK_BYTES; i++) masks[i] = reader.u8();
    for (let i = 0; i < FEATURE_COUNT; i++) {
      if ((masks[i >> 3]! & (1 << (i & 7))) === 0) continue;
      const high = reader.u8();
      bits[0] = ((high << 8) | reader.u8()) << 16;
      values[c * FEATURE_COUNT + i] = float[0]!;
    }
  }
  reader.end();
  const isUsable = bucket < LENGTH_BUCKETS && drawnFor >= 1 && values.every(Number.isFinite);
  if (!isUsable || count === 0 || !context.every(Number.isFinite)) throw new RangeError('example out of range');
  return { bucket, context, values, count, drawnFrom, drawnFor };
}
