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

/** What content gives an item. */
export interface ContentScore {
  readonly denseId: number;
  /** C, more than 0 to 1. */
  score: number;
  /** Places in the query of those that give something, and what each gives: a place, its part, the next place, ... Parts sum to the score. */
  readonly parts: number[];
}

/**
 * Scores what is near to a query, by dense id; empty where nothing is.
 * @param isWanted says of an item whether it may come into the list at all.
 */
export function contentScores(
  query: readonly ContentQuery[],
  content: ContentIndex,
  isWanted: (denseId: number) => boolean,
): Map<number, ContentScore> {
  const scores = new Map<number, ContentScore>();
  const chance = chanceCosine(content.size);
  let total = 0;
  for (const { weight } of query) total += weight;
  for (let place = 0; place < query.length; place++) {
    const one = query[place]!;
    const isItem = 'denseId' in one;
    const nearest = isItem ? content.nearestTo(one.denseId) : nearestToWords(one.words, content);
    const floor = isItem ? chance + content.meanCosine(one.denseId) : chance;
    for (const { number, cosine } of nearest) {
      const part = (one.weight * nearness(cosine, floor)) / total;
      // The nearest come first.
      if (part === 0) break;
      let score = scores.get(number);
      if (score === undefined) {
        if (!isWanted(number)) continue;
        score = { denseId: number, score: 0, parts: [] };
        scores.set(number, score);
      }
      score.score += part;
      score.parts.push(place, part);
    }
  }
  return scores;
}

/** Visits what is near to one item in content, nearest first, with how near it is: more than 0 to 1, what it gives as a query's only item. */
export function eachNear(
  denseId: number,
  content: ContentIndex,
  visit: (denseId: number, nearness: number) => void,
): void {
  const nearest = content.nearestTo(denseId);
  if (nearest.length === 0) return;
  const floor = chanceCosine(content.size) + content.meanCosine(denseId);
  for (const { number, cosine } of nearest) {
    const near = nearness(cosine, floor);
    if (near === 0) return;
    visit(number, near);
  }
}

function nearestToWords(words: readonly number[], content: ContentIndex): readonly Neighbour[] {
  const vector = vectorOfTerms(new Map(words.map((word) => [word, 1])));
  return vector === undefined ? [] : content.nearest(vector, NEAREST_ITEMS);
}
