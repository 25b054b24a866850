// ITEMS: adds up the pair deltas of USERS in the rows of the items that this task owns, and publishes what has changed: the
// record of an item to `neighbours`, and the item's lists.
//
// An item is published at once if it has not been for an interval of stream time, else when the interval is over (by a punctuator
// on stream time). While the task is behind its input, what is due is published every few seconds of the clock, for many batches at once.
// Which items wait is in a store, so it survives a restart, and in a replay, where nobody is behind, all of this is a function of the log.

import {
  type Counter,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  type ReadOnlyStore,
  Slices,
  type StreamRecord,
} from '../engine/api/index.ts';
import { ENTRY_NUMBERS, HASH, type ItemRow } from './co-occurrence/item-row.ts';
import type { ItemListMaker, PublishedItem } from './co-occurrence/list-maker.ts';
import { type CountOf, neighbourRecordOf } from './co-occurrence/neighbour-record.ts';
import type { PairDeltas } from './co-occurrence/pair-deltas.ts';
import { addRowDelta, emptyRow } from './co-occurrence/row-update.ts';
import type { ContentIndex } from './content/content-index.ts';
import type { NeighbourRecord } from './neighbours.ts';
import { publishedKeys } from './published-keys.ts';
import { type HoldsItem, StoreSweep, type StoreSweepOptions } from './refresh/store-sweep.ts';

/** While a task is behind, its items are published so often, ms. */
const BEHIND_INTERVAL_MS = 5_000;
/** Items whose lists are made between two turns of others. */
const ITEMS_AT_ONCE = 16;

export interface CoOccurrenceOptions {
  /** Half-life of the rows, ms of event time. */
  readonly halfLifeMs: number;
  /** Least stream time between two publications of an item, ms. */
  readonly publishIntervalMs: number;
  readonly lists: ItemListMaker;
  /** Keeps the lists of items fresh that do not change themselves; to be left out in a replay, whose lists depend on the log alone. */
  readonly refresh?: StoreSweepOptions & { readonly content: ContentIndex };
  /** Whether a hash is known as that of another id. */
  readonly collides: (hash: number, itemId: string) => boolean;
  /** For the items' vectors. */
  readonly countOf: CountOf;
  /** Store of {@link ItemRow} by item. */
  readonly rowsStore: string;
  /** Store of the items that wait to be published, see `waitingSerde`. */
  readonly waitingStore: string;
  /** Global store of what was published. */
  readonly neighboursStore: string;
  /** Node that writes `neighbours`. */
  readonly neighboursSink: string;
}

/** Processor of `pair-deltas`. */
export class CoOccurrenceProcessor implements Processor<PairDeltas> {
  readonly #options: CoOccurrenceOptions;
  #context!: ProcessorContext;
  #rows!: KeyValueStore<ItemRow>;
  #waiting!: KeyValueStore<true>;
  #neighbours!: ReadOnlyStore<NeighbourRecord>;
  #dropped!: Counter;
  #collisions!: Counter;
  /** Until when nothing is published, on the context's clock; `undefined` while the task keeps up. */
  #heldUntilMs: number | undefined;

