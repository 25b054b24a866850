// Values for tests of processors: only what a test names differs from a plain default.

import type { CatalogEntry } from '../../../processors/catalog-entry.ts';
import { ItemIndex } from '../../../processors/item-index.ts';
import type { NeighbourRecord } from '../../../processors/neighbours.ts';
import type { AsOf } from '../../../processors/profile/as-of.ts';
import type { ListedItems } from '../../../processors/top-n/values.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import type { Campaign } from '../../../schemas/records.ts';

export const DAY = 86_400_000;
export const HALF_LIFE = 10 * DAY;

export interface Masses {
  readonly f?: number;
  readonly b?: number;
  readonly o?: number;
}

/** A record whose totals are the sums of its partners. */
export function neighbour(
  itemId: string,
  partners: { readonly [itemId: string]: Masses },
  overrides: Partial<NeighbourRecord> = {},
): NeighbourRecord {
  const entries = Object.entries(partners);
  const column = (pick: (masses: Masses) => number | undefined) =>
    Float32Array.from(entries, ([, masses]) => pick(masses) ?? 0);
  const [f, b, o] = [column((m) => m.f), column((m) => m.b), column((m) => m.o)];
  const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
  return {
    itemId,
    hash: itemHash(itemId),
    landmarkMs: 0,
    n: 10,
    recent: 0,
    p: 1,
    forward: sum(f),
    backward: sum(b),
    together: sum(o),
    lastSeenMs: 0,
    repeatRate: 0,
    vector: new Int8Array(0),
    vectorScale: 0,
    partners: Float64Array.from(entries, ([id]) => itemHash(id)),
    f,
    b,
    o,
    resolved: undefined,
    ...overrides,
  };
}

export function entry(itemId: string, overrides: Partial<CatalogEntry> = {}): CatalogEntry {
  return { itemId, atMs: 0, title: `Title of ${itemId}`, categories: [], attributes: {}, ...overrides };
}

/** An index that knows these records, and these items as available. */
export function indexOf(records: readonly NeighbourRecord[], available: readonly string[]): ItemIndex {
  const index = new ItemIndex(HALF_LIFE);
  for (const record of records) index.applyNeighbours(record.itemId, record);
  for (const itemId of available) index.applyCatalog(itemId, entry(itemId));
  return index;
}

export function campaign(overrides: Partial<Campaign> & Pick<Campaign, 'kind'>): Campaign {
  return {
    eventId: 'e',
    campaignId: `c-${overrides.kind}`,
    at: 0,
    items: [],
    categories: [],
    brands: [],
    attributes: {},
    audience: { segments: [], regions: [], devices: [] },
    placements: [],
    validFrom: null,
    validTo: null,
    weight: 1,
    budget: null,
    ...overrides,
  };
}

export const AS_OF: AsOf = { at: 0, topic: 'clicks', partition: 0, offset: 7, eventIds: ['e1'] };

/** Items of a list with their reasons as objects. */
export function plainItems({ items, causes, reasonCauses, reasonParts }: ListedItems) {
  return items.map(({ id, score, firstReason, reasonCount }) => ({
    id,
    score,
    reasons: Array.from({ length: reasonCount }, (_, i) => ({
      ...causes[reasonCauses[firstReason + i]!]!,
      part: reasonParts[firstReason + i]!,
    })),
  }));
}
