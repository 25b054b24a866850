// What serving knows of items without asking: which are blocked, when each may be shown, and the cards asked for lately. They are
// followed, so that a sold-out item is gone from answers whatever the lists still say, and no
// request waits for it.
//
// Invariant: of each key the highest version wins, in whatever order changes are heard.
import type { Logger } from '../engine/api/index.ts';
import {
  CARD_PREFIX,
  cardKey,
  ITEM_BLOCK_PREFIX,
  type ItemCard,
  idBehind,
  itemBlockSerde,
  itemCardSerde,
  type ListChange,
} from '../lists/index.ts';
import { readPublished } from './published.ts';
import type { ResilientLists } from './resilience/resilient-lists.ts';

/** Cards kept decoded. A card takes about 500 bytes, so all of them about 10 MB. */
const DEFAULT_MAX_CARDS = 20_000;

interface Validity {
  readonly version: number;
  /** Epoch ms, inclusive. */
  readonly from: number;
  /** Epoch ms, exclusive. */
  readonly to: number;
}

/** Cards that were asked for. */
export interface CardReading {
  /** By item id, for those that there are. */
  readonly cards: ReadonlyMap<string, ItemCard>;
  /** Those that are not in memory could not be read: an item without a card may have one. */
  readonly isDegraded: boolean;
}

/** Facts about items, in memory. */
export interface SharedItems {
  /** Reads everything and listens from then on. */
  open(): Promise<void>;
  /** Whether an item may be shown: not blocked, and within its validity at `nowMs`. */
  isShowable(itemId: string, nowMs: number): boolean;
  /** One round trip for all that are not in memory. */
  cards(itemIds: readonly string[]): Promise<CardReading>;
  readonly blockedCount: number;
}

export interface SharedItemsOptions {
  readonly lists: Pick<ResilientLists, 'follow' | 'read'>;
  readonly logger: Logger;
  readonly maxCards?: number;
}

export function createSharedItems({ lists, logger, maxCards = DEFAULT_MAX_CARDS }: SharedItemsOptions): SharedItems {
  /** Version and state of every item that was ever blocked. */
  const blocks = new Map<string, { readonly version: number; readonly isBlocked: boolean }>();
  let blockedCount = 0;
  /** Items with a beginning or an end; most have neither. */
  const validities = new Map<string, Validity>();
  /** Least recently used first. `card` is `undefined` for a removed one, whose version still counts. */
  const cache = new Map<string, { readonly version: number; readonly card: ItemCard | undefined }>();

  function takeBlock({ key, value, version }: ListChange): void {
    const itemId = idBehind(ITEM_BLOCK_PREFIX, key);
    if (itemId === undefined) return;
    const known = blocks.get(itemId);
    if (known !== undefined && known.version > version) return;
    // A block that cannot be read still blocks: hiding an item is the smaller harm.
    const isBlocked = value !== null;
    if (isBlocked) readPublished(itemBlockSerde, value, logger);
    if (known === undefined && !isBlocked) return;
    blockedCount += Number(isBlocked) - Number(known?.isBlocked ?? false);
    blocks.set(itemId, { version, isBlocked });
  }

  function keep(itemId: string, version: number, card: ItemCard | undefined): void {
    cache.delete(itemId);
    cache.set(itemId, { version, card });
    if (cache.size > maxCards) {
      for (const oldest of cache.keys()) {
        cache.delete(oldest);
        break;
      }
    }
  }

  function takeCard({ key, value, version }: ListChange): void {
    const itemId = idBehind(CARD_PREFIX, key);
    if (itemId === undefined) return;
    const known = Math.max(cache.get(itemId)?.version ?? -1, validities.get(itemId)?.version ?? -1);
    if (known > version) return;
    const card = readPublished(itemCardSerde, value, logger);
    keep(itemId, version, card);
    if (card?.validFrom !== undefined || card?.validTo !== undefined) {
      validities.set(itemId, { version, from: card.validFrom ?? -Infinity, to: card.validTo ?? Infinity });
    } else {
      validities.delete(itemId);
    }
  }

  const eachOf = (take: (change: ListChange) => void) => (changes: readonly ListChange[]) => changes.forEach(take);

  return {
    async open() {
      await Promise.all([
        lists.follow(ITEM_BLOCK_PREFIX, eachOf(takeBlock)),
        lists.follow(CARD_PREFIX, eachOf(takeCard)),
      ]);
      logger.info('serving-items-loaded', { blocked: blockedCount, cards: cache.size });
    },
    isShowable(itemId, nowMs) {
      if (blocks.get(itemId)?.isBlocked === true) return false;
      const validity = validities.get(itemId);
      return validity === undefined || (nowMs >= validity.from && nowMs < validity.to);
    },
    async cards(itemIds) {
      const cards = new Map<string, ItemCard>();
      const missing: string[] = [];
      for (const itemId of itemIds) {
        const kept = cache.get(itemId);
        if (kept === undefined) {
          missing.push(itemId);
        } else if (kept.card !== undefined) {
          cards.set(itemId, kept.card);
          keep(itemId, kept.version, kept.card);
        }
      }
      if (missing.length === 0) return { cards, isDegraded: false };
      const { entries, isDegraded } = await lists.read(missing.map(cardKey));
      entries.forEach((entry, i) => {
        if (entry === undefined) return;
        const itemId = missing[i]!;
        takeCard({ key: cardKey(itemId), ...entry });
        const card = cache.get(itemId)?.card;
        if (card !== undefined) cards.set(itemId, card);
      });
      return { cards, isDegraded };
    },
    get blockedCount() {
      return blockedCount;
    },
  };
}
