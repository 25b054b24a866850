// What a visitor prefers: categories, brands and a price, from the items of the profile, each with the weight of its strongest signal
// halved with every half-life of its age. Computed when a list is made, from what the profile keeps anyway (the 20 newest items with
// their times): so preferences take no room, a return or a dislike takes its part out exactly, and an item counts under the
// categories that the catalog gives it now.
//
//   affinity of a category c   a_c = Σ_{i in c} w_i / Σ_i w_i, over items that have a category; brands alike
//   price                      mean m and deviation s of ln(price), weighted by w_i; fit(p) = exp(−(ln p − m)² / (2 (s² + 0.3²)))
//   P(j) = (0.5 · a_category(j) + 0.3 · a_brand(j) + 0.2 · fit(price j) · k) / highest of the candidates
//
// k = n / (n + 3) with n items that have a price: two prices are no taste yet. Ours, after the preference models of content-based
// filtering (Lops, de Gemmis, Semeraro 2011).

import type { ItemFacts } from '../content/item-facts.ts';
import type { ItemIndex } from '../item-index.ts';
import type { Profile } from './profile.ts';
import type { SignalTable } from './signals.ts';

const CATEGORY_SHARE = 0.5;
const BRAND_SHARE = 0.3;
const PRICE_SHARE = 0.2;
/** Prices that differ by a third are still alike. */
const PRICE_SPREAD = 0.3;
const PRICE_SHRINKAGE = 3;
/** Items that preferences come from, the newest: each costs a hash of its id. */
const PREFERENCE_ITEMS = 20;

/** What an item has of a preference. */
export interface PreferenceParts {
  /** Each 0 to its share of 1. */
  category: number;
  brand: number;
  price: number;
}

/** Preferences of one visitor at one time. */
export interface Preferences {
  /** Nothing is known. */
  readonly isEmpty: boolean;
  /** Share of each category by its code in the index, 0 to 1. */
  readonly categories: ReadonlyMap<number, number>;
  readonly brands: ReadonlyMap<number, number>;
  /** Of natural logarithms; `undefined` where no item had a price. */
  readonly price:
    | {
        readonly mean: number;
        readonly variance: number;
        readonly trust: number;
        readonly currency: string | undefined;
      }
    | undefined;
}

const NOTHING: Preferences = { isEmpty: true, categories: new Map(), brands: new Map(), price: undefined };

/** What an item counts in preferences. */
export interface PreferenceWeights {
  /** Half-life of the weight, ms. */
  readonly halfLifeMs: number;
  readonly signals: SignalTable;
}

/** Preferences of a profile at a time (epoch ms). */
export function preferencesOf(
  profile: Profile,
  index: ItemIndex,
  facts: ItemFacts,
  atMs: number,
  { halfLifeMs, signals }: PreferenceWeights,
): Preferences {
  const items: { readonly denseId: number; readonly weight: number }[] = [];
  const add = (item: string, kinds: number, at: number) => {
    const denseId = index.internText(item);
    const weight = signals.pairWeightOf(kinds) * 2 ** (Math.min(0, at - atMs) / halfLifeMs);
    if (denseId !== undefined && weight > 0) items.push({ denseId, weight });
  };
  for (const { item, kinds, at } of profile.recent.slice(-PREFERENCE_ITEMS)) add(item, kinds, at);
  // With limited consent nothing but the session is kept.
  if (profile.recent.length === 0)
    for (const { item, kinds, revoked } of profile.session?.interactions ?? [])
      add(item, kinds & ~revoked, profile.session!.lastAt);
  if (items.length === 0) return NOTHING;
  const categories = shares(items, index.categoryCode);
  const brands = shares(items, index.brandCode);
  const price = priceOf(items, facts);
  return { isEmpty: categories.size + brands.size === 0 && price === undefined, categories, brands, price };
}

/** What an item has of the preferences. `into` is returned. */
export function preferenceOf(
  denseId: number,
  preferences: Preferences,
  index: ItemIndex,
  facts: ItemFacts,
  into: PreferenceParts,
): PreferenceParts {
  into.category = CATEGORY_SHARE * (preferences.categories.get(index.categoryCode[denseId]!) ?? 0);
  into.brand = BRAND_SHARE * (preferences.brands.get(index.brandCode[denseId]!) ?? 0);
  into.price = 0;
  const { price } = preferences;
  const logPrice = facts.logPriceOf(denseId);
  if (price !== undefined && !Number.isNaN(logPrice) && facts.currencyOf(denseId) === price.currency)
    into.price = PRICE_SHARE * price.trust * Math.exp(-((logPrice - price.mean) ** 2) / (2 * price.variance));
  return into;
}

type Weighted = readonly { readonly denseId: number; readonly weight: number }[];

/** Share of the weight that falls to each code; items with the code 0 have none. */
function shares(items: Weighted, codes: Int32Array): Map<number, number> {
  const sums = new Map<number, number>();
  let total = 0;
  for (const { denseId, weight } of items) {
    const code = codes[denseId]!;
    if (code === 0) continue;
    sums.set(code, (sums.get(code) ?? 0) + weight);
    total += weight;
  }
  for (const [code, sum] of sums) sums.set(code, sum / total);
  return sums;
}

/** Prices in the currency of the newest item that has one; others cannot be compared with them. */
function priceOf(items: Weighted, facts: ItemFacts): Preferences['price'] {
  let currency: string | undefined;
  let [count, total, sum] = [0, 0, 0];
  for (let i = items.length - 1; i >= 0; i--) {
    const { denseId, weight } = items[i]!;
    const logPrice = facts.logPriceOf(denseId);
    if (Number.isNaN(logPrice)) continue;
    if (count === 0) currency = facts.currencyOf(denseId);
    else if (facts.currencyOf(denseId) !== currency) continue;
    count++;
    total += weight;
    sum += weight * logPrice;
  }
  if (count === 0) return undefined;
  const mean = sum / total;
  let squares = 0;
  for (const { denseId, weight } of items) {
    const logPrice = facts.logPriceOf(denseId);
    if (!Number.isNaN(logPrice) && facts.currencyOf(denseId) === currency) squares += weight * (logPrice - mean) ** 2;
  }
  return { mean, variance: squares / total + PRICE_SPREAD ** 2, trust: count / (count + PRICE_SHRINKAGE), currency };
}
