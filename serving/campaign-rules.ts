// The shop's campaigns, in memory. Stored lists show campaigns as they were when the lists were made; these rules say what counts now, by
// the endpoint's own clock, for the list that was asked for and the shopper who asks. Filled and kept up to date as shared-items.ts is.
//
// Invariant: of each campaign the highest version wins, in whatever order changes are heard.
import type { Logger } from '../engine/api/index.ts';
import {
  CAMPAIGN_PREFIX,
  type CampaignRule,
  campaignRuleSerde,
  type Exclusion,
  type ItemCard,
  idBehind,
  type ListChange,
} from '../lists/index.ts';
import { itemHash } from '../schemas/item-hash.ts';
import { readPublished } from './published.ts';
import type { ResilientLists } from './resilience/resilient-lists.ts';

/** What is known of who asks. Unknown is nobody's audience: only an exclusion for everybody covers such a shopper. */
export interface Shopper {
  readonly segments: readonly string[];
  readonly region: string | undefined;
  readonly device: string | undefined;
}

/** What exclusions of a moment keep out of one answer. */
export interface Exclusions {
  /** Whether {@link covers} needs the cards of items. */
  readonly needCards: boolean;
  covers(itemId: string, card: ItemCard | undefined): boolean;
}

/** Campaigns as they are now. */
export interface CampaignRules {
  /** Reads all and listens from then on. */
  open(): Promise<void>;
  /** Known, and within its validity. */
  isActive(campaignId: string, nowMs: number): boolean;
  /** What is out at `nowMs`; `undefined` where nothing is. @param placements names of what was asked for, whatever fills it up. */
  exclusions(placements: readonly string[], shopper: Shopper, nowMs: number): Exclusions | undefined;
}

interface Known {
  readonly version: number;
  readonly rule: CampaignRule | undefined;
}

interface HeldExclusion extends Exclusion {
  readonly rule: CampaignRule;
  readonly hashes: ReadonlySet<number>;
}

export function createCampaignRules({
  lists,
  logger,
}: {
  readonly lists: Pick<ResilientLists, 'follow'>;
  readonly logger: Logger;
}): CampaignRules {
  const known = new Map<string, Known>();
  const held = new Map<string, HeldExclusion>();

  function take({ key, value, version }: ListChange): void {
    const campaignId = idBehind(CAMPAIGN_PREFIX, key);
    if (campaignId === undefined || (known.get(campaignId)?.version ?? -1) > version) return;
    const rule = readPublished(campaignRuleSerde, value, logger);
    known.set(campaignId, { version, rule });
    if (rule?.exclusion === undefined) held.delete(campaignId);
    else held.set(campaignId, { ...rule.exclusion, rule, hashes: new Set(rule.exclusion.itemHashes) });
  }

  return {
    async open() {
      await lists.follow(CAMPAIGN_PREFIX, (changes) => changes.forEach(take));
    },
    isActive(campaignId, nowMs) {
      const rule = known.get(campaignId)?.rule;
      return rule !== undefined && isWithin(rule, nowMs);
    },
    exclusions(placements, shopper, nowMs) {
      const active: HeldExclusion[] = [];
      for (const exclusion of held.values()) {
        if (isWithin(exclusion.rule, nowMs) && isMeant(exclusion, placements, shopper)) active.push(exclusion);
      }
      if (active.length === 0) return undefined;
      const needHashes = active.some(({ hashes }) => hashes.size > 0);
      return {
        needCards: active.some(({ categories, brands, attributeHashes }) =>
          [categories, brands, attributeHashes].some(({ length }) => length > 0),
        ),
        covers(itemId, card) {
          const hash = needHashes ? itemHash(itemId) : -1;
          return active.some((exclusion) => isTarget(exclusion, hash, card));
        },
      };
    },
  };
}

/** As `isTarget` of processors/campaign-index.ts. */
function isTarget(exclusion: HeldExclusion, hash: number, card: ItemCard | undefined): boolean {
  const { hashes, categories, brands, attributeHashes } = exclusion;
  const isNamed = hashes.size > 0 || categories.length > 0 || brands.length > 0;
  if (!isNamed && attributeHashes.length === 0) return false;
  if (!attributeHashes.every((attribute) => card?.attributeHashes?.includes(attribute) === true)) return false;
  if (!isNamed || hashes.has(hash)) return true;
  if (card === undefined) return false;
  if (card.brand !== undefined && brands.includes(card.brand)) return true;
  return categories.some((category) => card.categories.includes(category));
}

function isWithin({ validFrom = -Infinity, validTo = Infinity }: CampaignRule, nowMs: number): boolean {
  return nowMs >= validFrom && nowMs < validTo;
}

function isMeant({ placements, audience }: Exclusion, asked: readonly string[], shopper: Shopper): boolean {
  const { segments, regions, devices } = audience;
  const { region, device } = shopper;
  if (placements.length > 0 && !placements.some((name) => asked.includes(name))) return false;
  if (regions.length > 0 && (region === undefined || !regions.includes(region))) return false;
  if (devices.length > 0 && (device === undefined || !devices.includes(device))) return false;
  return segments.length === 0 || shopper.segments.some((segment) => segments.includes(segment));
}
