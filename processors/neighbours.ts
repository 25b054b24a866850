// What a query needs to know of an item, published by the item's owner to the compacted topic `neighbours` and kept by every
// instance. 1.2 kB with 100 partners, of which most items have far fewer. Masses are forward-decayed sums against `landmarkMs`; an instance may compare those
// of different items only after it has brought them to one time (see ItemIndex).
//
// Bytes: u8 version, text id, uint53 hash, f64 landmarkMs, lastSeenMs, f32 n, recent, p, forward, backward, together, repeatRate, varint
// dimensions, f32 vector scale, i8 for each dimension, varint partners, then for each: u8 flags (1 f, 2 b, 4 o), uint53 hash, u16 for
// each flag that is set: the upper half of a binary32, which is 0.4 % apart from its neighbours.

import type { Serde } from '../engine/api/index.ts';
import { BinaryReader, BinaryWriter, EngineError } from '../engine/api/index.ts';
import { storedSum } from './decay.ts';

/** Value of the topic and global store `neighbours`; key: the item's id. */
export interface NeighbourRecord {
  readonly itemId: string;
  /** 53-bit hash of the id. */
  readonly hash: number;
  /** Event time to which every mass of this record refers: a whole multiple of the half-life, epoch ms. */
  readonly landmarkMs: number;
  /** Decayed number of interactions. */
  readonly n: number;
  /** The same interactions, decayed `RECENT_SHARE` times as fast: what is dealt with these days. */
  readonly recent: number;
  /** Decayed purchase mass. */
  readonly p: number;
  /** Sum of all f, evicted partners included (F). */
  readonly forward: number;
  /** Sum of all b, evicted partners included (B). */
  readonly backward: number;
  /** Sum of all o, evicted partners included (O). */
  readonly together: number;
  /** Event time of the newest interaction, epoch ms. */
  readonly lastSeenMs: number;
  /** Share of the interactions that repeat an item of the same session, 0 to 1. */
  readonly repeatRate: number;
  /** Item vector, quantised: component = value × `vectorScale`. Empty where none was computed. */
  readonly vector: Int8Array;
  readonly vectorScale: number;
  /** Hashes of the heaviest partners. The arrays below have the same order and length. */
  readonly partners: Float64Array;
  /** Mass of "partner came after this item". */
  readonly f: Float32Array;
  /** Mass of "partner came before this item". */
  readonly b: Float32Array;
  /** Mass of "bought together". */
  readonly o: Float32Array;
  /** Dense ids of `partners` in one process's index; filled at first use, never written to the store. */
  resolved: ResolvedItems | undefined;
}

/** Dense ids of a value's items, valid for the index that made them. */
export interface ResolvedItems {
  readonly index: object;
  readonly denseIds: Int32Array;
}

/** Version 2 has no `recent`: 0. */
const VERSION = 3;
const WITHOUT_RECENT = 2;
const HAS_F = 1;
const HAS_B = 2;
const HAS_O = 4;
/** A partner takes at least its flags and hash. */
const PARTNER_MIN_BYTES = 8;

/** What a record takes in memory without partners, bytes: the object, the arrays' heads, a vector (Node 24, 5,000 records). */
const EMPTY_RECORD_BYTES = 1_900;
/** A hash, three masses and a dense id. */
const PARTNER_BYTES = 24;

/** Bytes that a record takes in memory once it has been used. */
export function neighbourBytes({ partners }: NeighbourRecord): number {
  return EMPTY_RECORD_BYTES + PARTNER_BYTES * partners.length;
}

/** Records are encoded one at a time, so they share a buffer. */
const writer = new BinaryWriter();

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A mass of 0 or more as a record holds it: the nearest binary32 whose lower half is 0. */
export function roundedMass(mass: number): number {
  float[0] = mass;
  bits[0] = (bits[0]! + 0x8000) & 0xffff_0000;
  return float[0]!;
}

function writeMass(mass: number): void {
  float[0] = roundedMass(mass);
  const half = bits[0]! >>> 16;
  writer.u8(half >>> 8);
  writer.u8(half & 0xff);
}

function readMass(reader: BinaryReader): number {
  const high = reader.u8();
  bits[0] = ((high << 8) | reader.u8()) << 16;
  return float[0]!;
}

/** Serde of {@link NeighbourRecord}. Partners whose three masses are 0 in binary32 are left out. */
export const neighbourSerde: Serde<NeighbourRecord> = {
  serialize(record) {
    const { partners, f, b, o, vector } = record;
    writer.reset();
    writer.u8(VERSION);
    writer.text(record.itemId);
    writer.uint53(record.hash);
    writer.f64(record.landmarkMs);
    writer.f64(record.lastSeenMs);
    writer.f32(record.n);
    writer.f32(record.recent);
    writer.f32(record.p);
    writer.f32(record.forward);
    writer.f32(record.backward);
    writer.f32(record.together);
    writer.f32(record.repeatRate);
    writer.varint(vector.length);
    writer.f32(record.vectorScale);
    writer.bytes(new Uint8Array(vector.buffer, vector.byteOffset, vector.length));
    let count = 0;
    for (let i = 0; i < partners.length; i++) if (f[i] !== 0 || b[i] !== 0 || o[i] !== 0) count++;
    writer.varint(count);
    for (let i = 0; i < partners.length; i++) {
      const flags = (f[i] === 0 ? 0 : HAS_F) | (b[i] === 0 ? 0 : HAS_B) | (o[i] === 0 ? 0 : HAS_O);
      if (flags === 0) continue;
      writer.u8(flags);
      writer.uint53(partners[i]!);
      if (f[i] !== 0) writeMass(f[i]!);
      if (b[i] !== 0) writeMass(b[i]!);
      if (o[i] !== 0) writeMass(o[i]!);
    }
    return writer.finish();
  },

  deserialize(bytes) {
    const reader = new BinaryReader(bytes);
    const version = reader.u8();
    if (version !== VERSION && version !== WITHOUT_RECENT) {
      throw new EngineError('STATE_FORMAT_UNKNOWN', `neighbour record of unknown version ${version}`);
    }
    const itemId = reader.text();
    const hash = reader.uint53();
    const landmarkMs = reader.f64();
    const lastSeenMs = reader.f64();
    const n = reader.f32();
    const recent = version === WITHOUT_RECENT ? 0 : storedSum(reader.f32());
    const p = reader.f32();
    const forward = reader.f32();
    const backward = reader.f32();
    const together = reader.f32();
    const repeatRate = reader.f32();
    const dimensions = reader.count();
    const vectorScale = reader.f32();
    const vector = new Int8Array(reader.bytes(dimensions));
    const size = reader.count(PARTNER_MIN_BYTES);
    const partners = new Float64Array(size);
    const f = new Float32Array(size);
    const b = new Float32Array(size);
    const o = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const flags = reader.u8();
      partners[i] = reader.uint53();
      if ((flags & HAS_F) !== 0) f[i] = readMass(reader);
      if ((flags & HAS_B) !== 0) b[i] = readMass(reader);
      if ((flags & HAS_O) !== 0) o[i] = readMass(reader);
    }
    reader.end();
    const totals = { n, recent, p, forward, backward, together, lastSeenMs, repeatRate };
    return { itemId, hash, landmarkMs, ...totals, vector, vectorScale, partners, f, b, o, resolved: undefined };
  },
};
