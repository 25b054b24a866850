// Deliberately bad events, so that what is refused can be seen: each breaks one rule of the contracts.
import type { Click } from '../../schemas/records.ts';
import type { Random } from './random.ts';
import { SHOPPERS } from './shopper.ts';
import type { SimulatedEvent } from './simulated-event.ts';

const FUTURE_MS = 60 * 60 * 1_000;

/** A click without its item, with a negative quantity, or an hour in the future. */
export function badEvent(random: Random, itemId: string, at: number): SimulatedEvent<'clicks'> {
  const visitorId = `v-${String(random.between(0, SHOPPERS - 1)).padStart(4, '0')}`;
  const fault = random.between(0, 2);
  const value: Click = {
    eventId: random.uuid(),
    visitorId,
    userId: null,
    sessionId: null,
    at: fault === 2 ? at + FUTURE_MS : at,
    kind: fault === 1 ? 'addToCart' : 'view',
    itemId: fault === 0 ? null : itemId,
    listId: null,
    placement: null,
    query: null,
    rating: null,
    dwellMs: null,
    quantity: fault === 1 ? -2 : null,
    device: null,
    region: null,
    referrer: null,
  };
  return { topic: 'clicks', key: visitorId, at, value };
}
