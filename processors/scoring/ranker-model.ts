// The learned ranking: a candidate's score is linear in its features, with weights that all queries share plus those of the session's
// length, plus a small network that also sees the query's context:
//
//   s(x) = (w + w_length)·x + Σ_h v_h · σ(a_h + A_h·x),   a_h = c_h + C_h·context,   σ(z) = z for z > 0, else 0.05 z
//
// All weights lie in one array, see the offsets. The network's input weights are stored feature by feature, so that a feature of 0, as
// most are for most candidates, costs nothing.
//
// Contributions: the score of x against a candidate without any merit (x = 0) in the same query, by integrated gradients (Sundararajan,
// Taly, Yan: "Axiomatic Attribution for Deep Networks", 2017) along the straight line from 0 to x. With one hidden layer the integral
// has a closed form: a unit that goes from a_h to a_h + A_h·x gives each of its inputs the share ρ_h = (σ(end) − σ(start))/(end − start).
// So contributions sum to s(x) − s(0) exactly, and s(0) is the same for all candidates of a query.

import { CONTEXT_COUNT, FEATURE_COUNT, LENGTH_BUCKETS } from './features.ts';

/** Units of the network, a multiple of {@link UNITS_AT_A_TIME}. */
export const HIDDEN = 24;
const LEAK = 0.05;
const UNITS_AT_A_TIME = 4;

/** Where the weights lie: shared, by length, network by feature, by context, constants, output. */
export const SHARED_AT = 0;
export const LENGTH_AT = FEATURE_COUNT;
export const INPUT_AT = LENGTH_AT + LENGTH_BUCKETS * FEATURE_COUNT;
export const CONTEXT_AT = INPUT_AT + FEATURE_COUNT * HIDDEN;
export const CONSTANT_AT = CONTEXT_AT + CONTEXT_COUNT * HIDDEN;
export const OUTPUT_AT = CONSTANT_AT + HIDDEN;
/** Number of weights. */
export const WEIGHT_COUNT = OUTPUT_AT + HIDDEN;

/** σ. */
export function leaky(z: number): number {
  return z > 0 ? z : LEAK * z;
}

/** Slope of σ. */
export function leakySlope(z: number): number {
  return z > 0 ? 1 : LEAK;
}

/** Evaluates one set of weights. One per task; holds what it needs per query, so no call allocates. */
export class RankerModel {
  weights: Float32Array;
  /** w + w_length of the query. */
  readonly linear = new Float64Array(FEATURE_COUNT);
  /** a_h of the query. */
  readonly start = new Float64Array(HIDDEN);
  /** a_h + A_h·x of the candidate that was scored last. */
  readonly active = new Float64Array(HIDDEN);
  /** s(0) of the query. */
  constant = 0;
  readonly #input = new Float64Array(FEATURE_COUNT * HIDDEN);
  readonly #output = new Float64Array(HIDDEN);
  /** Where the input weights of the features begin that are not 0, and those features. */
  readonly #rows = new Int32Array(FEATURE_COUNT);
  readonly #present = new Float64Array(FEATURE_COUNT);
  readonly #slopes = new Float64Array(HIDDEN);

  constructor(weights: Float32Array) {
    this.weights = weights;
  }

  /** Prepares for the candidates of a query with this length bucket. */
  begin(bucket: number, context: Float64Array): void {
    const { weights, linear, start } = this;
    const lengthAt = LENGTH_AT + bucket * FEATURE_COUNT;
    for (let i = 0; i < FEATURE_COUNT; i++) linear[i] = weights[SHARED_AT + i]! + weights[lengthAt + i]!;
    for (let i = 0; i < FEATURE_COUNT * HIDDEN; i++) this.#input[i] = weights[INPUT_AT + i]!;
    this.constant = 0;
    for (let h = 0; h < HIDDEN; h++) {
      let sum = weights[CONSTANT_AT + h]!;
      for (let e = 0; e < CONTEXT_COUNT; e++) sum += weights[CONTEXT_AT + e * HIDDEN + h]! * context[e]!;
      start[h] = sum;
      this.#output[h] = weights[OUTPUT_AT + h]!;
      this.constant += this.#output[h]! * leaky(sum);
    }
  }

  /** s of the candidate whose features begin at `at`. */
  score(values: Float64Array, at: number): number {
    const { linear, active, start } = this;
    const input = this.#input;
    const rows = this.#rows;
    const present = this.#present;
    let count = 0;
    let score = 0;
    for (let i = 0; i < FEATURE_COUNT; i++) {
      const value = values[at + i]!;
      if (value === 0) continue;
      score += linear[i]! * value;
      rows[count] = i * HIDDEN;
      present[count++] = value;
    }
    // Four units at a time, each in a register: half the time of adding to `active` feature by feature.
    for (let h = 0; h < HIDDEN; h += UNITS_AT_A_TIME) {
      let first = start[h]!;
      let second = start[h + 1]!;
      let third = start[h + 2]!;
      let fourth = start[h + 3]!;
      for (let k = 0; k < count; k++) {
        const value = present[k]!;
        const from = rows[k]! + h;
        first += input[from]! * value;
        second += input[from + 1]! * value;
        third += input[from + 2]! * value;
        fourth += input[from + 3]! * value;
      }
      active[h] = first;
      active[h + 1] = second;
      active[h + 2] = third;
      active[h + 3] = fourth;
    }
    const output = this.#output;
    for (let h = 0; h < HIDDEN; h++) score += output[h]! * leaky(active[h]!);
    return score;
  }

  /** Writes what each feature contributes to s − {@link constant}, for the candidate whose features begin at `at`, to `out`. */
  contributions(values: Float64Array, at: number, out: Float64Array): void {
    this.score(values, at);
    const { active, start, linear } = this;
    const slopes = this.#slopes;
    for (let h = 0; h < HIDDEN; h++) {
      const change = active[h]! - start[h]!;
      const slope = change === 0 ? leakySlope(start[h]!) : (leaky(active[h]!) - leaky(start[h]!)) / change;
      slopes[h] = this.#output[h]! * slope;
    }
    for (let i = 0; i < FEATURE_COUNT; i++) {
      let slope = linear[i]!;
      const row = i * HIDDEN;
      for (let h = 0; h < HIDDEN; h++) slope += slopes[h]! * this.#input[row + h]!;
      out[i] = slope * values[at + i]!;
    }
  }
}
