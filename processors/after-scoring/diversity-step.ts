// Diversity: what is alike does not stand side by side. Items are taken one after the other, each the best by
//
//   score(j) − diversity · best · max_{i taken} likeness(i, j)
//
// (maximal marginal relevance: Carbonell, Goldstein, SIGIR 1998; their λ is 1 / (1 + diversity)), and among the first 20 there are
// no more of one brand and of one category than the caps allow: what is over a cap comes after them. Every change of a score is a
// reason of its own, so an item's reasons still sum to its score. Scores fall along the list: what is taken later had no higher
// score when the earlier was taken, and likeness to what is taken only grows.
//
// The work is bounded: each of the first 20 is held against what is left, once, by sketches (see content-index.ts).

import { byRank, type Candidate, namePart } from '../campaigns.ts';
import type { TuningOf } from '../list-tunings.ts';
import type { AfterScoring, ListQuery } from '../top-n/pipeline.ts';

/** Places in which items are held against each other and caps count: what is seen at a time. */
const PLACES = 20;
/** What lies between the last place in which caps count and those that came over a cap. */
const BEHIND = 1e-6;

/** Code of an item's brand or category, 0 where it has none. */
export type CodeOf = (denseId: number) => number;

/** Makes lists diverse. */
export class DiversityStep implements AfterScoring {
  readonly name = 'variety';
  readonly #likeness: (one: number, other: number) => number;
  readonly #brandOf: CodeOf;
  readonly #categoryOf: CodeOf;
  readonly #tuningOf: TuningOf;

  /** @param likeness of two items by dense id: 0 (nothing in common) to 1 (the same). */
  constructor(
    likeness: (one: number, other: number) => number,
    brandOf: CodeOf,
    categoryOf: CodeOf,
    tuningOf: TuningOf,
  ) {
    this.#likeness = likeness;
    this.#brandOf = brandOf;
    this.#categoryOf = categoryOf;
    this.#tuningOf = tuningOf;
  }

  apply(candidates: Candidate[], { definition }: ListQuery): Candidate[] {
    const { diversity, mostOfBrand, mostOfCategory } = this.#tuningOf(definition);
    const brands = new Counts(this.#brandOf, mostOfBrand);
    const categories = new Counts(this.#categoryOf, mostOfCategory);
    const best = candidates[0]?.score ?? 0;
    const penalties = new Float64Array(candidates.length);
    const isLeft = new Uint8Array(candidates.length).fill(1);
    const taken: Candidate[] = [];
    const over: number[] = [];
    while (taken.length < PLACES) {
      const place = bestLeft(candidates, penalties, isLeft);
      if (place === undefined) break;
      isLeft[place] = 0;
      const candidate = candidates[place]!;
      if (brands.isFull(candidate) || categories.isFull(candidate)) {
        over.push(place);
        continue;
      }
      lower(candidate, penalties[place]!);
      taken.push(candidate);
      brands.add(candidate);
      categories.add(candidate);
      if (diversity > 0) this.#penalise(candidate, candidates, isLeft, penalties, diversity * best);
    }
    const ceiling = (taken.at(-1)?.score ?? 0) - BEHIND;
    for (const place of over) {
      const candidate = candidates[place]!;
      lower(candidate, Math.max(penalties[place]!, candidate.score - ceiling));
    }
    for (let place = 0; place < candidates.length; place++)
      if (isLeft[place] === 1) lower(candidates[place]!, penalties[place]!);
    return candidates.sort(byRank);
  }

  #penalise(
    taken: Candidate,
    candidates: readonly Candidate[],
    isLeft: Uint8Array,
    penalties: Float64Array,
    scale: number,
  ): void {
    for (let place = 0; place < candidates.length; place++) {
      if (isLeft[place] === 0) continue;
      const penalty = scale * this.#likeness(taken.denseId, candidates[place]!.denseId);
      if (penalty > penalties[place]!) penalties[place] = penalty;
    }
  }
}

/** How many of each code have been taken. */
class Counts {
  readonly #codeOf: CodeOf;
  readonly #most: number;
  readonly #counts = new Map<number, number>();

  constructor(codeOf: CodeOf, most: number) {
    this.#codeOf = codeOf;
    this.#most = most;
  }

  isFull({ denseId }: Candidate): boolean {
    const code = this.#codeOf(denseId);
    return code !== 0 && (this.#counts.get(code) ?? 0) >= this.#most;
  }

  add({ denseId }: Candidate): void {
    const code = this.#codeOf(denseId);
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
  }
}

function bestLeft(candidates: readonly Candidate[], penalties: Float64Array, isLeft: Uint8Array): number | undefined {
  let best: number | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < candidates.length; place++) {
    // They come best first: nothing further on can be better.
    if (candidates[place]!.score <= highest) break;
    if (isLeft[place] === 0) continue;
    const score = candidates[place]!.score - penalties[place]!;
    if (score > highest) {
      highest = score;
      best = place;
    }
  }
  return best;
}

function lower(candidate: Candidate, amount: number): void {
  if (!(amount > 0)) return;
  candidate.score -= amount;
  namePart(candidate, { kind: 'variety', part: -amount });
}