  constructor(options: CoOccurrenceOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#rows = context.store(this.#options.rowsStore);
    this.#waiting = context.store(this.#options.waitingStore);
    this.#neighbours = context.globalStore(this.#options.neighboursStore);
    this.#dropped = context.metrics.counter('freshet.items.retractions.dropped');
    this.#collisions = context.metrics.counter('freshet.items.hash_collisions');
    context.schedule('publish-waiting', this.#options.publishIntervalMs, 'STREAM_TIME', () => {
      if (this.#isHeld()) return;
      this.#heldUntilMs = undefined;
      const waiting = this.#waitingItems();
      this.#rows.load(waiting);
      this.#publishDue(waiting);
    });
    const { refresh, lists } = this.#options;
    if (refresh === undefined) return;
    const { content, index } = refresh;
    const hasPartner: HoldsItem<ItemRow> = ({ entries, size }, isWanted) => {
      for (let i = 0; i < size; i++) {
        const denseId = index.denseOf(entries[ENTRY_NUMBERS * i + HASH]!);
        if (denseId !== undefined && isWanted(denseId)) return true;
      }
      return false;
    };
    const keysNear = (denseId: number) =>
      content.nearestTo(denseId).flatMap(({ number }) => index.textOf(number) ?? []);
    const swept = { store: this.#rows, holds: hasPartner, isOpenToCampaigns: false, keysNear };
    new StoreSweep(swept, refresh).start(context, 'items', (items) => {
      lists.itemsPublished(this.#lastPublished(items), context);
    });
  }

  async process(records: readonly StreamRecord<PairDeltas>[]): Promise<void> {
    const changed = new Set<string>();
    for (const { value } of records) {
      if (value !== null) for (const { item } of value.rows) changed.add(value.items[item]!);
    }
    this.#rows.load([...changed]);
    const slices = new Slices();
    for (const { value } of records) {
      if (slices.isOver()) await slices.turn();
      if (value !== null) this.#add(value);
    }
    if (this.#isHeld()) {
      for (const item of changed) this.#wait(item);
      return;
    }
    if (this.#heldUntilMs !== undefined) for (const item of this.#waitingItems()) changed.add(item);
    const { behind, clock } = this.#context;
    this.#heldUntilMs = behind > 0 ? clock.nowMs() + BEHIND_INTERVAL_MS : undefined;
    await slices.each([...changed], ITEMS_AT_ONCE, (some) => {
      this.#rows.load(some);
      this.#publishDue(some);
    });
  }

  republish(sink: string, keys: readonly string[]): void {
    const { lists } = this.#options;
    const items = lists.itemsOf(keys);
    lists.republish(sink, keys, this.#lastPublished(items), this.#context);
  }

  publishedKeys(): Iterable<string> {
    const { lists } = this.#options;
    return publishedKeys(this.#rows, (item, row) =>
      row.publishedAsOf === undefined ? [] : lists.keysOf(item, row.isBoughtWith),
    );
  }

  /** Of those items that were ever published, what lists were made from then. */
  #lastPublished(items: readonly string[]): PublishedItem[] {
    this.#rows.load(items);
    this.#neighbours.load(items);
    const published: PublishedItem[] = [];
    for (const item of items) {
      const row = this.#rows.get(item);
      const asOf = row?.publishedAsOf;
      if (row === undefined || asOf === undefined) continue;
      const record =
        asOf === row.asOf
          ? neighbourRecordOf(item, row, this.#options.halfLifeMs, this.#options.countOf)
          : this.#neighbours.get(item);
      if (record !== undefined) published.push({ record, asOf, isBoughtWith: row.isBoughtWith });
    }
    return published;
  }

  #add(deltas: PairDeltas): void {
    const { collides, halfLifeMs } = this.#options;
    const hashes = deltas.hashes.slice();
    for (let i = 0; i < hashes.length; i++) {
      if (!collides(hashes[i]!, deltas.items[i]!)) continue;
      hashes[i] = Number.NaN;
      this.#collisions.add(1);
    }
    const accepted = { landmarkMs: deltas.landmarkMs, hashes, entries: deltas.entries };
    let dropped = 0;
    for (const delta of deltas.rows) {
      if (Number.isNaN(hashes[delta.item])) continue;
      const item = deltas.items[delta.item]!;
      let row = this.#rows.getForUpdate(item);
      if (row === undefined) {
        row = emptyRow(deltas.landmarkMs, delta);
        this.#rows.put(item, row);
      }
      dropped += addRowDelta(row, delta, accepted, halfLifeMs);
    }
    if (dropped > 0) this.#dropped.add(dropped);
  }

  /** Whether the task is behind, and has published not long ago. */
  #isHeld(): boolean {
    const { behind, clock } = this.#context;
    return behind > 0 && this.#heldUntilMs !== undefined && clock.nowMs() < this.#heldUntilMs;
  }

  #waitingItems(): string[] {
    return Array.from(this.#waiting.scan(), ([item]) => item);
  }

  #wait(item: string): void {
    const known = this.#rows.get(item);
    if (known === undefined || known.isWaiting) return;
    this.#rows.getForUpdate(item)!.isWaiting = true;
    this.#waiting.put(item, true);
  }

  /** Publishes those items whose interval is over, and lets the others wait. */
  #publishDue(items: Iterable<string>): void {
    const { halfLifeMs, publishIntervalMs, neighboursSink, lists } = this.#options;
    const nowMs = this.#context.streamTimeMs;
    const published: PublishedItem[] = [];
    for (const item of items) {
      const known = this.#rows.get(item);
      if (known === undefined) continue;
      const isDue = known.publishedAtMs === undefined || nowMs - known.publishedAtMs >= publishIntervalMs;
      if (!isDue) {
        this.#wait(item);
        continue;
      }
      const row = this.#rows.getForUpdate(item)!;
      if (row.isWaiting) this.#waiting.delete(item);
      row.isWaiting = false;
      row.publishedAtMs = nowMs;
      row.publishedAsOf = row.asOf;
      const record = neighbourRecordOf(item, row, halfLifeMs, this.#options.countOf);
      this.#context.forward({ key: item, value: record, timestampMs: row.asOf.at }, neighboursSink);
      published.push({ record, asOf: row.asOf, isBoughtWith: row.isBoughtWith });
    }
    if (published.length > 0) lists.itemsPublished(published, this.#context);
  }
}
