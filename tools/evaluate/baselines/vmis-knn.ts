// VMIS-kNN (Kersbergen, Sprangers, Schelter, "Serenade", SIGMOD 2022): the sessions most like the present one, found through the
// most recent sessions of each of its items, vote for their items.
//
//   similarity of a session h: Σ π(i) over the query's items i that h holds, π(i) = position of i in the query / length of the query
//   score(j) = Σ over the k most similar h that hold j: λ(p_h) · similarity(h) · ln(all sessions / sessions that hold j)
//   λ(p) = max(0, 1 − 0.1 p), p_h: how far from the query's end its newest item that h holds is, from 1
//
// Of the sessions met, the m most recent count. Ours: the query's last item is not left out of the votes, because shoppers look at it
// again (on the last 3 % of Diginetica's training sessions 54.3 in place of 45.9 % are hit); and an item's list of sessions is a ring that is
// added to with every click, so there is nothing to build: sessions that have ended and those that go on are treated alike.

import { addTo, type Baseline, type BaselineSession, bestOf, type Scored } from './baseline.ts';

/** Sessions that are looked at (m), and kept for each item. */
const SAMPLE = 500;
/** Sessions that vote (k). */
const NEIGHBOURS = 100;
/** Items of a query, the last ones. */
const QUERY_ITEMS = 9;

/** The most recent sessions of an item. */
interface Ring {
  readonly sessions: BaselineSession[];
  /** Sessions that were ever added: the next goes to this place, modulo {@link SAMPLE}. */
  added: number;
}

interface Met {
  readonly session: BaselineSession;
  similarity: number;
  /** p_h. */
  readonly distance: number;
}

/** Session neighbours. */
export class VmisKnn implements Baseline {
  readonly name = 'vmis-knn';
  readonly #rings = new Map<number, Ring>();
  #sessions = 0;

  learn(session: BaselineSession, item: number): void {
    if (session.items.length === 0) this.#sessions++;
    if (session.items.includes(item)) return;
    let ring = this.#rings.get(item);
    if (ring === undefined) {
      ring = { sessions: [], added: 0 };
      this.#rings.set(item, ring);
    }
    ring.sessions[ring.added++ % SAMPLE] = session;
  }

  best(query: readonly number[], count: number): Scored[] {
    const scores = new Map<number, number>();
    for (const { session, similarity, distance } of this.#neighbours(query.slice(-QUERY_ITEMS))) {
      const vote = Math.max(0, 1 - 0.1 * distance) * similarity;
      for (const item of new Set(session.items)) {
        addTo(scores, item, vote * Math.log(this.#sessions / this.#rings.get(item)!.added));
      }
    }
    return bestOf(scores, count);
  }

  #neighbours(query: readonly number[]): Met[] {
    const met = new Map<number, Met>();
    const seen = new Set<number>();
    for (let position = query.length; position >= 1; position--) {
      const item = query[position - 1]!;
      if (seen.has(item)) continue;
      seen.add(item);
      const weight = position / query.length;
      for (const session of this.#rings.get(item)?.sessions ?? []) {
        const known = met.get(session.number);
        if (known !== undefined) known.similarity += weight;
        else met.set(session.number, { session, similarity: weight, distance: query.length - position + 1 });
      }
    }
    let sample = [...met.values()];
    if (sample.length > SAMPLE) sample = sample.sort((a, b) => b.session.number - a.session.number).slice(0, SAMPLE);
    sample.sort((a, b) => b.similarity - a.similarity || b.session.number - a.session.number);
    return sample.slice(0, NEIGHBOURS);
  }
}
