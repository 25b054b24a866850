// Baselines: small, well-known session recommenders that are taught the same items in the same order as the engine and asked the same
// questions. They keep everything they have seen: no bounds, no decay. They are there to hold figures against, not to serve.

/** A session while it goes on. Baselines may keep it. */
export interface BaselineSession {
  /** Its items so far, oldest first. */
  readonly items: number[];
  /** Sessions that began later have a greater number. */
  readonly number: number;
}

/** An item and its score. */
export interface Scored {
  readonly item: number;
  readonly score: number;
}

/** Learns one item at a time. Items are numbers from 0. */
export interface Baseline {
  readonly name: string;
  /** The session goes on with `item`, which is not yet in its items. */
  learn(session: BaselineSession, item: number): void;
  /** The best `count` items after a session's items (oldest first), best first; of equals the smaller number first. */
  best(query: readonly number[], count: number): Scored[];
}

/** The best of a map of scores, best first; of equals the smaller number first. */
export function bestOf(scores: ReadonlyMap<number, number>, count: number): Scored[] {
  const best: Scored[] = [];
  for (const [item, score] of scores) {
    if (!(score > 0)) continue;
    const last = best[count - 1];
    if (last !== undefined && !isBefore(item, score, last)) continue;
    let at = Math.min(best.length, count - 1);
    for (; at > 0 && isBefore(item, score, best[at - 1]!); at--) best[at] = best[at - 1]!;
    best[at] = { item, score };
  }
  return best;
}

function isBefore(item: number, score: number, other: Scored): boolean {
  return score > other.score || (score === other.score && item < other.item);
}

/** Adds to a map of sums. */
export function addTo(sums: Map<number, number>, key: number, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}
