// A list store in memory, with short ways to put lists, cards and blocks into it.
import { systemClock } from '../../engine/api/index.ts';
import {
  type AsOf,
  type CampaignRule,
  campaignKey,
  campaignRuleSerde,
  cardKey,
  createEmbeddedListStore,
  type ItemBlock,
  type ItemCard,
  itemBlockKey,
  itemBlockSerde,
  itemCardSerde,
  LISTS_COLUMN_FAMILY,
  type ListItem,
  type ListStore,
  parseListKey,
  type Reason,
  topListSerde,
  type VisitorBlock,
  visitorBlockKey,
  visitorBlockSerde,
} from '../../lists/index.ts';
import { createMemoryDatabase } from '../../state/index.ts';

export interface MemoryLists {
  readonly store: ListStore;
  /** Keys of every `getMany` so far: one entry a round trip. */
  readonly roundTrips: string[][];
  list(key: string, items: readonly (string | ListItem)[], asOf?: Partial<AsOf>, version?: number): Promise<void>;
  card(card: Partial<ItemCard> & { readonly id: string }, version?: number): Promise<void>;
  blockItem(itemId: string, reason: ItemBlock['reason'] | undefined, version?: number): Promise<void>;
  blockForVisitor(visitorId: string, items: readonly string[], audience?: Omit<VisitorBlock, 'items'>): Promise<void>;
  /** `undefined`: it has ended. */
  campaign(campaignId: string, rule: CampaignRule | undefined, version?: number): Promise<void>;
}

/** An item with one reason that has the whole score. */
export function listItem(id: string, score: number, reason: Omit<Reason, 'part'> = { kind: 'popular' }): ListItem {
  return { id, score, reasons: [{ ...reason, part: score }] };
}

export function createMemoryLists(): MemoryLists {
  const inner = createEmbeddedListStore({
    database: createMemoryDatabase({ columnFamilies: [LISTS_COLUMN_FAMILY] }),
    clock: systemClock,
  });
  const roundTrips: string[][] = [];
  const store: ListStore = {
    publish: (entries) => inner.publish(entries),
    getMany: (keys) => {
      roundTrips.push([...keys]);
      return inner.getMany(keys);
    },
    entries: (prefix) => inner.entries(prefix),
    watch: (prefix, listener, only) => inner.watch(prefix, listener, only),
    ping: () => inner.ping(),
    close: () => inner.close(),
  };
  let versions = 0;
  const put = (key: string, value: Uint8Array | null, version: number = ++versions): Promise<void> =>
    inner.publish([{ key, value, version }]);
  return {
    store,
    roundTrips,
    list(key, items, asOf = {}, version) {
      const parts = parseListKey(key);
      if (parts === undefined) throw new TypeError(`${key} is no list key`);
      const value = topListSerde.serialize({
        definition: parts.definition,
        owner: parts.owner,
        variant: parts.variant,
        algorithm: 'test-1',
        asOf: { at: 0, topic: 'clicks', partition: 0, offset: 0, eventIds: [], ...asOf },
        items: items.map((item, i) => (typeof item === 'string' ? listItem(item, items.length - i) : item)),
      });
      return put(key, value, version);
    },
    card: (card, version) =>
      put(
        cardKey(card.id),
        itemCardSerde.serialize({ title: `Title of ${card.id}`, categories: [], ...card }),
        version,
      ),
    blockItem: (itemId, reason, version) =>
      put(itemBlockKey(itemId), reason === undefined ? null : itemBlockSerde.serialize({ reason }), version),
    blockForVisitor: (visitorId, items, audience) =>
      put(visitorBlockKey(visitorId), visitorBlockSerde.serialize({ items, ...audience })),
    campaign: (campaignId, rule, version) =>
      put(campaignKey(campaignId), rule === undefined ? null : campaignRuleSerde.serialize(rule), version),
  };
}
