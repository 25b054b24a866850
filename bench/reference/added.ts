// What a batch adds to rows, in flat arrays that are used again: each delta knows the place of the same row's next.

/** Deltas of one row among those of others: each knows the place of the next, -1 behind the last. */
export interface DeltaChain {
  readonly neighbours: Int32Array;
  readonly weights: Float32Array;
  readonly next: Int32Array;
}

export class Added implements DeltaChain {
  neighbours = new Int32Array(4096);
  weights = new Float32Array(4096);
  /** Place of the next, -1 behind the last. */
  next = new Int32Array(4096);
  count = 0;

  /** Copies a chain behind the rest, its deltas side by side, and returns the place of the first. */
  append({ neighbours, weights, next }: DeltaChain, first: number): number {
    const from = this.count;
    for (let i = first; i >= 0; i = next[i]!) {
      const place = this.count++;
      if (place === this.next.length) this.#grow();
      this.neighbours[place] = neighbours[i]!;
      this.weights[place] = weights[i]!;
      this.next[place] = place + 1;
    }
    this.next[this.count - 1] = -1;
    return from;
  }

  #grow(): void {
    const { neighbours, weights, next } = this;
    const capacity = 2 * next.length;
    this.neighbours = new Int32Array(capacity);
    this.weights = new Float32Array(capacity);
    this.next = new Int32Array(capacity);
    this.neighbours.set(neighbours);
    this.weights.set(weights);
    this.next.set(next);
  }
}
