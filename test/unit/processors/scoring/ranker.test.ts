import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exampleSerde } from '../../../../processors/learner/example-codec.ts';
import { learnerStateSerde, newLearnerState, servedRankerSerde } from '../../../../processors/learner/ranker-codec.ts';
import { CONTEXT_COUNT, FEATURE_COUNT, LENGTH_BUCKETS } from '../../../../processors/scoring/features.ts';
import { initialRanker, type RankerExample, RankerLearner } from '../../../../processors/scoring/ranker-learning.ts';
import { HIDDEN, INPUT_AT, RankerModel, WEIGHT_COUNT } from '../../../../processors/scoring/ranker-model.ts';

/** A source of numbers that is the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 48_271) + 11) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

/** An example with about half of the features 0, in numbers that its bytes hold exactly. */
function exampleOf(seed: number, count = 6): RankerExample {
  const next = numbers(seed + 1);
  const value = () => (next() < 0.5 ? 0 : Math.round(next() * 128) / 64);
  return {
    bucket: seed % LENGTH_BUCKETS,
    context: Float64Array.from({ length: CONTEXT_COUNT }, () => Math.round(next() * 128) / 128),
    values: Float64Array.from({ length: count * FEATURE_COUNT }, value),
    count,
    drawnFrom: 3,
    drawnFor: 4,
  };
}

/** Weights of ordinary size. */
function weightsOf(seed: number): Float32Array {
  const next = numbers(seed + 99);
  return Float32Array.from({ length: WEIGHT_COUNT }, () => next() - 0.5);
}

test('the gradient is that of the loss, by finite differences', () => {
  const learner = new RankerLearner();
  for (const seed of [1, 2, 3]) {
    const example = exampleOf(seed);
    const weights = weightsOf(seed);
    const gradient = learner.gradient(weights, example).gradient.slice();
    for (let i = 0; i < WEIGHT_COUNT; i += 7) {
      const lossAt = (offset: number) => {
        const moved = weights.slice();
        moved[i] = moved[i]! + offset;
        return learner.gradient(moved, example).loss;
      };
      const slope = (lossAt(2e-4) - lossAt(-2e-4)) / 4e-4;
      assert.ok(Math.abs(slope - gradient[i]!) < 2e-3, `weight ${i}: ${slope}, not ${gradient[i]}`);
    }
  }
});

test('a model’s score is the formula’s, and its contributions sum to it but for the query’s constant', () => {
  fc.assert(
    fc.property(fc.nat(1000), (seed) => {
      const { bucket, context, values, count } = exampleOf(seed);
      const weights = weightsOf(seed);
      const model = new RankerModel(weights);
      model.begin(bucket, context);
      const contributions = new Float64Array(FEATURE_COUNT);
      const none = model.score(new Float64Array(FEATURE_COUNT), 0);
      assert.ok(Math.abs(none - model.constant) < 1e-9);
      for (let c = 0; c < count; c++) {
        const x = values.subarray(c * FEATURE_COUNT, (c + 1) * FEATURE_COUNT);
        let expected = 0;
        x.forEach((value, i) => {
          expected += (weights[i]! + weights[(1 + bucket) * FEATURE_COUNT + i]!) * value;
        });
        for (let h = 0; h < HIDDEN; h++) {
          const contextAt = INPUT_AT + FEATURE_COUNT * HIDDEN;
          let unit = weights[contextAt + CONTEXT_COUNT * HIDDEN + h]!;
          context.forEach((value, e) => {
            unit += weights[contextAt + e * HIDDEN + h]! * value;
          });
          x.forEach((value, i) => {
            unit += weights[INPUT_AT + i * HIDDEN + h]! * value;
          });
          expected += weights[WEIGHT_COUNT - HIDDEN + h]! * (unit > 0 ? unit : 0.05 * unit);
        }
        assert.ok(Math.abs(model.score(values, c * FEATURE_COUNT) - expected) < 1e-6);
        model.contributions(values, c * FEATURE_COUNT, contributions);
        const sum = contributions.reduce((total, part) => total + part, model.constant);
        assert.ok(Math.abs(sum - expected) < 1e-6, `${sum}, not ${expected}`);
        contributions.forEach((part, i) => {
          if (x[i] === 0) assert.equal(Math.abs(part), 0);
        });
      }
    }),
    { numRuns: 30 },
  );
});

test('what is always chosen comes to be ranked first', () => {
  const learner = new RankerLearner();
  const state = initialRanker(1);
  const exampleWith = (seed: number) => {
    const example = exampleOf(seed);
    for (let c = 0; c < example.count; c++) example.values[c * FEATURE_COUNT + 4] = c === 0 ? 1 : 0;
    return example;
  };
  for (let seed = 0; seed < 300; seed++) learner.learn(state, exampleWith(seed));
  const model = new RankerModel(state.average);
  let first = 0;
  for (let seed = 1000; seed < 1100; seed++) {
    const { bucket, context, values, count } = exampleWith(seed);
    model.begin(bucket, context);
    const scores = Array.from({ length: count }, (_, c) => model.score(values, c * FEATURE_COUNT));
    if (scores[0] === Math.max(...scores)) first++;
  }
  assert.ok(first > 95, `${first} of 100`);
});

test('the same examples give the same weights, also when the state is stored and read again in between', () => {
  const [one, other] = [new RankerLearner(), new RankerLearner()];
  const straight = { ...initialRanker(5), publishedAtMs: 0 };
  let restarted = { ...initialRanker(5), publishedAtMs: 0 };
  for (let seed = 0; seed < 40; seed++) {
    one.learn(straight, exampleOf(seed));
    other.learn(restarted, exampleOf(seed));
    restarted = learnerStateSerde.deserialize(learnerStateSerde.serialize(restarted));
  }
  assert.deepEqual(restarted, straight);
});

test('examples and weights come back from their bytes; what is cut short or of another kind is refused', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 4, max: 51 }), (seed, count) => {
      const example = exampleOf(seed, count);
      assert.deepEqual(exampleSerde.deserialize(exampleSerde.serialize(example)), example);
    }),
    { numRuns: 30 },
  );
  const bytes = exampleSerde.serialize(exampleOf(1));
  for (let length = 0; length < bytes.length; length += 5)
    assert.throws(() => exampleSerde.deserialize(bytes.subarray(0, length)), { code: 'example-malformed' });
  const served = { examples: 12, weights: weightsOf(1) };
  assert.deepEqual(servedRankerSerde.deserialize(servedRankerSerde.serialize(served)), served);
  assert.throws(() => servedRankerSerde.deserialize(Uint8Array.of(2, 5)), { code: 'STATE_FORMAT_UNKNOWN' });
  assert.throws(() => servedRankerSerde.deserialize(Uint8Array.of(9)), { code: 'STATE_FORMAT_UNKNOWN' });
});

test('weights of an earlier release, which are of other features, are taken for nothing learned yet', () => {
  assert.equal(servedRankerSerde.deserialize(Uint8Array.of(1, 5)).examples, 0);
  assert.deepEqual(learnerStateSerde.deserialize(Uint8Array.of(1, 5)), newLearnerState());
});

test('an example of 51 candidates takes less than 4 kB', () => {
  assert.ok(exampleSerde.serialize(exampleOf(1, 51)).length < 4096);
});
