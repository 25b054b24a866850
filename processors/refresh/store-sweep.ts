// Finds the entries of a store whose lists hold what has changed by passing over the store, some entries at a time: exact, whatever the
// number of entries, with nothing kept of them. What changes during a pass is looked for by the next one. Entries that come during
// a pass are new, and so are their lists.
//
// Neighbours are not looked at: lists of items and segments are published when these change.
//
// What is near to an item in content is in its list and not in its entry. Whose lists may hold a changed item that way is asked of the
// changed item: the items nearest to it. Nearness is not symmetric, as an item with many twins is among the nearest of more items than are among
// its own; those that are missed follow when they are next made. So does what a withdrawn item is left in: it has no content to
// be found by, and no answer shows it.

import type { KeyValueStore, ProcessorContext } from '../../engine/api/index.ts';
import type { Campaign } from '../../schemas/records.ts';
import type { CampaignIndex } from '../campaign-index.ts';
import type { ItemIndex } from '../item-index.ts';
import { ChangeReader } from './change-reader.ts';
import type { ItemChange } from './item-changes.ts';
import { NEAREST_AT_ONCE, REFRESH_INTERVAL_MS } from './visitor-refresh.ts';

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
  /** Keys of other entries whose lists may hold an item, by dense id; left out where lists hold what their entries do. */
  readonly keysNear?: (denseId: number) => Iterable<string>;
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
  #wanted = nothingWanted();
  /** What the next one will look for. */
  #next = nothingWanted();
  /** Changed items whose {@link SweptStore.keysNear} are still to be asked for. */
  readonly #unasked = new Set<number>();
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
    this.#askForNear();
    const due: string[] = [];
    if (!this.#isPassing && !this.#begin()) return due;
    const limit = ENTRIES_PER_LIST * this.#listsPerTick;
    let seen = 0;
    const { store, holds } = this.#swept;
    for (const [key, value] of store.scan({ limit, ...(this.#after !== undefined && { after: this.#after }) })) {
      seen++;
      this.#after = key;
      if (this.#wanted.isAll || this.#wanted.keys.has(key) || holds(value, this.#isWanted)) due.push(key);
      if (due.length === this.#listsPerTick) return due;
    }
    if (seen < limit) this.#isPassing = false;
    return due;
  }

  item(denseId: number, change: ItemChange): void {
    if (change !== 'neighbours') this.#want(denseId);
  }

  campaign(campaign: Campaign): void {
    const isAnywhere = this.#swept.isOpenToCampaigns && (campaign.kind === 'pin' || campaign.kind === 'sponsor');
    if (isAnywhere || !this.#campaigns.eachTarget(campaign, (denseId) => this.#want(denseId))) this.#next.isAll = true;
  }

  everything(): void {
    this.#next.isAll = true;
  }

  #want(denseId: number): void {
    this.#next.items.add(denseId);
    if (this.#swept.keysNear !== undefined) this.#unasked.add(denseId);
  }

  #askForNear(): void {
    if (this.#next.isAll) this.#unasked.clear();
    let asked = 0;
    for (const denseId of this.#unasked) {
      if (asked++ === NEAREST_AT_ONCE) return;
      this.#unasked.delete(denseId);
      for (const key of this.#swept.keysNear!(denseId)) this.#next.keys.add(key);
    }
  }

  #begin(): boolean {
    if (this.#next.items.size + this.#next.keys.size === 0 && !this.#next.isAll) return false;
    this.#wanted = this.#next;
    this.#next = nothingWanted();
    this.#after = undefined;
    this.#isPassing = true;
    return true;
  }
}

interface Wanted {
  readonly items: Set<number>;
  readonly keys: Set<string>;
  isAll: boolean;
}

function nothingWanted(): Wanted {
  return { items: new Set(), keys: new Set(), isAll: false };
}
