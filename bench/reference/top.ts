// The places of the highest scores, best first; of equals the first. By insertion: lists are short.

export class Top {
  readonly places: Int32Array;
  readonly #scores: Float32Array;
  readonly #limit: number;
  count = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.places = new Int32Array(limit);
    this.#scores = new Float32Array(limit);
  }

  clear(): void {
    this.count = 0;
  }

  /** Takes a place with its score into account; scores of 0 or less are none. */
  add(place: number, score: number): void {
    const scores = this.#scores;
    const places = this.places;
    if (!(score > 0)) return;
    let at = this.count;
    if (at === this.#limit) {
      if (score <= scores[at - 1]!) return;
      at -= 1;
    } else this.count += 1;
    for (; at > 0 && scores[at - 1]! < score; at--) {
      scores[at] = scores[at - 1]!;
      places[at] = places[at - 1]!;
    }
    scores[at] = score;
    places[at] = place;
  }

  score(rank: number): number {
    return this.#scores[rank]!;
  }
}
