// The keys under which lists, cards, blocks, campaigns and placements are published. Pure. The owner's id is the last part, so it may hold any character;
// the parts before it are names, which may not hold the separator.

/** Who a list belongs to. */
export type OwnerKind = 'visitor' | 'session' | 'item' | 'segment';

/** What {@link parseListKey} finds in a key. */
export interface ListKeyParts {
  readonly kind: OwnerKind;
  readonly definition: string;
  readonly variant: string;
  readonly owner: string;
}

/** Keys with these prefixes are small sets that serving keeps in memory. */
export const CARD_PREFIX = 'card:';
export const ITEM_BLOCK_PREFIX = 'block:item:';
export const CAMPAIGN_PREFIX = 'campaign:';
export const PLACEMENT_PREFIX = 'placement:';
const VISITOR_BLOCK_PREFIX = 'block:visitor:';

const LIST_KEY = /^list:(visitor|session|item|segment):([^:]+):([^:]+):(.+)$/s;

/**
 * `list:<kind>:<definition>:<variant>:<owner>`.
 * @throws {TypeError} when the definition or the variant is empty or holds a colon, or the owner is empty.
 */
export function listKey(kind: OwnerKind, definition: string, variant: string, owner: string): string {
  if (!isName(definition)) throw new TypeError(`"${definition}" cannot be the name of a list definition`);
  if (!isName(variant)) throw new TypeError(`"${variant}" cannot be the name of a variant`);
  if (owner === '') throw new TypeError('a list needs an owner');
  return `list:${kind}:${definition}:${variant}:${owner}`;
}

/** The parts of a list's key; `undefined` for any other key. */
export function parseListKey(key: string): ListKeyParts | undefined {
  const parts = LIST_KEY.exec(key);
  if (parts === null) return undefined;
  return { kind: parts[1] as OwnerKind, definition: parts[2]!, variant: parts[3]!, owner: parts[4]! };
}

/** Key of an `ItemCard`. */
export function cardKey(itemId: string): string {
  return CARD_PREFIX + itemId;
}

/** Key of an `ItemBlock`. */
export function itemBlockKey(itemId: string): string {
  return ITEM_BLOCK_PREFIX + itemId;
}

/** Key of a `CampaignRule`. */
export function campaignKey(campaignId: string): string {
  return CAMPAIGN_PREFIX + campaignId;
}

/** Key of a `Placement`. */
export function placementKey(name: string): string {
  return PLACEMENT_PREFIX + name;
}

/** Key of a `VisitorBlock`. */
export function visitorBlockKey(visitorId: string): string {
  return VISITOR_BLOCK_PREFIX + visitorId;
}

/** The id behind one of the prefixes above; `undefined` when `key` has another one. */
export function idBehind(prefix: string, key: string): string | undefined {
  return key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}

function isName(text: string): boolean {
  return text !== '' && !text.includes(':');
}
