// What every instance keeps of the rows: the best neighbours of those that have changed, once an interval, which is longer than that of
// their lists. A row's neighbours are written by its owner and read by every instance: that costs several times what its list does.

import { type Processor, type ProcessorContext, Slices, type StreamRecord } from '../../engine/api/index.ts';
import type { ItemIds } from './item-ids.ts';
import { readItems } from './item-set.ts';
import { NEIGHBOURS } from './limits.ts';
import { NeighboursWriter } from './neighbours.ts';
import type { RowStore } from './row-store.ts';

export interface PublicationOptions {
  readonly ids: ItemIds;
  /** Name of the store. */
  readonly rows: string;
}

export class Publication implements Processor<Uint8Array> {
  readonly #options: PublicationOptions;
  readonly #writer: NeighboursWriter;
  #context!: ProcessorContext;
  #rows!: RowStore;

  constructor(options: PublicationOptions) {
    this.#options = options;
    this.#writer = new NeighboursWriter(options.ids);
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#rows = context.store(this.#options.rows);
  }

  async process(records: readonly StreamRecord<Uint8Array>[]): Promise<void> {
    const items = new Set<number>();
    for (const { value } of records) readItems(value!, this.#options.ids, items);
    this.#rows.load(items);
    const slices = new Slices();
    for (const item of items) {
      if (slices.isOver()) await slices.turn();
      this.#publish(item);
    }
  }

  #publish(item: number): void {
    // Whatever was sent had been stored before.
    const row = this.#rows.get(item)!;
    const norm = 1 / Math.sqrt(row.total);
    const count = Math.min(row.count, NEIGHBOURS);
    for (let rank = 0; rank < count; rank++) this.#writer.add(row.items[rank]!, row.weights[rank]! * norm);
    const key = this.#options.ids.text(item);
    this.#context.forward({ key, value: this.#writer.take(), timestampMs: this.#context.streamTimeMs });
  }
}
