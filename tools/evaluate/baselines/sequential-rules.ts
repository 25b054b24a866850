// Sequential rules: "j came d steps after i" weighs 1 / d, for d up to 10; asked with the session's last item, which may come again
// itself (Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", arXiv:1803.09587).

import { addTo, type Baseline, type BaselineSession, bestOf, type Scored } from './baseline.ts';

const MOST_STEPS = 10;

/** Weights of what follows what. */
export class SequentialRules implements Baseline {
  readonly name = 'sequential-rules';
  readonly #rules = new Map<number, Map<number, number>>();

  learn({ items }: BaselineSession, item: number): void {
    for (let step = 1; step <= MOST_STEPS && step <= items.length; step++) {
      const before = items[items.length - step]!;
      let rules = this.#rules.get(before);
      if (rules === undefined) {
        rules = new Map();
        this.#rules.set(before, rules);
      }
      addTo(rules, item, 1 / step);
    }
  }

  best(query: readonly number[], count: number): Scored[] {
    const rules = this.#rules.get(query.at(-1) ?? -1);
    return rules === undefined ? [] : bestOf(rules, count);
  }
}
