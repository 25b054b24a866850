// Which visitors' lists have to be made anew because something that they hold or come from has changed, most urgent first, within a
// budget. Urgencies: 1 an item left or came into the shop, 2 a campaign changed, began or ended, 3 neighbours or categories.
//
// An item that leaves concerns the lists that hold it; one that comes, also those that come from its neighbours. A campaign concerns
// everybody: which lists it reaches is found by making them. What is due lies in memory: a restart forgets it, and those lists
// follow when they are next made.

import type { Counter, ProcessorContext, ReadOnlyStore } from '../../engine/api/index.ts';
import type { CampaignIndex } from '../campaign-index.ts';
import type { ContentIndex } from '../content/content-index.ts';
import type { ItemIndex } from '../item-index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import type { QueryItem } from '../scoring/f1.ts';
import type { ListedItems } from '../top-n/values.ts';
import { ChangeReader } from './change-reader.ts';
import { DueQueue } from './due-queue.ts';
import type { ItemChange } from './item-changes.ts';
import { RecentVisitors } from './recent-visitors.ts';

/** How often tasks look for what is due, ms: at half, twice the commits of an idle shop; at double, bursts of twice the length. */
export const REFRESH_INTERVAL_MS = 500;
/** Changed items whose nearest in content are asked for at a time: 0.3 ms for each that nobody has asked for. */
export const NEAREST_AT_ONCE = 32;

const URGENT = 1;
const CAMPAIGN = 2;
const LATER = 3;

/** Visitors of a task whose lists are kept fresh. */
const MAX_VISITORS = 20_000;
/** A visitor who was not active for so long, ms of stream time, is not expected back before the lists are made anew anyway. */
const WINDOW_MS = 3_600_000;
/** With more items than this becoming available at a time, every list is due: reading the neighbours of all of them takes longer. */
const MAX_ARRIVALS = 1_000;

export interface VisitorRefreshOptions {
  readonly index: ItemIndex;
  readonly campaigns: CampaignIndex;
  readonly content: ContentIndex;
  /** Most items of a list. */
  readonly listLength: number;
  /** Lists that may be made anew, per second and task; more than 0. */
  readonly listsPerSecond: number;
  /** Global store of the items' neighbours. */
  readonly neighboursStore: string;
  /** @defaultValue 20,000 */
  readonly maxVisitors?: number;
}

/** Of one task. */
export class VisitorRefresh {
  readonly #options: VisitorRefreshOptions;
  readonly #reader: ChangeReader;
  readonly #recent: RecentVisitors;
  readonly #due = new DueQueue(LATER);
  readonly #listsPerTick: number;
  #neighbours!: ReadOnlyStore<NeighbourRecord>;
  /** Urgency by dense id, for lists that hold the item and for lists that come from it. */
  #heldMarks = new Uint8Array(1024);
  #queryMarks = new Uint8Array(1024);
  readonly #marked: number[] = [];
  /** Items that may be shown now, and whose neighbours have not been marked yet. */
  readonly #arrived: string[] = [];
  #isEverybody = false;

  constructor(options: VisitorRefreshOptions) {
    this.#options = options;
    const { index, campaigns, listLength, listsPerSecond, maxVisitors = MAX_VISITORS } = options;
    this.#reader = new ChangeReader(index, campaigns);
    this.#recent = new RecentVisitors(maxVisitors, listLength);
    this.#listsPerTick = Math.ceil((listsPerSecond * REFRESH_INTERVAL_MS) / 1000);
  }

