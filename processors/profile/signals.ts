// What each kind of signal weighs. The weights are relative to a view, which weighs 1 everywhere: a shop that sends views alone
// gets the plain F1 of docs/architecture.md. They are choices, not measurements, except that orders and views together do
// better than either; the order of the strengths matters more than their size. A shop may set its own (docs/recommendations.md).

import type { Click } from '../../schemas/records.ts';

/** A signal about an item. */
export type Signal =
  | 'view'
  | 'listClick'
  | 'wishlist'
  | 'addToCart'
  | 'like'
  | 'purchase'
  | 'rate'
  | 'dwell'
  | 'removeFromCart'
  | 'dislike';

/** Weights of a signal. */
export interface SignalWeights {
  /**
   * What an interaction with this signal adds to n and, by distance, to f and b, and what the item counts in preferences; 0 or more. 0: the
   * signal makes no interaction.
   */
  readonly pair: number;
  /** What the event adds to the item's popularity, 0 or more. */
  readonly popularity: number;
  /** What the event adds to the user vector, in the direction of the item's signature. */
  readonly profile: number;
  /** A look may be repeated: seen again, the item counts again, also as following itself. Other signals only add strength. */
  readonly isLook: boolean;
}

/** Default weights by signal. The order of the entries is the order of the bits in an interaction, and so part of the stored format. */
export const SIGNALS: { readonly [S in Signal]: SignalWeights } = {
  // The unit of everything.
  view: { pair: 1, popularity: 1, profile: 1, isLook: true },
  // Chosen by the visitor like a view, and joined with the view that follows it. Half a view for popularity, which the
  // engine's own lists would otherwise feed.
  listClick: { pair: 1, popularity: 0.5, profile: 1, isLook: true },
  // Wanted, but not enough to buy now.
  wishlist: { pair: 2, popularity: 2, profile: 2, isLook: false },
  // As strong a wish for pairs; nearer to a sale, hence more popular.
  addToCart: { pair: 2, popularity: 3, profile: 2, isLook: false },
  like: { pair: 2, popularity: 2, profile: 2, isLook: false },
  // The surest signal. Three views and not more, so that a shop with many orders is not ruled by the order of their lines.
  purchase: { pair: 3, popularity: 5, profile: 3, isLook: false },
  // A middling rating (3 of 5) says that the visitor knows the item, nothing about liking it; others count as like or dislike.
  rate: { pair: 0, popularity: 0, profile: 0, isLook: false },
  // The view itself has been counted.
  dwell: { pair: 0, popularity: 0, profile: 0, isLook: false },
  // Takes part of the taste back; what the visitor looked at together stays true. Orders are taken back by their receipts.
  removeFromCart: { pair: 0, popularity: 0, profile: -1, isLook: false },
  // Must outweigh the view that led to it.
  dislike: { pair: 0, popularity: 0, profile: -2, isLook: false },
};

const NAMES = Object.keys(SIGNALS) as Signal[];

/** Bit of a signal in the kinds of an interaction. */
export const kindBit: { readonly [S in Signal]: number } = Object.fromEntries(
  NAMES.map((name, index) => [name, 1 << index]),
) as { [S in Signal]: number };

/** Bit of the signal that holds no longer after this one; 0 for none. */
export function revokedBit(signal: Signal): number {
  // What was bought has left the cart, whatever becomes of the order.
  if (signal === 'removeFromCart' || signal === 'purchase') return kindBit.addToCart;
  return signal === 'dislike' ? kindBit.like : 0;
}

/** Weights of what is no signal about one item that comes. */
export interface OtherWeights {
  /** Share of what an order contributed that its cancellation takes back, and its return, 0 to 1. */
  readonly cancelled: number;
  readonly returned: number;
  /** What a search counts beside the newest item of a list, 0 or more. */
  readonly searched: number;
}

/** Default weights: taking an order back takes all of it, a search is as much worth as a view. */
export const OTHER_WEIGHTS: OtherWeights = { cancelled: 1, returned: 1, searched: 1 };

/** What weighs how much in one shop. */
export class SignalTable {
  readonly others: OtherWeights;
  readonly #weights: { readonly [S in Signal]: SignalWeights };
  readonly #pairWeights: readonly number[];

  constructor(
    weights: Partial<{ readonly [S in Signal]: Partial<SignalWeights> }> = {},
    others: Partial<OtherWeights> = {},
  ) {
    this.others = { ...OTHER_WEIGHTS, ...others };
    this.#weights = Object.fromEntries(NAMES.map((name) => [name, { ...SIGNALS[name], ...weights[name] }])) as {
      [S in Signal]: SignalWeights;
    };
    this.#pairWeights = NAMES.map((name) => this.#weights[name].pair);
  }

  of(signal: Signal): SignalWeights {
    return this.#weights[signal];
  }

  /** As the setting has it, see signal-text.ts. */
  toString(): string {
    const texts = NAMES.map((name) => {
      const { pair, popularity, profile } = this.#weights[name];
      return `${name}=${pair}/${popularity}/${profile}`;
    });
    for (const [name, weight] of Object.entries(this.others)) texts.push(`${name}=${weight}`);
    return texts.join(', ');
  }

  /** Pair weight of an interaction: the greatest of its signals'. */
  pairWeightOf(kinds: number): number {
    let greatest = 0;
    for (let index = 0; index < this.#pairWeights.length; index++) {
      if (kinds & (1 << index) && this.#pairWeights[index]! > greatest) greatest = this.#pairWeights[index]!;
    }
    return greatest;
  }
}

/** The table of {@link SIGNALS}. */
export const DEFAULT_SIGNALS = new SignalTable();

/** Signal of a click: a rating of 4 or 5 is a like, of 1 or 2 a dislike. `undefined` for a search, which is about no item. */
export function signalOf(click: Click): Signal | undefined {
  if (click.kind === 'search') return undefined;
  if (click.kind !== 'rate') return click.kind;
  const rating = click.rating ?? 3;
  return rating > 3 ? 'like' : rating < 3 ? 'dislike' : 'rate';
}
