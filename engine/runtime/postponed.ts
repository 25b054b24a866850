// What a task in a backlog publishes later: entries of versioned sinks whose owner has another record in line, which would make them
// anew. What is waited for is always a record that has been read ahead; who waits is in the task's position, so that nothing is lost
// with the process.

import type { Clock, Postponement } from '../api/index.ts';
import type { Outputs } from './outputs.ts';
import type { ChangedKeys } from './position.ts';

/** An entry that has waited for so long is made with the next record of its owner: who never rests gets lists in a long backlog too, ms. */
const LONG_MS = 5_000;
/** And so long without one, e.g. where that is of a topic that has to wait for its turn. */
const LONGEST_MS = 10_000;

interface Waiting {
  readonly awaited: Postponement;
  /** On the engine's clock, epoch ms. */
  readonly sinceMs: number;
  /** Number of the commit whose value of the key was not made. */
  readonly since: number;
}

/** As a commit leaves it. */
interface State {
  readonly waiting: ReadonlyMap<string, ReadonlyMap<string, Waiting>>;
  readonly waitingSince: number;
  readonly madeSince: number;
}

export class Postponed {
  readonly #clock: Clock;
  /** Whether a record that is waited for has been read ahead and is not in the batch. */
  readonly #isAhead: (awaited: Postponement) => boolean;
  #last: State = { waiting: new Map(), waitingSince: Infinity, madeSince: Infinity };
  /** Of the batch under way. */
  #next = this.#last;
  readonly #wanted = new Map<string, Map<string, Postponement>>();

  constructor(clock: Clock, isAhead: (awaited: Postponement) => boolean) {
    this.#clock = clock;
    this.#isAhead = isAhead;
  }

  /** Whether all entries of these keys can be made later; if so, they will be. */
  postpone(node: string, keys: readonly string[], awaited: Postponement): boolean {
    if (!this.#isAhead(awaited)) return false;
    const waiting = this.#last.waiting.get(node);
    if (waiting !== undefined) {
      const oldestMs = this.#clock.nowMs() - LONG_MS;
      for (const key of keys) if ((waiting.get(key)?.sinceMs ?? Infinity) <= oldestMs) return false;
    }
    let wanted = this.#wanted.get(node);
    if (wanted === undefined) {
      wanted = new Map();
      this.#wanted.set(node, wanted);
    }
    for (const key of keys) wanted.set(key, awaited);
    return true;
  }

  /**
   * The batch of this commit has made these. Returns the keys that have to be made now: the record that they waited for has made nothing
   * of them, or has not come.
   */
  settle(made: Outputs['published'], commitNumber: number): ChangedKeys {
    const nowMs = this.#clock.nowMs();
    const waiting = new Map<string, Map<string, Waiting>>();
    const due: { [node: string]: string[] } = {};
    let madeSince = Infinity;
    for (const node of new Set([...this.#last.waiting.keys(), ...this.#wanted.keys()])) {
      const wanted = this.#wanted.get(node) ?? new Map<string, Postponement>();
      const isMade = (key: string) => made.get(node)?.has(key) === true;
      const ofNode = new Map<string, Waiting>();
      const overdue: string[] = [];
      for (const [key, one] of this.#last.waiting.get(node) ?? []) {
        if (!isMade(key) && (wanted.has(key) || this.#canWait(one, nowMs))) {
          ofNode.set(key, { ...one, awaited: wanted.get(key) ?? one.awaited });
          continue;
        }
        if (!isMade(key)) overdue.push(key);
        madeSince = Math.min(madeSince, one.since);
      }
      for (const [key, awaited] of wanted)
        if (!isMade(key) && !ofNode.has(key)) ofNode.set(key, { awaited, sinceMs: nowMs, since: commitNumber });
      if (ofNode.size > 0) waiting.set(node, ofNode);
      if (overdue.length > 0) due[node] = overdue;
    }
    this.#wanted.clear();
    this.#next = { waiting, waitingSince: oldestOf(waiting), madeSince };
    return due;
  }

  #canWait({ awaited, sinceMs }: Waiting, nowMs: number): boolean {
    return nowMs - sinceMs < LONGEST_MS && this.#isAhead(awaited);
  }

  /** Who waits once the batch is committed, by versioned-sink node. */
  get staged(): ChangedKeys {
    return keysOf(this.#next);
  }

  /** Who waits as of the last commit, by versioned-sink node. */
  get waiting(): ChangedKeys {
    return keysOf(this.#last);
  }

  /** Oldest commit of which an entry waits; Infinity where none does. */
  get waitingSince(): number {
    return this.#last.waitingSince;
  }

  /** Oldest commit of which an entry had waited that the last commit has made; Infinity where there is none. */
  get madeSince(): number {
    return this.#last.madeSince;
  }

  committed(): void {
    this.#last = this.#next;
    this.reset();
  }

  /** The batch is undone, or done with. */
  reset(): void {
    this.#wanted.clear();
    this.#next = { ...this.#last, madeSince: Infinity };
  }
}

function oldestOf(waiting: State['waiting']): number {
  let oldest = Infinity;
  for (const ofNode of waiting.values()) for (const { since } of ofNode.values()) oldest = Math.min(oldest, since);
  return oldest;
}

function keysOf({ waiting }: State): ChangedKeys {
  const keys: { [node: string]: string[] } = {};
  for (const [node, ofNode] of waiting) keys[node] = [...ofNode.keys()];
  return keys;
}