  /** Has the lists of visitors made anew from now on by `make`, which returns how many it has published. To be called in `init`. */
  start(context: ProcessorContext, make: (visitors: readonly string[]) => number): void {
    this.#neighbours = context.globalStore(this.#options.neighboursStore);
    this.#reader.begin(context.streamTimeMs);
    const published: Counter = context.metrics.counter('freshet.refresh.lists', { 'freshet.list.owner': 'visitors' });
    context.metrics.gauge('freshet.refresh.waiting', () => this.#due.size, { 'freshet.task': context.taskId });
    context.schedule('refresh', REFRESH_INTERVAL_MS, 'WALL_CLOCK_TIME', () => {
      const visitors = this.#take(context.streamTimeMs);
      if (visitors.length > 0) published.add(make(visitors));
    });
  }

  /** A visitor was active, and the list has just been made from `query`. */
  noted(visitorId: string, timeMs: number, query: readonly QueryItem[], list: ListedItems): void {
    this.#due.remove(this.#recent.note(visitorId, timeMs, query, list));
  }

  /** The list of a visitor, who may be known, has been made anew for another reason. */
  republished(visitorId: string, query: readonly QueryItem[], list: ListedItems): void {
    const slot = this.#recent.slotOf(visitorId);
    if (slot !== undefined) this.#recent.replace(slot, query, list);
  }

  /** A visitor has no list any more, and nothing that one could be made from. */
  forgotten(visitorId: string): void {
    const slot = this.#recent.slotOf(visitorId);
    if (slot === undefined) return;
    this.#due.remove(slot);
    this.#recent.forget(visitorId);
  }

  /** Whether a list made anew is worth publishing. If so, it is what the visitor has from now on. */
  isNews(visitorId: string, query: readonly QueryItem[], list: ListedItems): boolean {
    const slot = this.#recent.slotOf(visitorId);
    if (slot === undefined) return true;
    if (!this.#recent.differs(slot, list)) return false;
    this.#recent.replace(slot, query, list);
    return true;
  }

  /** Takes the visitors whose turn it is. */
  #take(timeMs: number): string[] {
    this.#reader.read(timeMs, this);
    this.#markNeighboursOfArrived();
    this.#enqueue();
    const visitors: string[] = [];
    while (visitors.length < this.#listsPerTick) {
      const slot = this.#due.take();
      if (slot === undefined) break;
      const visitorId = this.#recent.visitorOf(slot);
      if (visitorId === undefined) continue;
      if (timeMs - this.#recent.activeMs(slot) > WINDOW_MS) this.#recent.forget(visitorId);
      else visitors.push(visitorId);
    }
    return visitors;
  }

  item(denseId: number, change: ItemChange): void {
    if (change === 'neighbours') this.#mark(this.#queryMarks, denseId, LATER);
    else if (change === 'content') this.#mark(this.#heldMarks, denseId, LATER);
    else {
      this.#mark(this.#heldMarks, denseId, URGENT);
      const itemId = this.#options.index.textOf(denseId);
      if (itemId !== undefined && this.#options.index.isListed(itemId)) this.#arrived.push(itemId);
    }
  }

  campaign(): void {
    this.#isEverybody = true;
  }

  everything(): void {
    this.#isEverybody = true;
  }

  /**
   * An item that may be shown now belongs into lists that come from its neighbours, in the sessions of others and in content: pairs are
   * nearly symmetrical, and so is nearness but for items with many twins (store-sweep.ts).
   */
  #markNeighboursOfArrived(): void {
    const { index, content } = this.#options;
    if (this.#arrived.length > MAX_ARRIVALS) {
      this.#arrived.length = 0;
      this.#isEverybody = true;
      return;
    }
    const arrived = this.#arrived.splice(0, NEAREST_AT_ONCE);
    if (arrived.length > 0) this.#neighbours.load(arrived);
    for (const itemId of arrived) {
      const denseId = index.internText(itemId)!;
      this.#mark(this.#queryMarks, denseId, URGENT);
      for (const { number } of content.nearestTo(denseId)) this.#mark(this.#queryMarks, number, URGENT);
      const record = this.#neighbours.get(itemId);
      if (record === undefined) continue;
      for (const partner of index.partnersOf(record)) this.#mark(this.#queryMarks, partner, URGENT);
    }
  }

  #mark(marks: Uint8Array, denseId: number, urgency: number): void {
    let own = marks;
    if (denseId >= own.length) {
      const isHeld = own === this.#heldMarks;
      this.#heldMarks = grown(this.#heldMarks, this.#options.index.size);
      this.#queryMarks = grown(this.#queryMarks, this.#options.index.size);
      own = isHeld ? this.#heldMarks : this.#queryMarks;
    }
    const known = own[denseId]!;
    if (known !== 0 && known <= urgency) return;
    own[denseId] = urgency;
    this.#marked.push(denseId);
  }

  #enqueue(): void {
    const isAnyMarked = this.#marked.length > 0;
    if (!isAnyMarked && !this.#isEverybody) return;
    const recent = this.#recent;
    for (let slot = 0; slot < recent.size; slot++) {
      if (recent.visitorOf(slot) === undefined) continue;
      const urgency = isAnyMarked ? recent.urgencyOf(slot, this.#heldMarks, this.#queryMarks) : 0;
      if (urgency !== 0) this.#due.add(slot, urgency);
      if (this.#isEverybody) this.#due.add(slot, CAMPAIGN);
    }
    for (const denseId of this.#marked) {
      this.#heldMarks[denseId] = 0;
      this.#queryMarks[denseId] = 0;
    }
    this.#marked.length = 0;
    this.#isEverybody = false;
  }
}

function grown(marks: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(size, 2 * marks.length));
  larger.set(marks);
  return larger;
}
