// How good the lists are that the running engine makes, measured by itself: when a visitor looks at an item, where was it in the list
// that was made for the visitor before (test, then train)? By algorithm, as forward-decayed means over event time (Gama, Sebastião,
// Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90, 2013, have prequential measures with forgetting).
//
// Asked is what an evaluation asks: a view, or a click in a list, of an item that the visitor did not deal with last. A look that comes
// while a batch is processed is held against the list of the batch before, which is what could be shown. Lists lead to some of
// the looks that they are measured by, so the figures tell drift, not worth.
//
// In memory only: of the visitors that were last active. Nothing is decided by it. A batch that is undone and run again may count twice.

import type { Metrics } from '../engine/api/index.ts';
import { isProbeVisitor } from '../schemas/keys.ts';
import type { Click } from '../schemas/records.ts';
import { DAY_MS, landmarkAt, movedLandmark, rebaseFactor, valueFactor, weightAt } from './decay.ts';
import type { ListedItem } from './top-n/values.ts';

/** Items of a list that count (K). */
const K = 20;
/** Visitors whose lists are remembered: about 5 MB. */
const MOST_VISITORS = 20_000;
const ALGORITHM = 'freshet.algorithm';
/** How fast the means forget. */
const HALF_LIFE_MS = DAY_MS;

interface ShownList {
  sums: Sums;
  /** The first items, best first. */
  items: string[];
  /** What the visitor dealt with last since the list was first noted. */
  last: string | undefined;
}

/** Decayed sums of one algorithm, against a common landmark. */
interface Sums {
  looks: number;
  hits: number;
  reciprocal: number;
}

/** Measures the lists of a process. */
export class LiveQuality {
  readonly #metrics: Metrics;
  readonly #byAlgorithm = new Map<string, Sums>();
  /** Least recently active first. */
  readonly #visitors = new Map<string, ShownList>();
  #landmarkMs: number | undefined;
  #newestMs = Number.NEGATIVE_INFINITY;

  /** @param metrics gets `freshet.lists.hit_rate`, `freshet.lists.reciprocal_rank` (both at 20, 0 to 1) and `freshet.lists.looks` (decayed) for each algorithm. */
  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** A visitor's list is this one now, made by the algorithm of this name and version. Those of synthetic visitors say nothing of shoppers. */
  noted(visitorId: string, algorithm: string, items: readonly ListedItem[]): void {
    if (isProbeVisitor(visitorId)) return;
    const first: string[] = [];
    for (let i = 0; i < items.length && i < K; i++) first.push(items[i]!.id);
    const sums = this.#sumsOf(algorithm);
    const known = this.#visitors.get(visitorId);
    if (known !== undefined) {
      this.#visitors.delete(visitorId);
      known.sums = sums;
      known.items = first;
      this.#visitors.set(visitorId, known);
      return;
    }
    this.#visitors.set(visitorId, { sums, items: first, last: undefined });
    if (this.#visitors.size > MOST_VISITORS) this.#visitors.delete(this.#visitors.keys().next().value!);
  }

  /** There is no list of the visitor any more. */
  forgotten(visitorId: string): void {
    this.#visitors.delete(visitorId);
  }

  /** A visitor did something, which has not changed any list yet. */
  observed({ visitorId, itemId, kind, at }: Click): void {
    const shown = this.#visitors.get(visitorId);
    if (shown === undefined || itemId === null) return;
    const isFurther = shown.last !== itemId;
    shown.last = itemId;
    if (!isFurther || (kind !== 'view' && kind !== 'listClick')) return;
    const weight = this.#weightOf(at);
    const { sums, items } = shown;
    sums.looks += weight;
    const place = items.indexOf(itemId);
    if (place < 0) return;
    sums.hits += weight;
    sums.reciprocal += weight / (place + 1);
  }

  #weightOf(at: number): number {
    if (at > this.#newestMs) this.#newestMs = at;
    this.#landmarkMs ??= landmarkAt(at, HALF_LIFE_MS);
    const moved = movedLandmark(this.#landmarkMs, at, HALF_LIFE_MS);
    if (moved !== this.#landmarkMs) {
      const factor = rebaseFactor(this.#landmarkMs, moved, HALF_LIFE_MS);
      for (const sums of this.#byAlgorithm.values()) {
        sums.looks *= factor;
        sums.hits *= factor;
        sums.reciprocal *= factor;
      }
      this.#landmarkMs = moved;
    }
    return weightAt(at, this.#landmarkMs, HALF_LIFE_MS);
  }

  #sumsOf(algorithm: string): Sums {
    const known = this.#byAlgorithm.get(algorithm);
    if (known !== undefined) return known;
    const sums: Sums = { looks: 0, hits: 0, reciprocal: 0 };
    this.#byAlgorithm.set(algorithm, sums);
    const share = (part: number) => (sums.looks === 0 ? 0 : part / sums.looks);
    this.#metrics.gauge('freshet.lists.hit_rate', () => share(sums.hits), { [ALGORITHM]: algorithm });
    this.#metrics.gauge('freshet.lists.reciprocal_rank', () => share(sums.reciprocal), { [ALGORITHM]: algorithm });
    this.#metrics.gauge('freshet.lists.looks', () => this.#current(sums.looks), { [ALGORITHM]: algorithm });
    return sums;
  }

  /** Value of a sum at the newest look. */
  #current(sum: number): number {
    return sum === 0 ? 0 : sum * valueFactor(this.#newestMs, this.#landmarkMs!, HALF_LIFE_MS);
  }
}
