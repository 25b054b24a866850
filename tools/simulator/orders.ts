// Orders: what a full cart becomes, and what is taken back later. Only a bounded number of recent orders can be taken back.
import type { OrderLine, Purchase } from '../../schemas/records.ts';
import type { Random } from './random.ts';
import type { CartLine } from './session.ts';
import type { Shopper } from './shopper.ts';
import type { SimulatedEvent } from './simulated-event.ts';

/** Orders that are remembered: many more than are taken back at once. */
const REMEMBERED = 2_000;
/** Nobody sends something back within a minute of ordering it. */
const EARLIEST_RETURN_MS = 60_000;

/** The newest orders of the shop. */
export class Orders {
  readonly #random: Random;
  readonly #recent: Purchase[] = [];
  /** Where the next order is remembered once the memory is full. */
  #cursor = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Takes the lines out of the stock as far as there is any; `undefined` when nothing of the cart was left. */
  place(
    visit: { readonly shopper: Shopper; readonly sessionId: string },
    cart: readonly CartLine[],
    at: number,
  ): SimulatedEvent<'purchases'> | undefined {
    const lines: OrderLine[] = [];
    for (const { product, quantity } of cart) {
      const bought = product.isListed ? Math.min(quantity, product.stock) : 0;
      if (bought === 0) continue;
      product.stock -= bought;
      lines.push({ itemId: product.id, quantity: bought, unitPrice: product.price, currency: 'GBP' });
    }
    if (lines.length === 0) return undefined;
    const { shopper } = visit;
    const order: Purchase = {
      eventId: this.#random.uuid(),
      orderId: `o-${this.#random.uuid().slice(0, 13)}`,
      visitorId: shopper.visitorId,
      userId: shopper.userId,
      sessionId: visit.sessionId,
      at,
      status: 'placed',
      lines,
      device: shopper.device,
      region: shopper.region,
    };
    if (this.#recent.length < REMEMBERED) this.#recent.push(order);
    else this.#recent[this.#cursor++ % REMEMBERED] = order;
    return { topic: 'purchases', key: shopper.visitorId, at, value: order };
  }

  /** Takes back one or all lines of an earlier order, each order once; `undefined` when none is old enough. */
  takeBack(at: number): SimulatedEvent<'purchases'> | undefined {
    if (this.#recent.length === 0) return undefined;
    const index = this.#random.between(0, this.#recent.length - 1);
    const order = this.#recent[index]!;
    if (order.at + EARLIEST_RETURN_MS > at || order.status !== 'placed') return undefined;
    const isCancelled = this.#random.chance(0.3);
    const takenBack: Purchase = {
      ...order,
      eventId: this.#random.uuid(),
      sessionId: null,
      at,
      status: isCancelled ? 'cancelled' : 'returned',
      lines: isCancelled ? order.lines : [this.#random.pick(order.lines)],
    };
    this.#recent[index] = takenBack;
    return { topic: 'purchases', key: takenBack.visitorId!, at, value: takenBack };
  }
}
