// The shoppers: a fixed number of people whose tastes are a pure function of the seed and their number, so that nothing has to
// be remembered about the ones who are away.
import type { Visitor } from '../../schemas/records.ts';
import type { Catalog } from './catalog.ts';
import { Random } from './random.ts';

/** Who someone is and what they like. */
export interface Shopper {
  readonly visitorId: string;
  /** Account, where they have one. */
  readonly userId: string | null;
  /** Shelf indexes, the favourite first. */
  readonly shelves: readonly number[];
  readonly brands: readonly string[];
  /** 0 buys the plainest, 1 the finest. */
  readonly level: number;
  readonly device: string;
  readonly region: string;
}

/** Number of people who ever come to the shop. */
export const SHOPPERS = 4_000;

const DEVICES = ['phone', 'phone', 'phone', 'desktop', 'desktop', 'tablet'];
const REGIONS = ['GB', 'GB', 'GB', 'GB', 'DE', 'DE', 'FR', 'FR', 'ES', 'IE', 'NL', 'US', 'SE'];

/** The shopper of a number from 0 to `SHOPPERS - 1`. */
export function shopperOf(seed: number, number: number, catalog: Catalog): Shopper {
  const random = new Random(seed, 'shopper', number);
  const favourite = random.skewedIndex(catalog.shelves.length);
  const second = random.between(0, catalog.shelves.length - 1);
  // Half of the third interests lie in the favourite's department (five shelves each).
  const third = random.chance(0.5)
    ? favourite - (favourite % 5) + random.between(0, 4)
    : random.between(0, catalog.shelves.length - 1);
  const shelves = [favourite, second, third];
  return {
    visitorId: `v-${String(number).padStart(4, '0')}`,
    userId: random.chance(0.4) ? `u-${String(number).padStart(4, '0')}` : null,
    shelves,
    brands: shelves.map((shelf) => catalog.products[random.pick(catalog.shelves[shelf]!)]!.brand),
    level: random.next(),
    device: random.pick(DEVICES),
    region: random.pick(REGIONS),
  };
}

/** What the shop tells of a shopper. */
export function visitorRecord(shopper: Shopper, eventId: string, at: number): Visitor {
  return {
    eventId,
    visitorId: shopper.visitorId,
    at,
    segments: [shopper.level > 0.75 ? 'premium' : shopper.level < 0.25 ? 'budget' : 'standard'],
    attributes: { region: shopper.region },
  };
}
