// What a batch adds to rows, in flat arrays that are used again: each delta knows the place of the same row's next.

/** Deltas, by place. */
export interface DeltaArrays {
  readonly neighbours: Int32Array;
  readonly weights: Float32Array;
}

export class Added implements DeltaArrays {
  neighbours = new Int32Array(4096);
  weights = new Float32Array(4096);
  /** Place of the next, -1 behind the last. */
  next = new Int32Array(4096);
  count = 0;

  /** Copies deltas `from` to `to` behind the rest, and returns the place of the first. */
  append({ neighbours, weights }: DeltaArrays, from: number, to: number): number {
    const first = this.count;
    const count = first + to - from;
    while (count > this.next.length) this.#grow();
    for (let place = first, i = from; i < to; place++, i++) {
      this.neighbours[place] = neighbours[i]!;
      this.weights[place] = weights[i]!;
      this.next[place] = place + 1;
    }
    this.next[count - 1] = -1;
    this.count = count;
    return first;
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
