// Lists, blocks and cards as the engine publishes them, for visitors and items that a seed makes up: what one answer needs is as large, and as
// spread over keys, as it is in a shop.

import {
  cardKey,
  itemBlockKey,
  itemBlockSerde,
  itemCardSerde,
  type ListItem,
  type ListStore,
  listKey,
  type Reason,
  topListSerde,
  visitorBlockKey,
  visitorBlockSerde,
} from '../lists/index.ts';

const ITEMS = 5_000;
/** Items of a list, as the engine's default is. */
const LIST_ITEMS = 40;
const REASONS_PER_ITEM = 3;
/** Items that a visitor dealt with, which reasons name. */
const EVIDENCE = 8;
const BLOCKED_ITEMS = 250;
const BOUGHT_ITEMS = 12;
const PUBLISHED_AT_A_TIME = 500;

/** Uniform over [0, 1), the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const visitorOf = (i: number): string => `visitor-${String(i).padStart(6, '0')}`;

/** Publishes everything that answers for `visitors` visitors need. */
export async function publishShop(store: ListStore, visitors: number, seed: number): Promise<void> {
  const next = random(seed);
  const anItem = (): number => Math.floor(next() * ITEMS);
  const itemId = (i: number): string => `item-${String(i).padStart(5, '0')}`;
  const title = (i: number): string => `Trail Lantern No. ${i}`;
  const entries: { key: string; version: number; value: Uint8Array }[] = [];
  const put = (key: string, value: Uint8Array): void => void entries.push({ key, version: 1, value });

  const list = (key: string, kind: Reason['kind'], reasons: number): void => {
    const [, , definition = '', variant = '', owner = ''] = key.split(':');
    const evidence = Array.from({ length: EVIDENCE }, anItem);
    const items = new Map<string, ListItem>();
    while (items.size < LIST_ITEMS) {
      const id = itemId(anItem());
      const score = 1 - items.size / LIST_ITEMS + next() / 100;
      const parts = Array.from({ length: reasons }, (_, i): Reason => {
        const about = evidence[(items.size + i) % EVIDENCE]!;
        return kind === 'popular'
          ? { kind, segment: owner, part: score }
          : { kind, itemId: itemId(about), title: title(about), part: score / reasons };
      });
      items.set(id, { id, score, reasons: parts });
    }
    const eventIds = Array.from({ length: 5 }, () => `event-${Math.floor(next() * 1e12).toString(36)}`);
    const asOf = { at: Date.now(), topic: 'clicks', partition: 1, offset: 123_456, eventIds };
    put(
      key,
      topListSerde.serialize({ definition, owner, variant, algorithm: 'f1-1', asOf, items: [...items.values()] }),
    );
  };

  for (let i = 0; i < ITEMS; i++) {
    const card = {
      id: itemId(i),
      title: title(i),
      categories: [`category-${i % 50}`],
      price: 10 + (i % 90),
      currency: 'EUR',
    };
    put(cardKey(card.id), itemCardSerde.serialize(card));
  }
  for (let i = 0; i < BLOCKED_ITEMS; i++)
    put(itemBlockKey(itemId(anItem())), itemBlockSerde.serialize({ reason: 'sold-out' }));
  for (const segment of ['global', 'device=phone', 'region=north', ...Array.from({ length: 6 }, (_, i) => `hour=${i}`)])
    list(listKey('segment', 'popular', 'default', segment), 'popular', 1);
  for (let i = 0; i < visitors; i++) {
    list(listKey('visitor', 'for-you', 'default', visitorOf(i)), 'viewed', REASONS_PER_ITEM);
    const items = Array.from({ length: BOUGHT_ITEMS }, () => itemId(anItem()));
    put(visitorBlockKey(visitorOf(i)), visitorBlockSerde.serialize({ items, region: 'north', device: 'phone' }));
  }
  for (let i = 0; i < entries.length; i += PUBLISHED_AT_A_TIME)
    await store.publish(entries.slice(i, i + PUBLISHED_AT_A_TIME));
}
