// The port through which ITEMS has item lists made, from the record that it publishes to `neighbours` at the same moment: so a
// list can be made again later, byte for byte, from the last published record, whatever the row has become since.

import type { ProcessorContext } from '../../engine/api/index.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import type { AsOf } from '../profile/as-of.ts';

/** An item whose neighbours are published now. */
export interface PublishedItem {
  readonly record: NeighbourRecord;
  /** Newest event in the record. */
  readonly asOf: AsOf;
  /** Whether it may have been bought with others, now or before. */
  readonly isBoughtWith: boolean;
}

/** Makes and forwards the lists of items (`similar`, `bought-together`). */
export interface ItemListMaker {
  /** Forwards every list of these items that there may be. */
  itemsPublished(items: readonly PublishedItem[], context: ProcessorContext): void;
  /** Ids of the items that own keys of this sink; keys of others are skipped. */
  itemsOf(keys: readonly string[]): readonly string[];
  /** The keys under which there may be lists of an item. */
  keysOf(itemId: string, isBoughtWith: boolean): readonly string[];
  /** Forwards these keys and no others. An item that is missing in `items` has never been published: its keys are removed. */
  republish(sink: string, keys: readonly string[], items: readonly PublishedItem[], context: ProcessorContext): void;
}
