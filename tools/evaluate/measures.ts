// How good ranked lists are: sums over questions, by target. HR@K: share of the targets that are among the first K; MRR@K: mean of
// 1 / rank, 0 beyond K; NDCG@K with one target at a time is 1 / log2(rank + 1), 0 beyond K (Järvelin and Kekäläinen, 2002).

/** Figures of one K, each 0 to 1. */
export interface RankFigures {
  readonly k: number;
  readonly hitRate: number;
  readonly mrr: number;
  readonly ndcg: number;
}

/** Sums over targets. */
export class RankSums {
  readonly #ks: readonly number[];
  readonly #hits: Float64Array;
  readonly #reciprocal: Float64Array;
  readonly #discounted: Float64Array;
  #targets = 0;

  constructor(ks: readonly number[]) {
    this.#ks = ks;
    this.#hits = new Float64Array(ks.length);
    this.#reciprocal = new Float64Array(ks.length);
    this.#discounted = new Float64Array(ks.length);
  }

  get targets(): number {
    return this.#targets;
  }

  /** A target was at this rank, from 1; 0 where it was not in the list. */
  add(rank: number): void {
    this.#targets++;
    if (rank === 0) return;
    for (let i = 0; i < this.#ks.length; i++) {
      if (rank > this.#ks[i]!) continue;
      this.#hits[i]! += 1;
      this.#reciprocal[i]! += 1 / rank;
      this.#discounted[i]! += 1 / Math.log2(rank + 1);
    }
  }

  figures(): RankFigures[] {
    const of = (sums: Float64Array, i: number) => (this.#targets === 0 ? 0 : sums[i]! / this.#targets);
    return this.#ks.map((k, i) => ({
      k,
      hitRate: of(this.#hits, i),
      mrr: of(this.#reciprocal, i),
      ndcg: of(this.#discounted, i),
    }));
  }
}

/** Lengths of history that figures are broken down by. */
export const HISTORY_BUCKETS = ['0', '1', '2', '3', '4-5', '6+'] as const;

/** Bucket of a history's length. */
export function historyBucket(length: number): number {
  return length <= 3 ? length : length <= 5 ? 4 : 5;
}

/** Lists of which the diversity is measured: one in so many. */
const DIVERSITY_EVERY = 20;

/** What lists are like, whatever their targets: sums over the first `k` items. */
export class ListSums {
  readonly #k: number;
  readonly #shown = new Set<number>();
  #lists = 0;
  #items = 0;
  #popularity = 0;
  #measured = 0;
  #distance = 0;

  constructor(k: number) {
    this.#k = k;
  }

  /**
   * @param items best first, at most `k`.
   * @param percentileOf share of the items that are dealt with less often, 0 to 1.
   * @param cosine of two items by the sessions that hold them, 0 to 1; `undefined`: diversity is not measured.
   */
  add(
    items: readonly number[],
    percentileOf: (item: number) => number,
    cosine: ((one: number, other: number) => number) | undefined,
  ): void {
    const count = Math.min(items.length, this.#k);
    this.#lists++;
    this.#items += count;
    for (let i = 0; i < count; i++) {
      this.#shown.add(items[i]!);
      this.#popularity += percentileOf(items[i]!);
    }
    if (cosine === undefined || count < 2 || this.#lists % DIVERSITY_EVERY !== 1) return;
    let similarity = 0;
    for (let i = 1; i < count; i++) for (let j = 0; j < i; j++) similarity += cosine(items[i]!, items[j]!);
    this.#measured++;
    this.#distance += 1 - similarity / ((count * (count - 1)) / 2);
  }

  /** @param catalogSize items that could have been shown. */
  figures(catalogSize: number): ListFigures {
    return {
      coverage: catalogSize === 0 ? 0 : this.#shown.size / catalogSize,
      popularity: this.#items === 0 ? 0 : this.#popularity / this.#items,
      diversity: this.#measured === 0 ? undefined : this.#distance / this.#measured,
      meanLength: this.#lists === 0 ? 0 : this.#items / this.#lists,
    };
  }
}

/** What lists are like. */
export interface ListFigures {
  /** Share of the catalog that is in any list. */
  readonly coverage: number;
  /** Mean share of the items that are dealt with less often than a listed one, 0 to 1: 0.5 is no bias, 1 shows best-sellers only. */
  readonly popularity: number;
  /** Mean of 1 − cosine over the pairs of a list, 0 to 1, by the sessions that hold both: 1 are items that never meet. Of one list in
   * twenty; `undefined` without baselines. */
  readonly diversity: number | undefined;
  readonly meanLength: number;
}
