// One step of learning for the ranking of ranker-model.ts: softmax loss over a sample of a query's candidates with the item that was
// chosen as the target, Adagrad (Duchi, Hazan, Singer 2011), and a running average of the weights (Polyak, Juditsky 1992), which is
// what serves.
//
// The sample holds the target, the candidates that rank first, and some of the others drawn evenly. Each of these stands for several, so
// the logarithm of how many is added to its score in the softmax: otherwise the ranking would learn that what ranks low is rarely seen,
// and put it first (sampled softmax: Bengio, Senécal 2008).
//
// Everything is kept in binary32, as it is stored: so what is learned does not depend on when a task is restarted.

import { CONTEXT_COUNT, FEATURE_COUNT } from './features.ts';
import {
  CONSTANT_AT,
  CONTEXT_AT,
  HIDDEN,
  INPUT_AT,
  LENGTH_AT,
  leaky,
  leakySlope,
  OUTPUT_AT,
  RankerModel,
  SHARED_AT,
  WEIGHT_COUNT,
} from './ranker-model.ts';

const LINEAR_RATE = 0.05;
const NETWORK_RATE = 0.05;
/** Adagrad's sums begin here: the first steps are of the size of the rate. */
const FIRST_SQUARE = 1e-6;
/** Share of the newest weights in the average, at least. */
const AVERAGE_RATE = 3e-4;
/** Gradients below this are rounding. */
const SMALLEST_ERROR = 1e-5;

/** What a choice teaches. Candidate 0 is the target. */
export interface RankerExample {
  /** Length bucket of the query. */
  readonly bucket: number;
  /** {@link CONTEXT_COUNT} numbers. */
  readonly context: Float64Array;
  /** Features of each candidate, row-major. */
  readonly values: Float64Array;
  /** Candidates, the target included. */
  readonly count: number;
  /** Candidates from here on are drawn and stand for {@link drawnFor} each. */
  readonly drawnFrom: number;
  readonly drawnFor: number;
}

/** All that learning keeps. */
export interface RankerState {
  /** Examples learned from. */
  examples: number;
  readonly weights: Float32Array;
  /** Adagrad's sums of squared gradients. */
  readonly squares: Float32Array;
  /** Running average of the weights. */
  readonly average: Float32Array;
}

/** Before the first example: linear weights 0, the network's small and from a seed. */
export function initialRanker(seed: number): RankerState {
  const weights = new Float32Array(WEIGHT_COUNT);
  let state = seed | 0;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 0x1_0000_0000 - 0.5;
  };
  for (let i = INPUT_AT; i < CONSTANT_AT; i++) weights[i] = 0.6 * random();
  for (let i = OUTPUT_AT; i < WEIGHT_COUNT; i++) weights[i] = 0.2 * random();
  const squares = new Float32Array(WEIGHT_COUNT).fill(FIRST_SQUARE);
  return { examples: 0, weights, squares, average: weights.slice() };
}

/** Learns from examples. One per task. */
export class RankerLearner {
  readonly #model = new RankerModel(new Float32Array(WEIGHT_COUNT));
  readonly #gradient = new Float64Array(WEIGHT_COUNT);
  readonly #unitError = new Float64Array(HIDDEN);
  #scores = new Float64Array(0);
  #activations = new Float64Array(0);

  /** Changes `state` by one step. */
  learn(state: RankerState, example: RankerExample): void {
    this.gradient(state.weights, example);
    const gradient = this.#gradient;
    const { weights, squares, average } = state;
    state.examples++;
    const share = Math.max(1 / state.examples, AVERAGE_RATE);
    for (let i = 0; i < WEIGHT_COUNT; i++) {
      const slope = gradient[i]!;
      if (slope !== 0) {
        squares[i] = squares[i]! + slope * slope;
        weights[i] = weights[i]! - ((i < INPUT_AT ? LINEAR_RATE : NETWORK_RATE) * slope) / Math.sqrt(squares[i]!);
      }
      average[i] = average[i]! + share * (weights[i]! - average[i]!);
    }
  }

  /** The loss of an example and its gradient by weight, which is overwritten by the next call. */
  gradient(weights: Float32Array, example: RankerExample): { readonly loss: number; readonly gradient: Float64Array } {
    const { bucket, context, values, count } = example;
    const gradient = this.#gradient.fill(0);
    const loss = this.#softmax(weights, example);
    const errors = this.#scores;
    const unitError = this.#unitError.fill(0);
    for (let c = 0; c < count; c++) {
      const error = errors[c]!;
      if (Math.abs(error) < SMALLEST_ERROR) continue;
      this.#addCandidate(weights, error, c, values);
      for (let h = 0; h < HIDDEN; h++) {
        unitError[h]! += error * weights[OUTPUT_AT + h]! * leakySlope(this.#activations[c * HIDDEN + h]!);
      }
    }
    const lengthAt = LENGTH_AT + bucket * FEATURE_COUNT;
    for (let i = 0; i < FEATURE_COUNT; i++) gradient[lengthAt + i] = gradient[SHARED_AT + i]!;
    for (let h = 0; h < HIDDEN; h++) {
      gradient[CONSTANT_AT + h] = unitError[h]!;
      for (let e = 0; e < CONTEXT_COUNT; e++) gradient[CONTEXT_AT + e * HIDDEN + h] = unitError[h]! * context[e]!;
    }
    return { loss, gradient };
  }

  #addCandidate(weights: Float32Array, error: number, c: number, values: Float64Array): void {
    const gradient = this.#gradient;
    const active = c * HIDDEN;
    for (let h = 0; h < HIDDEN; h++) gradient[OUTPUT_AT + h]! += error * leaky(this.#activations[active + h]!);
    for (let i = 0; i < FEATURE_COUNT; i++) {
      const value = values[c * FEATURE_COUNT + i]!;
      if (value === 0) continue;
      gradient[SHARED_AT + i]! += error * value;
      const row = INPUT_AT + i * HIDDEN;
      for (let h = 0; h < HIDDEN; h++) {
        const slope = leakySlope(this.#activations[active + h]!);
        gradient[row + h]! += error * value * weights[OUTPUT_AT + h]! * slope;
      }
    }
  }

  /** Leaves each candidate's probability, less 1 for the target, in `#scores`, and the units before σ in `#activations`. */
  #softmax(weights: Float32Array, { bucket, context, values, count, drawnFrom, drawnFor }: RankerExample): number {
    const model = this.#model;
    if (this.#scores.length < count) {
      this.#scores = new Float64Array(count);
      this.#activations = new Float64Array(count * HIDDEN);
    }
    const scores = this.#scores;
    model.weights = weights;
    model.begin(bucket, context);
    const drawn = Math.log(drawnFor);
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < count; c++) {
      const score = model.score(values, c * FEATURE_COUNT) + (c < drawnFrom ? 0 : drawn);
      this.#activations.set(model.active, c * HIDDEN);
      scores[c] = score;
      if (score > highest) highest = score;
    }
    let sum = 0;
    for (let c = 0; c < count; c++) sum += Math.exp(scores[c]! - highest);
    const loss = Math.log(sum) + highest - scores[0]!;
    for (let c = 0; c < count; c++) scores[c] = Math.exp(scores[c]! - highest) / sum;
    scores[0]! -= 1;
    return loss;
  }
}
