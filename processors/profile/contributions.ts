// What an event contributes to co-occurrence: pure functions of the event and the session before it, so that an order's part can
// be computed again from its receipt and subtracted. (F1 of docs/architecture.md, with signal weights; 'together' is ours.)
//
// Interaction x of weight w, with the last H = 10 interactions h before it at distance d: g = w·d^-0.7 is added to f of h towards
// x and to b of x towards h; n of x grows by w. A look that repeats x adds to f of x towards x, and to the repeats of x.
//
// An order places its distinct lines one after the other as interactions with the signal `purchase`. Each line adds 1 to p, and
// two lines at most T = 10 apart add 1 / min(m − 1, 2T) to o in both directions, for an order of m distinct lines: a line has at
// most a mass of 1 to give, whatever the order's size (Newman, "Scientific collaboration networks II", 2001, weights joint
// papers so). The work is at most 2T pairs for a line.

import { type Interaction, PARTNERS } from './profile.ts';
import { type Placement, placeSignal } from './session.ts';
import { DEFAULT_SIGNALS, type Signal, type SignalTable } from './signals.ts';

/** Lines of an order that a line is 'together' with, in each direction (T). */
export const TOGETHER_WINDOW = 10;

const DISTANCE_WEIGHTS = Float64Array.from({ length: PARTNERS + 1 }, (_, d) => (d === 0 ? 0 : d ** -0.7));

/** Takes contributions of one event. */
export interface ContributionSink {
  /** `after` came after `before`: f of `before`, and b of `after` unless they are the same item. */
  follows(before: string, after: string, mass: number): void;
  /** Both were in one order: o in both directions. */
  together(one: string, other: string, mass: number): void;
  /** Totals of an item. */
  counts(item: string, n: number, p: number, repeats: number): void;
}

const placement: Placement = { position: 0, weight: 0, isNew: false, isRepeat: false };

/** Places a click's signal among the interactions and contributes it. */
export function contributeSignal(
  interactions: Interaction[],
  item: string,
  signal: Signal,
  sink: ContributionSink,
  signals: SignalTable = DEFAULT_SIGNALS,
): void {
  const { position, weight, isRepeat } = placeSignal(interactions, item, signal, placement, signals);
  if (weight === 0) return;
  sink.counts(item, weight, 0, isRepeat ? 1 : 0);
  for (let d = 1; d <= PARTNERS && d <= position; d++) {
    const partner = interactions[position - d]!.item;
    if (partner === item && !isRepeat) continue;
    sink.follows(partner, item, weight * DISTANCE_WEIGHTS[d]!);
  }
}

/** Which parts of an order are meant; `partnerLine` is `undefined` for an item's totals and for pairs with the session before. */
export type OrderPart = (line: number, partnerLine: number | undefined) => boolean;

/**
 * Contributes those parts of an order that `isMeant` names. `interactions` are those before the order and get its lines.
 * @param items distinct items in line order.
 */
export function contributeOrder(
  interactions: Interaction[],
  items: readonly string[],
  isMeant: OrderPart,
  sink: ContributionSink,
  signals: SignalTable = DEFAULT_SIGNALS,
): void {
  // Interactions from here on were made by lines; line numbers of the same positions beside them.
  const first = interactions.length;
  const madeBy: number[] = [];
  for (let line = 0; line < items.length; line++) {
    const item = items[line]!;
    const { position, weight, isNew } = placeSignal(interactions, item, 'purchase', placement, signals);
    if (isNew) madeBy.push(line);
    if (isMeant(line, undefined)) sink.counts(item, weight, 1, 0);
    if (weight === 0) continue;
    for (let d = 1; d <= PARTNERS && d <= position; d++) {
      const at = position - d;
      const partner = interactions[at]!.item;
      if (partner === item || !isMeant(line, at >= first ? madeBy[at - first] : undefined)) continue;
      sink.follows(partner, item, weight * DISTANCE_WEIGHTS[d]!);
    }
  }
  const mass = 1 / Math.min(items.length - 1, 2 * TOGETHER_WINDOW);
  for (let line = 1; line < items.length; line++) {
    for (let other = Math.max(0, line - TOGETHER_WINDOW); other < line; other++) {
      if (isMeant(line, other)) sink.together(items[other]!, items[line]!, mass);
    }
  }
}
