// ITEMS, by item: the rows. Each row that a batch changed is published once: its best neighbours to the topic that every instance
// keeps, and as a list.

import type { Processor, ProcessorContext, StreamRecord } from '../../engine/api/index.ts';
import { Deltas } from './delta-batch.ts';
import type { ItemIds } from './item-ids.ts';
import type { ItemRow } from './item-row.ts';
import { JsonList } from './json-list.ts';
import { NEIGHBOURS } from './limits.ts';
import { NeighboursWriter } from './neighbours.ts';
import type { RowStore } from './row-store.ts';
import type { Stats } from './stats.ts';

export interface ItemsOptions {
  readonly ids: ItemIds;
  readonly stats: Stats;
  /** Names of the store and of the nodes to send to. */
  readonly rows: string;
  readonly neighbours: string;
  readonly lists: string;
}

const ITEM_KEY = 'i:';

export class Items implements Processor<Uint8Array> {
  readonly #options: ItemsOptions;
  readonly #json: JsonList;
  readonly #writer: NeighboursWriter;
  readonly #deltas = new Deltas();
  /** Rows that the batch changes. */
  readonly #changed: number[] = [];
  /** By row, its first delta's place + 1; by delta, the next one's of the same row. 0 is none. */
  #first = new Int32Array(1024);
  #next = new Int32Array(1024);
  #context!: ProcessorContext;
  #rows!: RowStore;

  constructor(options: ItemsOptions) {
    this.#options = options;
    this.#json = new JsonList(options.ids);
    this.#writer = new NeighboursWriter(options.ids);
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#rows = context.store(this.#options.rows);
  }

  process(records: readonly StreamRecord<Uint8Array>[]): void {
    const deltas = this.#deltas;
    deltas.count = 0;
    for (const { value } of records) deltas.read(value!, this.#options.ids);
    this.#chain();
    this.#rows.load(this.#changed);
    const { neighbours, weights } = deltas;
    // Row by row, so that each comes into the processor's cache once.
    for (const item of this.#changed) {
      for (let i = this.#first[item]! - 1; i >= 0; i = this.#next[i]! - 1)
        this.#rows.add(item, neighbours[i]!, weights[i]!);
      this.#publish(item, this.#rows.get(item)!);
    }
    this.#options.stats.itemLists += this.#changed.length;
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
      this.#next[i] = this.#first[row]!;
      this.#first[row] = i + 1;
    }
  }

  #publish(item: number, row: ItemRow): void {
    const { ids, neighbours, lists } = this.#options;
    const norm = 1 / Math.sqrt(row.total);
    const count = Math.min(row.count, NEIGHBOURS);
    this.#json.open(undefined);
    for (let rank = 0; rank < count; rank++) {
      const neighbour = row.items[rank]!;
      const score = row.weights[rank]! * norm;
      this.#json.entry(neighbour, score);
      this.#writer.add(neighbour, score);
    }
    const { streamTimeMs } = this.#context;
    const key = ids.text(item);
    this.#context.forward({ key, value: this.#writer.take(), timestampMs: streamTimeMs }, neighbours);
    this.#context.forward({ key: ITEM_KEY + key, value: this.#json.close(), timestampMs: streamTimeMs }, lists);
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
