// A small, shared set of the list store (blocks, cards, campaigns), followed from now on: everything that there is, then every change.
// STARTING -> LIVE, or STARTING -> REMEMBERED (from the file of an earlier process) or UNKNOWN -> LIVE when the store is back. After that
// the store's own watch mends every break.
//
// Invariant: what was remembered and is no longer there when the store is read counts as removed. Remembered entries count as the oldest
// there can be, so that anything from the store wins.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../engine/api/index.ts';
import type { ListChange, ListEntry, ListListener, ListStore, StoredEntry } from '../../lists/index.ts';

/** How long a start waits for the store. */
const START_LIMIT_MS = 3_000;
const RETRY_MS = 500;
const REMEMBERED_VERSION = 0;

export interface FollowedSetOptions {
  readonly lists: Pick<ListStore, 'entries' | 'watch'>;
  readonly prefix: string;
  readonly listener: ListListener;
  /** Of an earlier process; `undefined` where none has left anything. */
  readonly remembered: readonly ListEntry[] | undefined;
  /** Whether {@link FollowedSet.entries} is wanted. */
  readonly isKept: boolean;
  readonly logger: Logger;
}

export class FollowedSet {
  readonly #options: FollowedSetOptions;
  readonly #kept = new Map<string, StoredEntry>();
  /** Remembered, and not yet seen in the store. */
  readonly #unseen = new Set<string>();
  readonly #ending = new AbortController();
  #status: 'STARTING' | 'UNKNOWN' | 'REMEMBERED' | 'LIVE' = 'STARTING';
  #changes = 0;
  #unwatch: (() => void) | undefined;

  constructor(options: FollowedSetOptions) {
    this.#options = options;
  }

  /** What the set holds is known, if only from a file. */
  get isKnown(): boolean {
    return this.#status === 'LIVE' || this.#status === 'REMEMBERED';
  }

  get isLive(): boolean {
    return this.#status === 'LIVE';
  }

  get prefix(): string {
    return this.#options.prefix;
  }

  /** Grows with every change. */
  get changes(): number {
    return this.#changes;
  }

  get entries(): ReadonlyMap<string, StoredEntry> {
    return this.#kept;
  }

  /** Resolves when the set is known, or when the store is away. */
  async start(): Promise<void> {
    const { remembered, prefix, logger } = this.#options;
    for (const { key } of remembered ?? []) this.#unseen.add(key);
    const first = this.#goLive();
    const later = first.catch((error: unknown) => {
      if (!this.#ending.signal.aborted)
        logger.warn('lists-not-read', { prefix, error: error instanceof Error ? error.message : String(error) });
      return this.#retry();
    });
    await Promise.race([first.catch(() => {}), delay(START_LIMIT_MS, undefined, { ref: false })]);
    if (this.#status !== 'STARTING') return;
    void later;
    this.#status = remembered === undefined ? 'UNKNOWN' : 'REMEMBERED';
    // What the store has told by now is newer, and the listener need not hold it any more.
    const unseen = (remembered ?? []).filter(({ key }) => this.#unseen.has(key));
    this.#take(unseen.map((entry) => ({ ...entry, version: REMEMBERED_VERSION })));
  }

  close(): void {
    this.#ending.abort();
    this.#unwatch?.();
  }

  async #retry(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await delay(RETRY_MS, undefined, { ref: false, signal }).catch(() => {});
      try {
        if (!signal.aborted) return await this.#goLive();
      } catch {
        // It is said once that the store is away.
      }
    }
  }

  async #goLive(): Promise<void> {
    const { lists, prefix } = this.#options;
    const unwatch = await lists.watch(prefix, (changes) => this.#heard(changes));
    try {
      for await (const entry of lists.entries(prefix)) this.#heard([entry]);
    } catch (error) {
      unwatch();
      throw error;
    }
    if (this.#ending.signal.aborted) unwatch();
    else this.#unwatch = unwatch;
    if (this.#status === 'REMEMBERED')
      this.#take([...this.#unseen].map((key) => ({ key, value: null, version: REMEMBERED_VERSION })));
    this.#status = 'LIVE';
  }

  #heard(changes: readonly ListChange[]): void {
    for (const { key } of changes) this.#unseen.delete(key);
    this.#take(changes);
  }

  #take(changes: readonly ListChange[]): void {
    if (changes.length === 0) return;
    for (const { key, value, version } of changes) {
      if (!this.#options.isKept || (this.#kept.get(key)?.version ?? -1) > version) continue;
      if (value === null) this.#kept.delete(key);
      else this.#kept.set(key, { value: value.slice(), version });
    }
    this.#changes += 1;
    this.#options.listener(changes);
  }
}
