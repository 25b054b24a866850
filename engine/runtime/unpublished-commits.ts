// The commits of a task whose lists are on their way, oldest first. One is over when everything is published that it changed, also what
// waited in a backlog (postponed.ts) and was made by a later commit.

import type { AppendTimes } from './record-metrics.ts';

export interface UnpublishedCommit {
  readonly commitNumber: number;
  /** The oldest commit of which it holds lists: its own number unless some had waited. */
  readonly since: number;
  /** Of the records whose lists it holds. */
  readonly appendTimes: AppendTimes;
  /** Next offset to consume, by topic. */
  readonly offsets: ReadonlyMap<string, number>;
}

export class UnpublishedCommits {
  #commits: UnpublishedCommit[] = [];

  add(commit: UnpublishedCommit): void {
    this.#commits.push(commit);
  }

  /**
   * Takes out those that are over now. What the commits up to `commitNumber` have made is published; of `waitingSince` and later ones
   * something may not have been made.
   */
  take(commitNumber: number, waitingSince: number): UnpublishedCommit[] {
    let through = Math.min(commitNumber, waitingSince - 1);
    for (const one of this.#commits) if (one.commitNumber > commitNumber) through = Math.min(through, one.since - 1);
    const count = this.#commits.findIndex((one) => one.commitNumber > through);
    return this.#commits.splice(0, count < 0 ? this.#commits.length : count);
  }

  clear(): void {
    this.#commits = [];
  }
}
