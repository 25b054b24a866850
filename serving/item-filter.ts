// Which items an answer may hold, by what their cards say and by their scores: the placement's filter and the request's, both of which have to
// let an item in. An item that has no card passes no filter that asks for something, and is kept out by none. One whose card cannot be read
// now does not come this far (recommender.ts).
import type { ItemCard } from '../lists/index.ts';
import { attributeHash } from '../schemas/attribute-hash.ts';
import type { ItemFilter, Placement } from '../schemas/list-settings.ts';
import type { Parameters } from './parameters.ts';

/** Filters of one answer. */
export interface AnswerFilter {
  /** Whether {@link lets} needs the cards of items. */
  readonly needCards: boolean;
  lets(id: string, score: number, card: ItemCard | undefined): boolean;
}

/** Conditions of one kind; every one of `wanted` and none of `unwanted` has to hold. */
type Condition = (card: ItemCard) => boolean;

const inAny =
  (categories: readonly string[]): Condition =>
  (card) =>
    card.categories.some((category) => categories.includes(category));
const ofAny =
  (brands: readonly string[]): Condition =>
  (card) =>
    card.brand !== undefined && brands.includes(card.brand);
const has =
  (hash: number): Condition =>
  (card) =>
    card.attributeHashes?.includes(hash) === true;

/** `name:value`, as the parameter has it; a name with a colon cannot be asked for. */
function hashOf(attribute: string): number {
  const colon = attribute.indexOf(':');
  return attributeHash(attribute.slice(0, colon), attribute.slice(colon + 1));
}

const NO_CONDITIONS: readonly Condition[] = [];

function conditionsOf(filter: ItemFilter | undefined): readonly Condition[] {
  if (filter === undefined) return NO_CONDITIONS;
  const { categories, brands, attributes = {} } = filter;
  return [
    ...(categories === undefined ? [] : [inAny(categories)]),
    ...(brands === undefined ? [] : [ofAny(brands)]),
    ...Object.entries(attributes).map(([name, value]) => has(attributeHash(name, value))),
  ];
}

const NO_ITEMS: readonly string[] = [];

function asFilter(categories?: readonly string[], brands?: readonly string[]): ItemFilter | undefined {
  if (categories === undefined && brands === undefined) return undefined;
  return { ...(categories && { categories: [...categories] }), ...(brands && { brands: [...brands] }) };
}

/** What a placement and a request ask of an answer's items. */
export function answerFilter(placement: Placement, parameters: Parameters): AnswerFilter {
  const { category, brand, attribute = [], excludeCategory, excludeBrand, excludeAttribute = [] } = parameters;
  const wanted = [
    ...conditionsOf(placement.include),
    ...conditionsOf(asFilter(category, brand)),
    ...attribute.map((text) => has(hashOf(text))),
  ];
  const unwanted = [
    ...conditionsOf(placement.exclude),
    ...conditionsOf(asFilter(excludeCategory, excludeBrand)),
    ...excludeAttribute.map((text) => has(hashOf(text))),
  ];
  const { excludeItems = NO_ITEMS, inCart = NO_ITEMS } = parameters;
  const hidden = excludeItems.length + inCart.length === 0 ? undefined : new Set([...excludeItems, ...inCart]);
  const minScore = Math.max(parameters.minScore ?? -Infinity, placement.minScore ?? -Infinity);
  return {
    needCards: wanted.length + unwanted.length > 0,
    lets(id, score, card) {
      if (score < minScore || hidden?.has(id) === true) return false;
      if (card === undefined) return wanted.length === 0;
      return wanted.every((holds) => holds(card)) && !unwanted.some((holds) => holds(card));
    },
  };
}
