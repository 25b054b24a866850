// What customers have ordered and not yet taken back, so that a cancellation finds its order. The rule: a cancelled line takes from
// the customer's latest earlier line of the same product that has enough pieces left, whole or not at all. Memory: one entry for
// each line of a known customer that is not used up (Online Retail: 386,326 lines are placed).

interface OpenLine {
  readonly orderId: string;
  remaining: number;
}

/** Lines that may still be cancelled. */
export class OrderLedger {
  /** By customer, then by product; the latest line last. */
  readonly #customers = new Map<string, Map<string, OpenLine[]>>();

  /** Remembers a line; lines are added in the order of their orders. */
  placed(customer: string, itemId: string, orderId: string, quantity: number): void {
    let products = this.#customers.get(customer);
    if (products === undefined) {
      products = new Map();
      this.#customers.set(customer, products);
    }
    const lines = products.get(itemId);
    if (lines === undefined) products.set(itemId, [{ orderId, remaining: quantity }]);
    else lines.push({ orderId, remaining: quantity });
  }

  /** Takes the pieces from the line that the rule finds and returns its order; `undefined` when there is none. */
  takeBack(customer: string, itemId: string, quantity: number): string | undefined {
    const lines = this.#customers.get(customer)?.get(itemId);
    if (lines === undefined) return undefined;
    for (let i = lines.length - 1; i >= 0; i -= 1) {
      const line = lines[i]!;
      if (line.remaining < quantity) continue;
      line.remaining -= quantity;
      if (line.remaining === 0) lines.splice(i, 1);
      return line.orderId;
    }
    return undefined;
  }
}
