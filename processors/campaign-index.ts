// Which campaigns target an item. A view over the global store `campaigns`: rules are looked up by item id, category and brand,
// and an item's matches are kept until a campaign or the item changes, so a candidate costs one array read.

import type { Campaign } from '../schemas/records.ts';
import { type CampaignScope, type CampaignTargets, isActive } from './campaigns.ts';
import type { CatalogEntry } from './catalog-entry.ts';
import type { ItemIndex } from './item-index.ts';

interface Matches {
  readonly generation: number;
  readonly catalogVersion: number;
  readonly campaigns: readonly Campaign[];
}

const NONE: readonly Campaign[] = [];

/** Changed campaigns that a reader may be behind; one that is further behind is told that it has missed some. */
const CHANGES = 1024;

/** Campaigns by target, per instance. */
export class CampaignIndex {
  readonly #index: ItemIndex;
  readonly #campaigns = new Map<string, Campaign>();
  readonly #matches: (Matches | undefined)[] = [];
  #sorted: readonly Campaign[] = NONE;
  #adding: readonly Campaign[] = NONE;
  #generation = 0;
  /** The last changes, a ring: a campaign as it was and as it is now. */
  readonly #changes: Campaign[] = [];
  #changeCount = 0;

  constructor(index: ItemIndex) {
    this.#index = index;
  }

  /** Whether any campaign counts for a list, whatever its targets. Where none does, {@link targets} has nothing to say. */
  hasActive(scope: CampaignScope): boolean {
    for (const campaign of this.#sorted) if (isActive(campaign, scope)) return true;
    return false;
  }

  /** An entry of the global store `campaigns` was found at start, changed, or (`undefined`) ended. */
  apply(campaignId: string, campaign: Campaign | undefined): void {
    const before = this.#campaigns.get(campaignId);
    if (before !== undefined) this.#changes[this.#changeCount++ % CHANGES] = before;
    if (campaign !== undefined) this.#changes[this.#changeCount++ % CHANGES] = campaign;
    if (campaign === undefined) this.#campaigns.delete(campaignId);
    else this.#campaigns.set(campaignId, campaign);
    this.#sorted = [...this.#campaigns.values()].sort((a, b) => (a.campaignId < b.campaignId ? -1 : 1));
    this.#adding = this.#sorted.filter(
      // A sponsor without weight would bring items in with no score and no reason.
      ({ kind, items, weight }) => (kind === 'pin' || (kind === 'sponsor' && weight > 0)) && items.length > 0,
    );
    this.#generation++;
  }

  /** Number of changes so far: where a new reader begins. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** Shows every campaign that changed since there were `from` changes. Returns false, and shows none, when some of them are gone. */
  changesSince(from: number, visit: (campaign: Campaign) => void): boolean {
    if (this.#changeCount - from > CHANGES) return false;
    for (let place = from; place < this.#changeCount; place++) visit(this.#changes[place % CHANGES]!);
    return true;
  }

  /** Campaigns that begin or end in `(fromMs, untilMs]`. */
  eachCrossed(fromMs: number, untilMs: number, visit: (campaign: Campaign) => void): void {
    const isCrossed = (atMs: number | null) => atMs !== null && atMs > fromMs && atMs <= untilMs;
    for (const campaign of this.#sorted)
      if (isCrossed(campaign.validFrom) || isCrossed(campaign.validTo)) visit(campaign);
  }

  /** Shows every item that may be a target of a campaign; attributes are not looked at. Returns false, and shows none, where any may be. */
  eachTarget(campaign: Campaign, visit: (denseId: number) => void): boolean {
    const { items, brands, categories, attributes } = campaign;
    if (items.length + brands.length + categories.length === 0) return Object.keys(attributes).length === 0;
    for (const itemId of items) {
      const denseId = this.#index.internText(itemId);
      if (denseId !== undefined) visit(denseId);
    }
    if (brands.length + categories.length > 0) this.#index.eachOf(brands, categories, visit);
    return true;
  }

  /** What campaigns are applied from. `entryOf` is the global store `catalog`. */
  targets(entryOf: (itemId: string) => CatalogEntry | undefined): CampaignTargets {
    return { adding: this.#adding, campaignsOf: (denseId) => this.#campaignsOf(denseId, entryOf) };
  }

  #campaignsOf(denseId: number, entryOf: (itemId: string) => CatalogEntry | undefined): readonly Campaign[] {
    const catalogVersion = this.#index.catalogVersion[denseId]!;
    const known = this.#matches[denseId];
    if (known !== undefined && known.generation === this.#generation && known.catalogVersion === catalogVersion)
      return known.campaigns;
    const itemId = this.#index.textOf(denseId);
    const entry = itemId === undefined ? undefined : entryOf(itemId);
    const campaigns = entry === undefined ? NONE : this.#sorted.filter((campaign) => isTarget(campaign, entry));
    this.#matches[denseId] = { generation: this.#generation, catalogVersion, campaigns };
    return campaigns;
  }
}

/**
 * Whether an item is a campaign's target: it matches any of the items, categories and brands that are given, and all of the
 * attributes. A campaign without any target has none.
 */
export function isTarget(campaign: Campaign, entry: CatalogEntry): boolean {
  const names = Object.keys(campaign.attributes);
  const isNamed = campaign.items.length > 0 || campaign.categories.length > 0 || campaign.brands.length > 0;
  if (!isNamed && names.length === 0) return false;
  if (isNamed) {
    const matches =
      campaign.items.includes(entry.itemId) ||
      (entry.brand !== undefined && campaign.brands.includes(entry.brand)) ||
      campaign.categories.some((category) => entry.categories.includes(category));
    if (!matches) return false;
  }
  return names.every((name) => entry.attributes[name] === campaign.attributes[name]);
}
