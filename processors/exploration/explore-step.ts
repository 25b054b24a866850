// Gives the places of exploration to little-known candidates. An explored item comes to stand between two others, so its score becomes
// theirs; the difference is a reason.

import { type Candidate, namePart } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import type { AfterScoring, ListQuery } from '../top-n/pipeline.ts';
import { chanceOf, drawnRate, exploredPlaces, LITTLE_KNOWN } from './explored-items.ts';

/** Content speaks for the item: of what is neither known nor like anything, no shopper is asked to find out more. */
function isNear({ extra }: Candidate): boolean {
  return extra.some(({ kind }) => kind === 'content' || kind === 'searched');
}

/** Puts little-known items in the places that are kept for them. */
export class ExploreStep implements AfterScoring {
  readonly name = 'new';
  readonly #index: ItemIndex;
  readonly #tuningOf: TuningOf;

  constructor(index: ItemIndex, tuningOf: TuningOf) {
    this.#index = index;
    this.#tuningOf = tuningOf;
  }

  apply(candidates: Candidate[], query: ListQuery): Candidate[] {
    const places = exploredPlaces(query.length, this.#tuningOf(query.definition).explorationShare);
    const first = places[0];
    // A list that does not reach the first place has its little-known items in sight anyway.
    if (first === undefined || candidates.length <= first) return candidates;
    const drawn = this.#drawn(candidates, first, query);
    const order = [...candidates];
    for (const place of places) {
      const candidate = drawn.shift();
      if (candidate === undefined) break;
      const from = order.indexOf(candidate);
      if (from <= place) continue;
      order.splice(from, 1);
      order.splice(place, 0, candidate);
      const part = (order[place - 1]!.score + order[place + 1]!.score) / 2 - candidate.score;
      candidate.score += part;
      namePart(candidate, { kind: 'new', part });
    }
    return order;
  }

  /** Little-known candidates from a place on, by their draws, best first. */
  #drawn(candidates: readonly Candidate[], first: number, { profile, times }: ListQuery): Candidate[] {
    const factor = this.#index.factorAt(times.atMs);
    const owner = String(profile.session?.startedAt ?? 0);
    const draws: { readonly candidate: Candidate; readonly rate: number }[] = [];
    for (let place = first; place < candidates.length; place++) {
      const candidate = candidates[place]!;
      const interactions = this.#index.n[candidate.denseId]! * factor;
      if (interactions >= LITTLE_KNOWN || !isNear(candidate)) continue;
      const experience = { interactions, impressions: 0 };
      draws.push({ candidate, rate: drawnRate(experience, chanceOf(owner, candidate.id, times.atMs)) });
    }
    draws.sort((a, b) => b.rate - a.rate || (a.candidate.id < b.candidate.id ? -1 : 1));
    return draws.map(({ candidate }) => candidate);
  }
}
