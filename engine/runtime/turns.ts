// Whose turn it is in a task that takes the records of some topics in intervals of their own. A batch is of one of two kinds: what is
// taken as it comes, or what one or more intervals have ended for. Neither kind has two turns in a row while the other waits, so
// that small batches do not wait for more than one large one.
//
// Intervals are those of the process's monotonic clock, and each task's begin at a time of its own: their large batches do not come all
// at once. A task that has had nothing else to do for a while does not wait for an interval's end.

import type { Topology } from '../graph/topology.ts';

interface Interval {
  readonly lengthMs: number;
  readonly phaseMs: number;
  /** Number of the interval in which its records were last taken. */
  taken: number;
}

/** A topic that has records. */
export interface WaitingTopic {
  readonly topic: string;
  /** It has as many as a batch may have: it is not held back. */
  readonly isFull: boolean;
}

/** Without other work for so long, a task takes what is held back, ms. */
const QUIET_MS = 100;

export class Turns {
  readonly #intervals = new Map<string, Interval>();
  #isHeldLast = true;
  /** Since when there has been nothing but what is held back, at each look; `undefined` when there was. */
  #quietSinceMs: number | undefined;

  /** `intervalsMs` by topic; the others are taken as they come. */
  constructor(taskId: number, tasks: number, intervalsMs: ReadonlyMap<string, number>) {
    for (const [topic, lengthMs] of intervalsMs)
      this.#intervals.set(topic, { lengthMs, phaseMs: (lengthMs * taskId) / tasks, taken: Number.NaN });
  }

  /** Whether the topic's records are taken in intervals. */
  isHeld(topic: string): boolean {
    return this.#intervals.has(topic);
  }

  /** The topics that a batch takes records from now. */
  choose(waiting: readonly WaitingTopic[], nowMs: number): string[] {
    const prompt: string[] = [];
    for (const { topic } of waiting) if (!this.#intervals.has(topic)) prompt.push(topic);
    if (prompt.length > 0 || waiting.length === 0) this.#quietSinceMs = undefined;
    else this.#quietSinceMs ??= nowMs;
    if (prompt.length > 0 && this.#isHeldLast) return prompt;
    const isQuiet = this.#quietSinceMs !== undefined && nowMs - this.#quietSinceMs >= QUIET_MS;
    const held: string[] = [];
    for (const { topic, isFull } of waiting) {
      const interval = this.#intervals.get(topic);
      if (interval !== undefined && (isFull || isQuiet || numberAt(interval, nowMs) !== interval.taken))
        held.push(topic);
    }
    return held.length > 0 ? held : prompt;
  }

  /** A batch that was chosen at this time has taken records of these topics. */
  taken(topics: readonly string[], nowMs: number): void {
    this.#quietSinceMs = undefined;
    for (const topic of topics) {
      const interval = this.#intervals.get(topic);
      this.#isHeldLast = interval !== undefined;
      if (interval !== undefined) interval.taken = numberAt(interval, nowMs);
    }
  }
}

/** Intervals of the topics that are taken in such, ms. */
export function batchIntervalsOf({ nodes }: Topology): Map<string, number> {
  const intervals = new Map<string, number>();
  for (const node of nodes)
    if (node.kind === 'source' && node.batchIntervalMs > 0) intervals.set(node.topic, node.batchIntervalMs);
  return intervals;
}

const numberAt = ({ lengthMs, phaseMs }: Interval, nowMs: number) => Math.floor((nowMs + phaseMs) / lengthMs);
