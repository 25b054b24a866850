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
  /** Rows that the batch changes, and by place of the row among them, where its deltas begin, and the end of all. */
  readonly #changed: number[] = [];
  readonly #starts: number[] = [];
  /** By row: how many deltas it has, then where the next one goes. */
  #cursors = new Int32Array(1024);
  /** The deltas, those of a row side by side in their order. */
  readonly #sorted = { neighbours: new Int32Array(4096), weights: new Float32Array(4096) };
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
    this.#sort();
    this.#rows.load(this.#changed);
    const slices = new Slices();
    // Row by row, so that each comes into the processor's cache once.
    for (const [place, item] of this.#changed.entries()) {
      if (slices.isOver()) await slices.turn();
      this.#rows.addAll(item, this.#sorted, this.#starts[place]!, this.#starts[place + 1]!);
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

  /** A counting sort: read as they came, the deltas of a row would be all over the memory of the others'. */
  #sort(): void {
    const { rows, neighbours, weights, count } = this.#deltas;
    const { ids } = this.#options;
    if (this.#cursors.length < ids.count) this.#cursors = new Int32Array(2 * ids.count);
    if (this.#sorted.weights.length < count) {
      this.#sorted.neighbours = new Int32Array(2 * count);
      this.#sorted.weights = new Float32Array(2 * count);
    }
    const cursors = this.#cursors;
    for (const item of this.#changed) cursors[item] = 0;
    this.#changed.length = 0;
    this.#starts.length = 0;
    for (let i = 0; i < count; i++) if (cursors[rows[i]!]!++ === 0) this.#changed.push(rows[i]!);
    let end = 0;
    for (const item of this.#changed) {
      this.#starts.push(end);
      end += cursors[item]!;
      cursors[item] = this.#starts.at(-1)!;
    }
    this.#starts.push(end);
    const sorted = this.#sorted;
    for (let i = 0; i < count; i++) {
      const at = cursors[rows[i]!]!++;
      sorted.neighbours[at] = neighbours[i]!;
      sorted.weights[at] = weights[i]!;
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
