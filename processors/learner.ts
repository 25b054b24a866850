// LEARNER: learns the ranking's weights from the examples of all USERS tasks, one step for each, and publishes their average to the
// compacted topic `ranker`, which every instance keeps. All examples go to one partition, so one task learns; the same examples in the
// same order give the same weights.

import type { Counter, KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../engine/api/index.ts';
import { type LearnerState, newLearnerState } from './learner/ranker-codec.ts';
import { type RankerExample, RankerLearner } from './scoring/ranker-learning.ts';

/** Key of the state and of what is published. */
export const RANKER_KEY = 'ranker';
/** Partition of the examples. */
export const LEARNER_PARTITION = 0;
/** Least stream time between two publications: a version is 5 kB for every instance. */
const PUBLISH_INTERVAL_MS = 10_000;

export interface LearnerOptions {
  /** Store of {@link LearnerState}. */
  readonly stateStore: string;
  /** Node that writes `ranker`. */
  readonly rankerSink: string;
}

/** Processor of `examples`. */
export class LearnerProcessor implements Processor<RankerExample> {
  readonly #options: LearnerOptions;
  readonly #learner = new RankerLearner();
  #context!: ProcessorContext;
  #state!: KeyValueStore<LearnerState>;
  #learned!: Counter;

  constructor(options: LearnerOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#state = context.store(this.#options.stateStore);
    this.#learned = context.metrics.counter('freshet.learner.examples');
  }

  process(records: readonly StreamRecord<RankerExample>[]): void {
    let state = this.#state.getForUpdate(RANKER_KEY);
    if (state === undefined) {
      state = newLearnerState();
      this.#state.put(RANKER_KEY, state);
    }
    for (const { value } of records) if (value !== null) this.#learner.learn(state, value);
    this.#learned.add(records.length);
    const nowMs = this.#context.streamTimeMs;
    if (nowMs - state.publishedAtMs < PUBLISH_INTERVAL_MS) return;
    state.publishedAtMs = nowMs;
    const served = { examples: state.examples, weights: state.average.slice() };
    this.#context.forward({ key: RANKER_KEY, value: served, timestampMs: nowMs }, this.#options.rankerSink);
  }
}
