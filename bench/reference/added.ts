// What a batch adds to rows, in flat arrays that are used again: each delta knows the place of the same row's next.

export class Added {
  neighbours = new Int32Array(4096);
  weights = new Float32Array(4096);
  /** Place of the next, -1 behind the last. */
  next = new Int32Array(4096);
  count = 0;

  /** Returns the delta's place. */
  push(neighbour: number, weight: number): number {
    const place = this.count;
    if (place === this.next.length) this.#grow();
    this.neighbours[place] = neighbour;
    this.weights[place] = weight;
    this.next[place] = -1;
    this.count += 1;
    return place;
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
