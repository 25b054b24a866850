// Counts answers by placement, rung, and whether they were made of what is remembered. Placements are those that exist, so there are few.
import type { Counter, Metrics } from '../engine/api/index.ts';
import type { ShownAnswer } from './shown-item.ts';

/** Counts an answer that is sent. */
export type CountAnswer = (answer: Pick<ShownAnswer, 'placement' | 'rung' | 'degraded'>) => void;

export function answerCounter(metrics: Metrics): CountAnswer {
  const counters = new Map<string, Counter>();
  return ({ placement, rung, degraded = false }) => {
    const id = `${placement} ${rung} ${degraded}`;
    let counter = counters.get(id);
    if (counter === undefined) {
      counter = metrics.counter('freshet.answers', {
        'freshet.placement': placement,
        'freshet.rung': rung,
        'freshet.degraded': String(degraded),
      });
      counters.set(id, counter);
    }
    counter.add(1);
  };
}
