// The K best of many candidates, in order, without sorting them all: a bounded binary heap whose root is the worst that is kept.
// Order: higher score first, equal scores by id text, so the result does not depend on the order of the candidates.

/** Keeps the `k` best of the candidates that are offered. Reused from query to query: `clear`, `offer`…, `drain`. */
export class TopK {
  readonly #textOf: (candidate: number) => string | undefined;
  #candidates = new Int32Array(0);
  /** Scores of `#candidates`, beside them so that a comparison reads no other array. */
  #scores = new Float64Array(0);
  #size = 0;
  #k = 0;

  /** @param textOf breaks ties between candidates. */
  constructor(textOf: (candidate: number) => string | undefined) {
    this.#textOf = textOf;
  }

  /** Forgets all candidates; from now on the best `k` are kept. */
  clear(k: number): void {
    this.#size = 0;
    this.#k = k;
    if (this.#candidates.length < k) {
      this.#candidates = new Int32Array(k);
      this.#scores = new Float64Array(k);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** A candidate with a lower score would not be kept: most need not be looked at any further. */
  get threshold(): number {
    if (this.#size < this.#k) return Number.NEGATIVE_INFINITY;
    return this.#k === 0 ? Number.POSITIVE_INFINITY : this.#scores[0]!;
  }

  /** Takes a candidate in if it is among the best so far. */
  offer(candidate: number, score: number): void {
    if (this.#size < this.#k) {
      let at = this.#size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!this.#isBelow(candidate, score, parent)) break;
        this.#move(parent, at);
        at = parent;
      }
      this.#candidates[at] = candidate;
      this.#scores[at] = score;
    } else if (this.#k > 0 && score >= this.#scores[0]! && !this.#isBelow(candidate, score, 0)) {
      this.#sink(candidate, score);
    }
  }

  /** Writes the kept candidates to `into`, best first, and empties the heap. Returns their number. */
  drain(into: Int32Array): number {
    const count = this.#size;
    for (let at = count - 1; at >= 0; at--) {
      into[at] = this.#candidates[0]!;
      this.#size--;
      this.#sink(this.#candidates[this.#size]!, this.#scores[this.#size]!);
    }
    return count;
  }

  /** Puts a candidate in the place of the root and lets it sink to its level. */
  #sink(candidate: number, score: number): void {
    // Most of the time of a heap is spent here: fields are read once, and texts only where scores are equal.
    const candidates = this.#candidates;
    const scores = this.#scores;
    const size = this.#size;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      let lowest = scores[child]!;
      const right = child + 1;
      if (right < size) {
        const other = scores[right]!;
        if (other < lowest || (other === lowest && this.#isBelow(candidates[right]!, other, child))) {
          child = right;
          lowest = other;
        }
      }
      if (score < lowest || (score === lowest && this.#isBelow(candidate, score, child))) break;
      candidates[at] = candidates[child]!;
      scores[at] = lowest;
      at = child;
    }
    candidates[at] = candidate;
    scores[at] = score;
  }

  /** Whether a candidate ranks below the one at a place of the heap. */
  #isBelow(candidate: number, score: number, place: number): boolean {
    const other = this.#scores[place]!;
    if (score !== other) return score < other;
    return (this.#textOf(candidate) ?? '') > (this.#textOf(this.#candidates[place]!) ?? '');
  }

  #move(from: number, to: number): void {
    this.#candidates[to] = this.#candidates[from]!;
    this.#scores[to] = this.#scores[from]!;
  }
}
