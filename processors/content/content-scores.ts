// Content's part of a visitor's list: what is nearest in content to the items that the list is made from.
//
//   C(j) = Σ_i w_i · s(i, j) / Σ_i w_i,   s = max(0, (cos(v_i, v_j) − c_i) / (1 − c_i)) for the 24 nearest j of i, 0 for others
//
// v are the content vectors, w_i the weights of the query, c_i is the mean cosine of i with all items and what chance adds to that:
// a word that all titles have in common counts for nothing. A sum of the items' similarities is, but for the cut to the nearest,
// the inner product with the user's content vector Σ w_i v_i; taken apart so, it names each item's part and costs one addition
// for each of the nearest instead of 128 multiplications for each candidate.

import { type ContentIndex, NEAREST_ITEMS } from './content-index.ts';
import { vectorOfTerms } from './content-vector.ts';
import { chanceCosine, nearness } from './nearness.ts';
import type { Neighbour } from './neighbour-list.ts';

/** What a list is made from: items by dense id, or a search by its words, and their weights, more than 0. */
export type ContentQuery =
  | { readonly denseId: number; readonly weight: number }
  | { readonly words: readonly number[]; readonly weight: number };

/** Scores of a query, by dense id. */
export interface ContentScores {
  /** C, more than 0 to 1; empty where nothing is near. */
  readonly scores: ReadonlyMap<number, number>;
  /** The part of a query item, by its place in the query, in the score of an item. Parts sum to the score. */
  part(place: number, denseId: number): number;
}

/**
 * Scores what is near to a query.
 * @param isWanted says of an item whether it may come into the list at all.
 */
export function contentScores(
  query: readonly ContentQuery[],
  content: ContentIndex,
  isWanted: (denseId: number) => boolean,
): ContentScores {
  const lists: { readonly nearest: readonly Neighbour[]; readonly floor: number }[] = [];
  const sums = new Map<number, number>();
  const chance = chanceCosine(content.size);
  let total = 0;
  for (const one of query) {
    const { weight } = one;
    total += weight;
    const isItem = 'denseId' in one;
    const nearest = isItem ? content.nearestTo(one.denseId) : nearestToWords(one.words, content);
    const floor = isItem ? chance + content.meanCosine(one.denseId) : chance;
    lists.push({ nearest, floor });
    for (const { number, cosine } of nearest) {
      const near = nearness(cosine, floor);
      // The nearest come first.
      if (near === 0) break;
      if (!isWanted(number)) continue;
      sums.set(number, (sums.get(number) ?? 0) + weight * near);
    }
  }
  for (const [denseId, sum] of sums) sums.set(denseId, sum / total);
  return {
    scores: sums,
    part(place, denseId) {
      const list = lists[place];
      if (list === undefined) return 0;
      const { nearest, floor } = list;
      const own = nearest.find(({ number }) => number === denseId);
      return own === undefined ? 0 : (query[place]!.weight * nearness(own.cosine, floor)) / total;
    },
  };
}

function nearestToWords(words: readonly number[], content: ContentIndex): readonly Neighbour[] {
  const vector = vectorOfTerms(new Map(words.map((word) => [word, 1])));
  return vector === undefined ? [] : content.nearest(vector, NEAREST_ITEMS);
}
