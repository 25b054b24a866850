// Slots that wait, by urgency: 1 is the most urgent, and within an urgency the one that has waited longest comes first.
//
// A slot that becomes more urgent enters the better queue and its place in the other one is skipped later. It is in each queue at most
// once, so a queue never holds more entries than there are slots.

/** The queue of {@link URGENCIES} urgencies. */
export class DueQueue {
  readonly #queues: readonly Fifo[];
  /** Urgency at which a slot waits; 0 where it does not. */
  #urgencies = new Uint8Array(256);
  #waiting = 0;

  /** @param urgencies number of urgencies: 1 to this, at most 8. */
  constructor(urgencies: number) {
    this.#queues = Array.from({ length: urgencies }, () => new Fifo());
  }

  /** Slots that wait. */
  get size(): number {
    return this.#waiting;
  }

  /** A slot is due at least as urgently as this. */
  add(slot: number, urgency: number): void {
    if (slot >= this.#urgencies.length) {
      const grown = new Uint8Array(Math.max(slot + 1, 2 * this.#urgencies.length));
      grown.set(this.#urgencies);
      this.#urgencies = grown;
    }
    const known = this.#urgencies[slot]!;
    if (known !== 0 && known <= urgency) return;
    if (known === 0) this.#waiting++;
    this.#urgencies[slot] = urgency;
    this.#queues[urgency - 1]!.push(slot);
  }

  /** A slot is not due any more. */
  remove(slot: number): void {
    if ((this.#urgencies[slot] ?? 0) === 0) return;
    this.#urgencies[slot] = 0;
    this.#waiting--;
  }

  /** Takes the next slot; `undefined` when none waits. */
  take(): number | undefined {
    for (let urgency = 1; urgency <= this.#queues.length; urgency++) {
      for (;;) {
        const slot = this.#queues[urgency - 1]!.shift();
        if (slot === undefined) break;
        if (this.#urgencies[slot] !== urgency) continue;
        this.remove(slot);
        return slot;
      }
    }
    return undefined;
  }
}

/** Distinct numbers, first in, first out. A Set keeps the order of insertion and ignores what it has; its iterator goes on with what is added. */
class Fifo {
  readonly #slots = new Set<number>();
  #iterator = this.#slots.values();

  push(slot: number): void {
    this.#slots.add(slot);
  }

  shift(): number | undefined {
    if (this.#slots.size === 0) return undefined;
    let next = this.#iterator.next();
    // An iterator that has come to the end stays there.
    if (next.done === true) {
      this.#iterator = this.#slots.values();
      next = this.#iterator.next();
    }
    if (next.done === true) return undefined;
    this.#slots.delete(next.value);
    return next.value;
  }
}
