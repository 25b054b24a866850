// Finds the entries of a store whose lists hold what has changed by passing over the store, some entries at a time: exact, whatever the
// number of entries, with nothing kept of them. What changes during a pass is looked for by the next one. Entries that come during
// a pass are new, and so are their lists.
//
// Neighbours are not looked at: lists of items and segments are published when these change.

import type { KeyValueStore, ProcessorContext } from '../../engine/api/index.ts';
import type { Campaign } from '../../schemas/records.ts';
import type { CampaignIndex } from '../campaign-index.ts';
import type { ItemIndex } from '../item-index.ts';
import { ChangeReader } from './change-reader.ts';
import type { ItemChange } from './item-changes.ts';
import { REFRESH_INTERVAL_MS } from './visitor-refresh.ts';

/** Entries that are looked at for each list that may be made: a pass over 25,000 rows of a task takes 25 s at 200 lists per second. */
const ENTRIES_PER_LIST = 5;

export interface StoreSweepOptions {
  readonly index: ItemIndex;
  readonly campaigns: CampaignIndex;
  /** Entries whose lists may be made anew, per second and task; more than 0. */
  readonly listsPerSecond: number;
}

/** What the lists of a store's entries are made from. */
export interface SweptStore<V> {
  readonly store: KeyValueStore<V>;
  readonly holds: HoldsItem<V>;
  /** Whether a campaign brings items into lists that are not made from them. */
  readonly isOpenToCampaigns: boolean;
}

/** Whether a stored value has an item, by dense id, among those that its lists are made from. */
export type HoldsItem<V> = (value: V, isWanted: (denseId: number) => boolean) => boolean;

/** The passes of one task over one store. */
export class StoreSweep<V> {
  readonly #swept: SweptStore<V>;
  readonly #campaigns: CampaignIndex;
  readonly #reader: ChangeReader;
  readonly #listsPerTick: number;
  /** What the pass under way looks for. */
  #wanted: Wanted = { items: new Set(), isAll: false };
  /** What the next one will look for. */
  #next: Wanted = { items: new Set(), isAll: false };
  #isPassing = false;
  #after: string | undefined;
  readonly #isWanted = (denseId: number) => this.#wanted.items.has(denseId);

  constructor(swept: SweptStore<V>, options: StoreSweepOptions) {
    this.#swept = swept;
    this.#campaigns = options.campaigns;
    this.#reader = new ChangeReader(options.index, options.campaigns);
    this.#listsPerTick = Math.ceil((options.listsPerSecond * REFRESH_INTERVAL_MS) / 1000);
  }

  /**
   * Has the lists of entries made anew from now on by `make`, which is given their keys. `of` says in metrics whose lists they are.
   * To be called in `init`.
   */
  start(context: ProcessorContext, of: string, make: (keys: readonly string[]) => void): void {
    this.#reader.begin(context.streamTimeMs);
    const published = context.metrics.counter('freshet.refresh.lists', { 'freshet.list.owner': of });
    context.schedule('refresh', REFRESH_INTERVAL_MS, 'WALL_CLOCK_TIME', () => {
      const keys = this.#take(context.streamTimeMs);
      if (keys.length === 0) return;
      make(keys);
      published.add(keys.length);
    });
  }

  /** Goes on. Returns the keys of entries whose lists have to be made anew. */
  #take(timeMs: number): string[] {
    this.#reader.read(timeMs, this);
    const due: string[] = [];
    if (!this.#isPassing && !this.#begin()) return due;
    const limit = ENTRIES_PER_LIST * this.#listsPerTick;
    let seen = 0;
    const { store, holds } = this.#swept;
    for (const [key, value] of store.scan({ limit, ...(this.#after !== undefined && { after: this.#after }) })) {
      seen++;
      this.#after = key;
      if (this.#wanted.isAll || holds(value, this.#isWanted)) due.push(key);
      if (due.length === this.#listsPerTick) return due;
    }
    if (seen < limit) this.#isPassing = false;
    return due;
  }

  item(denseId: number, change: ItemChange): void {
    if (change !== 'neighbours') this.#next.items.add(denseId);
  }

  campaign(campaign: Campaign): void {
    const isAnywhere = this.#swept.isOpenToCampaigns && (campaign.kind === 'pin' || campaign.kind === 'sponsor');
    if (isAnywhere || !this.#campaigns.eachTarget(campaign, (denseId) => this.#next.items.add(denseId)))
      this.#next.isAll = true;
  }

  everything(): void {
    this.#next.isAll = true;
  }

  #begin(): boolean {
    if (this.#next.items.size === 0 && !this.#next.isAll) return false;
    this.#wanted = this.#next;
    this.#next = { items: new Set(), isAll: false };
    this.#after = undefined;
    this.#isPassing = true;
    return true;
  }
}

interface Wanted {
  readonly items: Set<number>;
  isAll: boolean;
}
