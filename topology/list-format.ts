// Hands the keys and bytes of `lists` to the processors, which do not know them.

import {
  CAMPAIGN_PREFIX,
  CARD_PREFIX,
  campaignKey,
  campaignRuleSerde,
  cardKey,
  encodeItems,
  encodeList,
  ITEM_BLOCK_PREFIX,
  idBehind,
  itemBlockKey,
  itemBlockSerde,
  itemCardSerde,
  listKey,
  PLACEMENT_PREFIX,
  parseListKey,
  placementKey,
  placementSerde,
  visitorBlockKey,
  visitorBlockSerde,
} from '../lists/index.ts';
import type { ListFormat, PublishedKey } from '../processors/top-n/values.ts';

const VISITOR_BLOCK_PREFIX = visitorBlockKey('');

/** The format in which serving reads. */
export const listFormat: ListFormat = {
  listKey,
  cardKey,
  itemBlockKey,
  visitorBlockKey,
  campaignKey,
  placementKey,
  parseKey,
  encodeItems,
  encodeList,
  encodeCard: (card) => itemCardSerde.serialize(card),
  encodeItemBlock: (reason) => itemBlockSerde.serialize({ reason }),
  encodeVisitorBlock: (block) => visitorBlockSerde.serialize(block),
  encodeCampaign: (rule) => campaignRuleSerde.serialize(rule),
  encodePlacement: (placement) => placementSerde.serialize(placement),
};

function parseKey(key: string): PublishedKey | undefined {
  const list = parseListKey(key);
  if (list !== undefined) {
    const { kind, definition, variant, owner } = list;
    return { kind: 'list', ownerKind: kind, definition, variant, owner };
  }
  const card = idBehind(CARD_PREFIX, key);
  if (card !== undefined) return { kind: 'card', owner: card };
  const item = idBehind(ITEM_BLOCK_PREFIX, key);
  if (item !== undefined) return { kind: 'item-block', owner: item };
  const campaign = idBehind(CAMPAIGN_PREFIX, key);
  if (campaign !== undefined) return { kind: 'campaign', owner: campaign };
  const placement = idBehind(PLACEMENT_PREFIX, key);
  if (placement !== undefined) return { kind: 'placement', owner: placement };
  const visitor = idBehind(VISITOR_BLOCK_PREFIX, key);
  return visitor === undefined ? undefined : { kind: 'visitor-block', owner: visitor };
}
