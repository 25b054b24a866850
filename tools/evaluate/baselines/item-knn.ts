// Item-kNN: the neighbours of the session's last item by the cosine of binary session vectors, regularised:
//   sim(i, j) = |S_i ∩ S_j| / (sqrt(|S_i| · |S_j|) + 20)
// with S_i the sessions that hold i (Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016,
// have it as their baseline; regularisation as in Ludewig and Jannach, arXiv:1803.09587).

import { addTo, type Baseline, type BaselineSession, bestOf, type Scored } from './baseline.ts';

/** Keeps rare items from winning by chance. */
const REGULARISATION = 20;
/** Items of a session that a new one is paired with: an invoice can have more than a thousand. */
const MOST_PARTNERS = 100;

/** Cosine of items by the sessions that hold them. */
export class ItemKnn implements Baseline {
  readonly name = 'item-knn';
  readonly #sessions = new Map<number, number>();
  readonly #common = new Map<number, Map<number, number>>();

  learn({ items }: BaselineSession, item: number): void {
    if (items.includes(item)) return;
    addTo(this.#sessions, item, 1);
    for (const partner of new Set(items.slice(-MOST_PARTNERS))) {
      addTo(this.#rowOf(partner), item, 1);
      addTo(this.#rowOf(item), partner, 1);
    }
  }

  best(query: readonly number[], count: number): Scored[] {
    const last = query.at(-1);
    const row = last === undefined ? undefined : this.#common.get(last);
    if (last === undefined || row === undefined) return [];
    const scores = new Map<number, number>();
    for (const item of row.keys()) scores.set(item, this.#similarity(last, item, REGULARISATION));
    return bestOf(scores, count);
  }

  /** Plain cosine of two items, 0 to 1: how alike two entries of a list are. */
  cosine(one: number, other: number): number {
    return one === other ? 1 : this.#similarity(one, other, 0);
  }

  #similarity(one: number, other: number, regularisation: number): number {
    const common = this.#common.get(one)?.get(other);
    if (common === undefined) return 0;
    return common / (Math.sqrt(this.#sessions.get(one)! * this.#sessions.get(other)!) + regularisation);
  }

  #rowOf(item: number): Map<number, number> {
    let row = this.#common.get(item);
    if (row === undefined) {
      row = new Map();
      this.#common.set(item, row);
    }
    return row;
  }
}
