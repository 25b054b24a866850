// The visitor's preferences of category, brand and price, on top of what the sources say.

import { byRank, type Candidate, namePart } from '../campaigns.ts';
import type { ItemFacts } from '../content/item-facts.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import { type PreferenceParts, type PreferenceWeights, preferenceOf, preferencesOf } from '../profile/preferences.ts';
import type { AfterScoring, ListQuery } from '../top-n/pipeline.ts';

/** Less than this share of the most that the step can give is left out, with its reason: it would change no order that matters. */
const LEAST = 0.02;

/** Raises what the visitor prefers. */
export class TasteStep implements AfterScoring {
  readonly name = 'preference';
  readonly #index: ItemIndex;
  readonly #facts: ItemFacts;
  readonly #weights: PreferenceWeights;
  readonly #tuningOf: TuningOf;
  readonly #parts: PreferenceParts = { category: 0, brand: 0, price: 0 };

  constructor(index: ItemIndex, facts: ItemFacts, weights: PreferenceWeights, tuningOf: TuningOf) {
    this.#index = index;
    this.#facts = facts;
    this.#weights = weights;
    this.#tuningOf = tuningOf;
  }

  apply(candidates: Candidate[], query: ListQuery): Candidate[] {
    const scale = this.#tuningOf(query.definition).tasteWeight * (candidates[0]?.score ?? 0);
    if (!(scale > 0)) return candidates;
    const preferences = preferencesOf(query.profile, this.#index, this.#facts, query.times.atMs, this.#weights);
    if (preferences.isEmpty) return candidates;
    for (const candidate of candidates) {
      const { category, brand, price } = preferenceOf(
        candidate.denseId,
        preferences,
        this.#index,
        this.#facts,
        this.#parts,
      );
      if (category > LEAST)
        raise(candidate, this.#named('category', this.#index.categoryCode, candidate), scale * category);
      if (brand > LEAST) raise(candidate, this.#named('brand', this.#index.brandCode, candidate), scale * brand);
      if (price > LEAST) raise(candidate, 'price', scale * price);
    }
    return candidates.sort(byRank);
  }

  #named(what: string, codes: Int32Array, { denseId }: Candidate): string {
    return `${what}=${this.#index.nameOf(codes[denseId]!)}`;
  }
}

function raise(candidate: Candidate, segment: string, part: number): void {
  candidate.score += part;
  namePart(candidate, { kind: 'preference', segment, part });
}
