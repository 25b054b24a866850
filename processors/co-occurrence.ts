// ITEMS: adds up the pair deltas of USERS in the rows of the items that this task owns, and publishes what has changed: the
// record of an item to `neighbours`, and the item's lists.
//
// An item is published at once if it has not been for an interval of stream time, else when the interval is over (by a punctuator
// on stream time). Which items wait is in a store, so it survives a restart, and in a replay all of this is a function of the log.

import type {
  Counter,
  KeyValueStore,
  Processor,
  ProcessorContext,
  ReadOnlyStore,
  StreamRecord,
} from '../engine/api/index.ts';
import type { ItemRow } from './co-occurrence/item-row.ts';
import type { ItemListMaker, PublishedItem } from './co-occurrence/list-maker.ts';
import { type CountOf, neighbourRecordOf } from './co-occurrence/neighbour-record.ts';
import type { PairDeltas } from './co-occurrence/pair-deltas.ts';
import { addRowDelta, emptyRow } from './co-occurrence/row-update.ts';
import type { NeighbourRecord } from './neighbours.ts';
import { publishedKeys } from './published-keys.ts';
import { type HoldsItem, StoreSweep, type StoreSweepOptions } from './refresh/store-sweep.ts';

export interface CoOccurrenceOptions {
  /** Half-life of the rows, ms of event time. */
  readonly halfLifeMs: number;
  /** Least stream time between two publications of an item, ms. */
  readonly publishIntervalMs: number;
  readonly lists: ItemListMaker;
  /** Keeps the lists of items fresh that do not change themselves; to be left out in a replay, whose lists depend on the log alone. */
  readonly refresh?: StoreSweepOptions;
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
      const waiting: string[] = [];
      for (const [item] of this.#waiting.scan()) waiting.push(item);
      this.#rows.load(waiting);
      this.#publishDue(waiting);
    });
    const { refresh, lists } = this.#options;
    if (refresh === undefined) return;
    const hasPartner: HoldsItem<ItemRow> = ({ hashes, size }, isWanted) => {
      for (let i = 0; i < size; i++) {
        const denseId = refresh.index.denseOf(hashes[i]!);
        if (denseId !== undefined && isWanted(denseId)) return true;
      }
      return false;
    };
    const swept = { store: this.#rows, holds: hasPartner, isOpenToCampaigns: false };
    new StoreSweep(swept, refresh).start(context, 'items', (items) => {
      lists.itemsPublished(this.#lastPublished(items), context);
    });
  }

  process(records: readonly StreamRecord<PairDeltas>[]): void {
    const changed = new Set<string>();
    for (const { value } of records) {
      if (value !== null) for (const { item } of value.rows) changed.add(value.items[item]!);
    }
    this.#rows.load([...changed]);
    for (const { value } of records) if (value !== null) this.#add(value);
    this.#publishDue(changed);
  }

  republish(sink: string, keys: readonly string[]): void {
    const { lists } = this.#options;
    const items = lists.itemsOf(keys);
    lists.republish(sink, keys, this.#lastPublished(items), this.#context);
  }

  publishedKeys(): Iterable<string> {
    const { lists } = this.#options;
    return publishedKeys(this.#rows, (item, row) => (row.publishedAsOf === undefined ? [] : lists.keysOf(item)));
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
      if (record !== undefined) published.push({ record, asOf });
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
    let dropped = 0;
    for (const delta of deltas.rows) {
      if (Number.isNaN(hashes[delta.item])) continue;
      const item = deltas.items[delta.item]!;
      let row = this.#rows.getForUpdate(item);
      if (row === undefined) {
        row = emptyRow(deltas.landmarkMs, delta);
        this.#rows.put(item, row);
      }
      dropped += addRowDelta(row, delta, hashes, deltas.landmarkMs, halfLifeMs);
    }
    if (dropped > 0) this.#dropped.add(dropped);
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
      if (!isDue && known.isWaiting) continue;
      const row = this.#rows.getForUpdate(item)!;
      if (!isDue) {
        row.isWaiting = true;
        this.#waiting.put(item, true);
        continue;
      }
      if (row.isWaiting) this.#waiting.delete(item);
      row.isWaiting = false;
      row.publishedAtMs = nowMs;
      row.publishedAsOf = row.asOf;
      const record = neighbourRecordOf(item, row, halfLifeMs, this.#options.countOf);
      this.#context.forward({ key: item, value: record, timestampMs: row.asOf.at }, neighboursSink);
      published.push({ record, asOf: row.asOf });
    }
    if (published.length > 0) lists.itemsPublished(published, this.#context);
  }
}
