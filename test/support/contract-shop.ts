// An endpoint over a small shop with everything in it: lists of every kind, cards with categories, brands and attributes, blocks, campaigns,
// placements. For tests that ask it anything.
import type { TestContext } from 'node:test';
import type { Tracer } from '../../engine/api/index.ts';
import { listKey, placementKey, placementSerde } from '../../lists/index.ts';
import { attributeHash } from '../../schemas/attribute-hash.ts';
import { checkPlacement } from '../../schemas/list-settings.ts';
import { openEndpoint } from './endpoint.ts';
import { serve } from './http.ts';
import { createMemoryLists, listItem, type MemoryLists } from './memory-lists.ts';

export const NOW = Date.UTC(2026, 10, 21, 9);

export interface ShopItem {
  readonly id: string;
  readonly categories: readonly string[];
  readonly brand: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const CATEGORIES = ['Home', 'Garden', 'Gärten/100 %?#&'];
const BRANDS = ['Acme', 'Umbra'];
const COLOURS = ['red', 'green', 'blue'];

/** Sixty items, every combination of category, brand and colour several times. */
export const ITEMS: readonly ShopItem[] = Array.from({ length: 60 }, (_, i) => ({
  id: `i${i}`,
  categories: ['All', CATEGORIES[i % CATEGORIES.length]!],
  brand: BRANDS[i % BRANDS.length]!,
  attributes: { colour: COLOURS[i % COLOURS.length]!, size: String(i % 4) },
}));
export const SOLD_OUT = 'i5';
export const BOUGHT = 'i7';
export const PLACEMENTS = {
  home: {
    lists: [{ definition: 'for-you', max: 4 }, { definition: 'trending' }],
    exclude: { brands: ['Umbra'] },
    diversity: { maxPerCategory: 2 },
    n: 8,
  },
  cart: { lists: [{ definition: 'bought-together' }], n: 5 },
  closed: { isOn: false, lists: [{ definition: 'popular' }] },
} as const;

const ids = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => ITEMS[(from + i * 7) % ITEMS.length]!.id);

async function fill(lists: MemoryLists): Promise<void> {
  const put = (kind: Parameters<typeof listKey>[0], definition: string, owner: string, from: number, count = 40) =>
    lists.list(
      listKey(kind, definition, 'default', owner),
      ids(from, count).map((id, i) => listItem(id, 1 / (i + 1), { kind: 'popular', segment: 'global' })),
      { at: NOW - 1_000, eventIds: ['e1', 'e2'] },
    );
  await put('visitor', 'for-you', 'v1', 0);
  await put('visitor', 'recently-viewed', 'v1', 3, 9);
  await put('visitor', 'buy-again', 'v1', 7, 3);
  await put('session', 'for-you', 's1', 9, 5);
  for (const item of ['i1', 'i2']) {
    await put('item', 'similar', item, Number(item.slice(1)) * 11, 12);
    await put('item', 'bought-together', item, Number(item.slice(1)) * 13, 6);
  }
  for (const definition of ['popular', 'trending'])
    for (const segment of ['global', 'category=Home', 'region=north', 'device=phone', 'hour=2'])
      await put('segment', definition, segment, segment.length + definition.length);
  for (const { id, categories, brand, attributes } of ITEMS) {
    const attributeHashes = Object.entries(attributes).map(([name, value]) => attributeHash(name, value));
    await lists.card({ id, title: `Title of ${id}`, categories, brand, price: 9.5, currency: 'GBP', attributeHashes });
  }
  await lists.blockItem(SOLD_OUT, 'sold-out');
  await lists.blockForVisitor('v1', [BOUGHT]);
  for (const [name, body] of Object.entries(PLACEMENTS)) {
    const checked = checkPlacement(name, body);
    if ('mistakes' in checked) throw new Error(checked.mistakes.join());
    const value = placementSerde.serialize(checked.value);
    await lists.store.publish([{ key: placementKey(name), value, version: 1 }]);
  }
}

/** Starts the endpoint; it ends with the test. */
export async function startContractShop(
  t: TestContext,
  tracer?: Tracer,
): Promise<{ readonly url: string; readonly lists: MemoryLists; drain(): void }> {
  const lists = createMemoryLists();
  await fill(lists);
  const clock = { nowMs: () => NOW };
  const app = await openEndpoint(t, { lists: lists.store, clock, ...(tracer !== undefined && { tracer }) });
  t.after(() => app.drain());
  return { url: await serve(t, app.handler), lists, drain: () => app.drain() };
}
