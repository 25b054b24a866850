// ITEMS, by item: the rows. Of each row that a batch changed the list is published once, and its id is sent on: its best
// neighbours follow (see publication.ts).

import { type Processor, type ProcessorContext, Slices, type StreamRecord } from '../../engine/api/index.ts';
import { Deltas } from './delta-batch.ts';
import type { ItemIds } from './item-ids.ts';
import type { ItemRow } from './item-row.ts';
import { encodeItems } from './item-set.ts';
import { JsonList } from './json-list.ts';
import { NEIGHBOURS } from './limits.ts';
import type { RowStore } from './row-store.ts';
import type { Stats } from './stats.ts';

export interface ItemsOptions {
  readonly ids: ItemIds;
  readonly stats: Stats;
  /** Names of the store and of the nodes to send to. */
  readonly rows: string;
  readonly changed: string;
  readonly lists: string;
}

const ITEM_KEY = 'i:';

export class Items implements Processor<Uint8Array> {
  readonly #options: ItemsOptions;
  readonly #json: JsonList;
  readonly #deltas = new Deltas();
  /** Rows that the batch changes. */
  readonly #changed: number[] = [];
  /** By row, its first delta's place + 1, 0 without any; by delta, the next one's place of the same row, -1 behind the last. */
  #first = new Int32Array(1024);
  #next = new Int32Array(1024);
  #context!: ProcessorContext;
  #rows!: RowStore;

  constructor(options: ItemsOptions) {
    this.#options = options;
    this.#json = new JsonList(options.ids);
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#rows = context.store(this.#options.rows);
  }

  async process(records: readonly StreamRecord<Uint8Array>[]): Promise<void> {
    const deltas = this.#deltas;
    deltas.count = 0;
    for (const { value } of records) deltas.read(value!, this.#options.ids);
    this.#chain();
    this.#rows.load(this.#changed);
    const chain = { neighbours: deltas.neighbours, weights: deltas.weights, next: this.#next };
    const slices = new Slices();
    // Row by row, so that each comes into the processor's cache once.
    for (const item of this.#changed) {
      if (slices.isOver()) await slices.turn();
      this.#rows.addAll(item, chain, this.#first[item]! - 1);
      this.#publish(item, this.#rows.get(item)!);
    }
    this.#options.stats.itemLists += this.#changed.length;
    this.#send();
  }

  #send(): void {
    const { streamTimeMs, taskId } = this.#context;
    const value = encodeItems(this.#changed, this.#options.ids);
    this.#context.forward(
      { key: undefined, value, timestampMs: streamTimeMs, partition: taskId },
      this.#options.changed,
    );
  }

  /** Links the deltas of each row, in their order. */
  #chain(): void {
    const { rows, count } = this.#deltas;
    for (const item of this.#changed) this.#first[item] = 0;
    this.#changed.length = 0;
    if (this.#first.length < this.#options.ids.count) this.#first = new Int32Array(2 * this.#options.ids.count);
    if (this.#next.length < count) this.#next = new Int32Array(2 * count);
    for (let i = count - 1; i >= 0; i--) {
      const row = rows[i]!;
      if (this.#first[row] === 0) this.#changed.push(row);
      this.#next[i] = this.#first[row]! - 1;
      this.#first[row] = i + 1;
    }
  }

  #publish(item: number, row: ItemRow): void {
    const { ids, lists } = this.#options;
    const norm = 1 / Math.sqrt(row.total);
    const count = Math.min(row.count, NEIGHBOURS);
    this.#json.open(undefined);
    for (let rank = 0; rank < count; rank++) this.#json.entry(row.items[rank]!, row.weights[rank]! * norm);
    const { streamTimeMs } = this.#context;
    const key = ITEM_KEY + ids.text(item);
    this.#context.forward({ key, value: this.#json.close(), timestampMs: streamTimeMs }, lists);
  }

  republish(_sink: string, keys: readonly string[]): void {
    const items = keys.flatMap((key) =>
      key.startsWith(ITEM_KEY) ? [this.#options.ids.ofText(key.slice(ITEM_KEY.length))] : [],
    );
    this.#rows.load(items);
    for (const item of items) {
      const row = this.#rows.get(item);
      if (row !== undefined) this.#publish(item, row);
    }
  }
}
