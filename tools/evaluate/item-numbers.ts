// Dense numbers of items for baselines and figures, beside the engine's own.

/** Items by number, from 0, in the order of their first mention. */
export class ItemNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  get size(): number {
    return this.#texts.length;
  }

  /** Number of an item, allotted at first mention. */
  of(item: string): number {
    let number = this.#numbers.get(item);
    if (number === undefined) {
      number = this.#texts.length;
      this.#numbers.set(item, number);
      this.#texts.push(item);
    }
    return number;
  }

  textOf(number: number): string {
    return this.#texts[number]!;
  }
}
