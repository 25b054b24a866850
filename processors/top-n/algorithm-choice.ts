// Which algorithm makes the next lists: the wanted one if it is at hand, and a cheaper one while the task is behind its input.
//
// A task is behind when its batches are full (more waits than it could take) or take long. With every such batch pressure grows by one, with
// one that is larger than usual by as many as it stands for; with every other it falls by one, and also when due lists are made while
// nothing waits. At 4 the learned ranking makes room for F2, at 8 F2 for F1, at 12 lists are plain: of related and popular items and
// campaigns alone. So a burst of a few batches changes nothing, and the way back up takes as many batches as are taken in good time. In a
// replay nobody is behind: lists stay a function of the log.

/** From the cheapest to the best. */
export const ALGORITHMS = ['f1', 'f2', 'learned'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

const STEP_BATCHES = 4;
const PLAIN_PRESSURE = 3 * STEP_BATCHES;
const MOST_PRESSURE = 4 * STEP_BATCHES;

/** Of one task. */
export class AlgorithmChoice {
  #pressure = 0;

  /** A batch was taken, or due lists are made. `behind` as `ProcessorContext` has it. */
  observe(behind: number): void {
    this.#pressure = behind > 0 ? Math.min(MOST_PRESSURE, this.#pressure + behind) : Math.max(0, this.#pressure - 1);
  }

  /** Whether lists are to do without all that a cheap one can do without. */
  get isPlain(): boolean {
    return this.#pressure >= PLAIN_PRESSURE;
  }

  /** The best that may be used now, no better than `wanted`. */
  best(wanted: Algorithm): Algorithm {
    const steps = Math.floor(this.#pressure / STEP_BATCHES);
    const highest = Math.max(0, ALGORITHMS.length - 1 - steps);
    return ALGORITHMS[Math.min(highest, ALGORITHMS.indexOf(wanted))]!;
  }
}
