// CATALOG: publishes the card of each item that this task owns, and a block where the item may not be shown to anybody: sold out, or
// withdrawn by a tombstone. Serving sees it within a commit, whatever the lists say.
//
// An event that is older than the stored entry is ignored and counted; the global store `catalog` goes by the same rule. The
// entries are kept a second time, in the task's own store, because a global store may be ahead of the task or behind it: what is
// published again must come from what the task has committed. An item that is not in the store is withdrawn.

import type { Counter, KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../engine/api/index.ts';
import { itemHash } from '../schemas/item-hash.ts';
import type { CatalogItem } from '../schemas/records.ts';
import { attributeHashes, type CatalogEntry, catalogEntry, isSoldOut, newerEntry } from './catalog-entry.ts';
import type { ItemIndex } from './item-index.ts';
import { publishedKeys } from './published-keys.ts';
import type { ItemCard, ListFormat } from './top-n/values.ts';

export interface CatalogOptions {
  readonly index: ItemIndex;
  readonly format: ListFormat;
  /** Store of {@link CatalogEntry} by item id. */
  readonly cardsStore: string;
  /** Node that publishes. */
  readonly listsSink: string;
}

/** Processor of `catalog`. */
export class CatalogProcessor implements Processor<CatalogItem> {
  readonly #options: CatalogOptions;
  #context!: ProcessorContext;
  #cards!: KeyValueStore<CatalogEntry>;
  #ignored!: Counter;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#cards = context.store(this.#options.cardsStore);
    this.#ignored = context.metrics.counter('freshet.catalog.events.late');
  }

  process(records: readonly StreamRecord<CatalogItem>[]): void {
    const keys: string[] = [];
    for (const { key } of records) if (key !== undefined) keys.push(key);
    this.#cards.load(keys);
    for (const record of records) {
      const itemId = record.key;
      if (itemId === undefined)
        this.#context.refuse(record, 'missing-key', 'a catalog record needs the item id as key');
      else if (record.value === null) this.#withdraw(itemId, record.timestampMs);
      else if (this.#options.index.collides(itemHash(itemId), itemId))
        this.#context.refuse(record, 'item-hash-collision', 'the hash of this item id is that of another item');
      else this.#update(itemId, record.value);
    }
  }

  republish(_sink: string, keys: readonly string[]): void {
    const { format } = this.#options;
    for (const key of keys) {
      const parsed = format.parseKey(key);
      if (parsed?.kind === 'card') this.#forwardCard(parsed.owner, this.#cards.get(parsed.owner), this.#timeMs());
      else if (parsed?.kind === 'item-block')
        this.#forwardBlock(parsed.owner, this.#cards.get(parsed.owner), this.#timeMs());
    }
  }

  /**
   * Also the block of an item that has none: a sink that comes back as it was earlier may have one. A withdrawn item has left the store, and its
   * block does not come again: lists that are made anew do not hold it.
   */
  publishedKeys(): Iterable<string> {
    const { format } = this.#options;
    return publishedKeys(this.#cards, (itemId) => [format.cardKey(itemId), format.itemBlockKey(itemId)]);
  }

  #withdraw(itemId: string, timestampMs: number): void {
    this.#cards.delete(itemId);
    this.#forwardCard(itemId, undefined, timestampMs);
    this.#forwardBlock(itemId, undefined, timestampMs);
  }

  #update(itemId: string, item: CatalogItem): void {
    const stored = this.#cards.get(itemId);
    const entry = newerEntry(stored, catalogEntry(item));
    if (entry === undefined) {
      this.#ignored.add(1);
      return;
    }
    this.#cards.put(itemId, entry);
    this.#forwardCard(itemId, entry, entry.atMs);
    // An item that was not stored may have been withdrawn: its block must go.
    if (stored === undefined || isSoldOut(entry) !== isSoldOut(stored)) this.#forwardBlock(itemId, entry, entry.atMs);
  }

  #forwardCard(itemId: string, entry: CatalogEntry | undefined, timestampMs: number): void {
    const { format, listsSink } = this.#options;
    const value = entry === undefined ? null : format.encodeCard(cardOf(entry));
    this.#context.forward({ key: format.cardKey(itemId), value, timestampMs }, listsSink);
  }

  #forwardBlock(itemId: string, entry: CatalogEntry | undefined, timestampMs: number): void {
    const { format, listsSink } = this.#options;
    const reason = entry === undefined ? 'withdrawn' : isSoldOut(entry) ? 'sold-out' : undefined;
    const value = reason === undefined ? null : format.encodeItemBlock(reason);
    this.#context.forward({ key: format.itemBlockKey(itemId), value, timestampMs }, listsSink);
  }

  #timeMs(): number {
    return this.#context.streamTimeMs;
  }
}

/** What answers show of an entry. */
export function cardOf(entry: CatalogEntry): ItemCard {
  const { itemId, title, categories, brand, price, currency, image, stock, validFromMs, validToMs, attributes } = entry;
  const hashes = attributeHashes(attributes);
  return {
    id: itemId,
    title,
    categories,
    ...(brand !== undefined && { brand }),
    ...(price !== undefined && { price }),
    ...(currency !== undefined && { currency }),
    ...(image !== undefined && { image }),
    ...(stock !== undefined && { stock }),
    ...(validFromMs !== undefined && { validFrom: validFromMs }),
    ...(validToMs !== undefined && { validTo: validToMs }),
    ...(hashes.length > 0 && { attributeHashes: hashes }),
  };
}
