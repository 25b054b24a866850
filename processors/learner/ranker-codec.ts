// Bytes of the learner's state: u8 version, varint weights, f64 examples, f64 publishedAtMs, then f32 weights, squares, average. Of what
// is served: u8 version, varint weights, f64 examples, f32 weights. The version says which features the weights are of: a release with
// other features takes what an earlier one left for nothing learned yet, and begins anew.

import type { Serde } from '../../engine/api/index.ts';
import { BinaryReader, BinaryWriter, EngineError } from '../../engine/api/index.ts';
import type { ServedRanker } from '../scoring/learned.ts';
import { initialRanker, type RankerState } from '../scoring/ranker-learning.ts';
import { WEIGHT_COUNT } from '../scoring/ranker-model.ts';

const VERSION = 2;
const WITH_FEWER_FEATURES = 1;
const SEED = 20_240_521;
const writer = new BinaryWriter();

/** What the learner keeps. */
export interface LearnerState extends RankerState {
  /** Stream time of the last publication, epoch ms; 0 before the first. */
  publishedAtMs: number;
}

/** Before the first example. */
export function newLearnerState(): LearnerState {
  return { ...initialRanker(SEED), publishedAtMs: 0 };
}

/** Serde of {@link LearnerState}. */
export const learnerStateSerde: Serde<LearnerState> = {
  serialize(state) {
    begin();
    writer.f64(state.examples);
    writer.f64(state.publishedAtMs);
    for (const values of [state.weights, state.squares, state.average]) writeFloats(values);
    return writer.finish();
  },
  deserialize(bytes) {
    if (bytes[0] === WITH_FEWER_FEATURES) return newLearnerState();
    const reader = opened(bytes);
    const examples = reader.f64();
    const publishedAtMs = reader.f64();
    const weights = readFloats(reader);
    const squares = readFloats(reader);
    const average = readFloats(reader);
    reader.end();
    return { examples, publishedAtMs, weights, squares, average };
  },
};

/** Serde of {@link ServedRanker}. */
export const servedRankerSerde: Serde<ServedRanker> = {
  serialize({ examples, weights }) {
    begin();
    writer.f64(examples);
    writeFloats(weights);
    return writer.finish();
  },
  deserialize(bytes) {
    if (bytes[0] === WITH_FEWER_FEATURES) return { examples: 0, weights: new Float32Array(WEIGHT_COUNT) };
    const reader = opened(bytes);
    const examples = reader.f64();
    const weights = readFloats(reader);
    reader.end();
    return { examples, weights };
  },
};

function begin(): void {
  writer.reset();
  writer.u8(VERSION);
  writer.varint(WEIGHT_COUNT);
}

function opened(bytes: Uint8Array): BinaryReader {
  const reader = new BinaryReader(bytes);
  const version = reader.u8();
  const count = reader.varint();
  if (version !== VERSION || count !== WEIGHT_COUNT) {
    throw new EngineError('STATE_FORMAT_UNKNOWN', `ranker of version ${version} with ${count} weights`);
  }
  return reader;
}

function writeFloats(values: Float32Array): void {
  for (let i = 0; i < WEIGHT_COUNT; i++) writer.f32(values[i]!);
}

function readFloats(reader: BinaryReader): Float32Array {
  const values = new Float32Array(WEIGHT_COUNT);
  for (let i = 0; i < WEIGHT_COUNT; i++) values[i] = reader.f32();
  return values;
}
