// The lines that the measuring script reads, from what the members of the group tell: one FIRST, one STATE RUNNING, sums in STATS.

import type { StatsTotals } from './stats.ts';

export type Told =
  | { readonly kind: 'first'; readonly atMs: number }
  /** So many tasks run at the member, and none of its tasks does not. */
  | { readonly kind: 'running'; readonly tasks: number }
  | {
      readonly kind: 'restored';
      readonly taskId: number;
      readonly records: number;
      readonly fromMs: number;
      readonly toMs: number;
    }
  | { readonly kind: 'stats'; readonly totals: StatsTotals };

export class Report {
  readonly #partitions: number;
  readonly #print: (line: string) => void;
  readonly #running = new Map<number, number>();
  readonly #totals = new Map<number, StatsTotals>();
  #hasFirst = false;
  #isRunning = false;
  #printed = '';

  constructor(partitions: number, print: (line: string) => void) {
    this.#partitions = partitions;
    this.#print = print;
  }

  hear(member: number, told: Told): void {
    switch (told.kind) {
      case 'first':
        if (!this.#hasFirst) this.#print(`FIRST ${told.atMs}`);
        this.#hasFirst = true;
        break;
      case 'running':
        this.#running.set(member, told.tasks);
        if (this.#isRunning || sum(this.#running.values()) < this.#partitions) break;
        this.#isRunning = true;
        this.#print(`STATE RUNNING ${Date.now()}`);
        break;
      case 'restored':
        this.#print(`RESTORED tasks ${told.taskId} ${told.records} ${told.fromMs} ${told.toMs}`);
        break;
      case 'stats':
        this.#totals.set(member, told.totals);
        this.#printTotals();
    }
  }

  #printTotals(): void {
    const totals = [...this.#totals.values()];
    const line = JSON.stringify({
      clicks: sum(totals.map(({ clicks }) => clicks)),
      pairs: sum(totals.map(({ pairs }) => pairs)),
      userLists: sum(totals.map(({ userLists }) => userLists)),
      itemLists: sum(totals.map(({ itemLists }) => itemLists)),
      cacheBytes: sum(totals.map(({ cacheBytes }) => cacheBytes)),
    });
    if (line !== this.#printed) this.#print(`STATS ${line}`);
    this.#printed = line;
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
