// What an item's texts say, as weighted terms: a bag of words, bounded whatever the texts are. Terms are hashed, so there is no
// vocabulary to keep or to agree on (feature hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
// ICML 2009).
//
// The weight of a word depends on its item alone, not on how many items have it: so a vector is a function of one catalog event,
// and the same after any restart.

import { itemHash } from '../../schemas/item-hash.ts';
import type { CatalogItem } from '../../schemas/records.ts';

/** Words of a text that count: the first so many distinct ones. Descriptions go on about the same thing. */
const TITLE_WORDS = 32;
const TAG_WORDS = 32;
const DESCRIPTION_WORDS = 64;
/** Categories that count, the first ones. */
const CATEGORIES = 8;

/** A word of the title or of a tag is the unit. A category was chosen by the shop to say what the item is. */
const CATEGORY_WEIGHT = 1.5;
const BRAND_WEIGHT = 0.75;
/** A description is longer than a title and says less with each word. */
const DESCRIPTION_WEIGHT = 0.25;

/** Shorter words of alphabets are articles, prepositions and sizes. */
const SHORTEST_WORD = 3;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Scripts that put no blanks between words: their texts count by pairs of characters. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}]/u;

/** Weights by 53-bit hash of the term, each more than 0. */
export type Terms = ReadonlyMap<number, number>;

/** The texts of a catalog item that say what it is. */
export type Described = Pick<CatalogItem, 'itemId' | 'title' | 'description' | 'categories' | 'tags' | 'brand'>;

/** Terms of an item: at most 137. */
export function termsOf({ itemId, title, description, categories, tags, brand }: Described): Terms {
  const terms = new Map<number, number>();
  const add = (term: string, weight: number) => {
    const hash = itemHash(term);
    terms.set(hash, (terms.get(hash) ?? 0) + weight);
  };
  // A title that is the id again was put there because one is needed.
  if (title !== itemId) for (const word of counted(title, TITLE_WORDS).keys()) add(word, 1);
  for (const word of counted(tags.join(' '), TAG_WORDS).keys()) add(word, 1);
  for (const [word, count] of counted(description ?? '', DESCRIPTION_WORDS))
    add(word, DESCRIPTION_WEIGHT * (1 + Math.log(count)));
  for (const category of categories.slice(0, CATEGORIES)) add(`category:${folded(category)}`, CATEGORY_WEIGHT);
  if (brand !== null) add(`brand:${folded(brand)}`, BRAND_WEIGHT);
  return terms;
}

/** Terms of what somebody searched for: its words, as an item's title would have them. */
export function termsOfSearch(query: string): Terms {
  const terms = new Map<number, number>();
  for (const word of counted(query, TITLE_WORDS).keys()) terms.set(itemHash(word), 1);
  return terms;
}

/** How often a text has each of its first distinct words. */
function counted(text: string, most: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [run] of folded(text).matchAll(WORD)) {
    for (const word of UNSPACED.test(run) ? pairs(run) : [run]) {
      if (word.length < SHORTEST_WORD && !UNSPACED.test(word) && !/\d/.test(word)) continue;
      const count = counts.get(word);
      if (count !== undefined) counts.set(word, count + 1);
      else if (counts.size < most) counts.set(word, 1);
    }
  }
  return counts;
}

function pairs(run: string): string[] {
  const characters = [...run];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, i) => characters[i]! + character);
}

/** One spelling of what is written in several. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}
