// What scoring, reasons, campaigns and cards need of a catalog item: the value of the global store `catalog` and of the task
// store `cards`. Bytes: u8 version, then the entry as JSON (catalogs change rarely, and no query decodes more than it shows). An
// entry of a release before contents has none until its item's next event.

import type { Serde } from '../engine/api/index.ts';
import { attributeHash } from '../schemas/attribute-hash.ts';
import type { CatalogItem } from '../schemas/records.ts';
import { contentText, contentVectorOf } from './content/content-vector.ts';
import { versionedJsonSerde } from './versioned-json.ts';

/** A catalog item as the stores keep it. */
export interface CatalogEntry {
  readonly itemId: string;
  /** Event time of the catalog event, epoch ms. */
  readonly atMs: number;
  readonly title: string;
  readonly categories: readonly string[];
  readonly brand?: string | undefined;
  readonly price?: number | undefined;
  readonly currency?: string | undefined;
  readonly image?: string | undefined;
  /** Pieces on hand; `undefined` where the shop does not track it. */
  readonly stock?: number | undefined;
  /** May be recommended in `[validFromMs, validToMs)`. */
  readonly validFromMs?: number | undefined;
  readonly validToMs?: number | undefined;
  readonly attributes: Readonly<{ [name: string]: string }>;
  /** What the item is, as a vector in text, see content/content-vector.ts; `undefined` where nothing says it. */
  readonly content?: string | undefined;
}

const VERSION = 1;

/** Serde of {@link CatalogEntry}. */
export const catalogEntrySerde: Serde<CatalogEntry> = versionedJsonSerde<CatalogEntry>(VERSION, 'catalog-entry');

/** The entry of a catalog event. */
export function catalogEntry(item: CatalogItem): CatalogEntry {
  const content = contentVectorOf(item);
  return {
    itemId: item.itemId,
    atMs: item.at,
    title: item.title,
    categories: item.categories,
    brand: item.brand ?? undefined,
    price: item.price ?? undefined,
    currency: item.currency ?? undefined,
    image: item.image ?? undefined,
    stock: item.stock ?? undefined,
    validFromMs: item.validFrom ?? undefined,
    validToMs: item.validTo ?? undefined,
    attributes: item.attributes,
    content: content && contentText(content),
  };
}

/** What cards and exclusions have of attributes: a number each, so that neither grows with their texts. */
export function attributeHashes(attributes: CatalogEntry['attributes']): number[] {
  return Object.entries(attributes).map(([name, value]) => attributeHash(name, value));
}

/** The shop counts pieces and has none left. */
export function isSoldOut(entry: CatalogEntry): boolean {
  return entry.stock !== undefined && entry.stock <= 0;
}

/**
 * The entry that stands after a catalog event: the newer by event time, the later of two with one time. `undefined`: the stored
 * one stays. The global store and the task's store go by the same rule.
 */
export function newerEntry(stored: CatalogEntry | undefined, incoming: CatalogEntry): CatalogEntry | undefined {
  return stored !== undefined && incoming.atMs < stored.atMs ? undefined : incoming;
}
