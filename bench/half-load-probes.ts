// The probes of a steady load: a visitor whom nobody knows looks at an item that nobody knows, and a second later at another one. Timed is
// the second look, from before the producer had it until a reader finds in Redis the visitor's list that knows it, and the first item's
// list, which has never been there before and which other visitors would be shown.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Click } from './reference/click.ts';

export const BETWEEN_LOOKS_MS = 1_000;
const READ_EVERY_MS = 2;
const LONGEST_WAIT_MS = 60_000;

interface Look {
  readonly user: string;
  readonly first: string;
  readonly at: number;
  readonly sentMs: number;
  /** Lists that have not been seen. */
  readonly lists: Set<'user' | 'item'>;
}

export class Looks {
  userListMs: number[] = [];
  itemListMs: number[] = [];
  /** Probes with a list that never came. */
  missing = 0;
  readonly #redis: Redis;
  readonly #first: { readonly number: number; readonly dueMs: number }[] = [];
  readonly #awaited = new Set<Look>();
  #made = 0;
  #isClosed = false;
  readonly #reading: Promise<void>;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#reading = this.#read();
    this.#reading.catch(() => {});
  }

  /** Whether there is a first look without a second. */
  get hasFirst(): boolean {
    return this.#first.length > 0;
  }

  /** Forgets times. What is missing stays missing. */
  clear(): void {
    this.userListMs = [];
    this.itemListMs = [];
  }

  /** Clicks to be sent now, at event time `at`: a new first look, if one is wanted, and the second ones whose time has come. */
  due(isProbed: boolean, at: number): Click[] {
    const nowMs = performance.now();
    const clicks: Click[] = [];
    while (this.#first.length > 0 && this.#first[0]!.dueMs <= nowMs) {
      const { number } = this.#first.shift()!;
      const click = look(number, 2, at + 1);
      clicks.push(click);
      this.#awaited.add({
        user: click.userId,
        first: itemOf(number, 1),
        at: click.at,
        sentMs: nowMs,
        lists: new Set(['user', 'item']),
      });
    }
    if (isProbed) {
      const number = this.#made++;
      clicks.push(look(number, 1, at));
      this.#first.push({ number, dueMs: nowMs + BETWEEN_LOOKS_MS });
    }
    return clicks;
  }

  /** Resolves when all lists have come, or are taken for `missing`. */
  async settled(): Promise<void> {
    const deadline = performance.now() + LONGEST_WAIT_MS;
    while (this.#awaited.size > 0 && performance.now() <= deadline)
      await Promise.race([sleep(READ_EVERY_MS), this.#reading]);
    this.missing += this.#awaited.size;
    this.#awaited.clear();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reading;
  }

  async #read(): Promise<void> {
    while (!this.#isClosed) {
      await sleep(READ_EVERY_MS);
      const looks = [...this.#awaited];
      if (looks.length === 0) continue;
      const found = await this.#redis.mget(looks.flatMap(({ user, first }) => [`u:${user}`, `i:${first}`]));
      const nowMs = performance.now();
      for (const [index, one] of looks.entries()) {
        const [user, item] = found.slice(2 * index, 2 * index + 2);
        if (knows(user, one.at) && one.lists.delete('user')) this.userListMs.push(nowMs - one.sentMs);
        if (item != null && one.lists.delete('item')) this.itemListMs.push(nowMs - one.sentMs);
        if (one.lists.size === 0) this.#awaited.delete(one);
      }
    }
  }
}

const knows = (list: string | null | undefined, at: number) =>
  list != null && (JSON.parse(list) as { readonly at: number }).at >= at;

const itemOf = (probe: number, look: number) => `${look === 1 ? 'x' : 'y'}${String(probe).padStart(6, '0')}`;

const look = (probe: number, number: number, at: number): Click => ({
  eventId: `probe${probe}-${number}`,
  userId: `p${String(probe).padStart(6, '0')}`,
  itemId: itemOf(probe, number),
  kind: 'view',
  at,
  device: null,
});
