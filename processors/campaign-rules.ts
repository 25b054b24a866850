// CAMPAIGNS: publishes when each campaign that this task owns counts, and what it keeps out of answers. Lists show a campaign when they
// are next made; serving, which reads this, takes out at once what an exclusion covers and takes back what a campaign added that
// has ended.
//
// An event that is older than the stored one is ignored; the global store `campaigns` goes by the same rule. As in catalog.ts the
// task keeps its own copy, from which it can publish again what it has committed.

import type { KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../engine/api/index.ts';
import { itemHash } from '../schemas/item-hash.ts';
import type { Campaign } from '../schemas/records.ts';
import { attributeHashes } from './catalog-entry.ts';
import { publishedKeys } from './published-keys.ts';
import type { CampaignRule, ListFormat } from './top-n/values.ts';

export interface CampaignRulesOptions {
  readonly format: ListFormat;
  /** Store of {@link Campaign} by campaign id. */
  readonly campaignsStore: string;
  /** Node that publishes. */
  readonly listsSink: string;
}

/** Processor of `campaigns`. */
export class CampaignRulesProcessor implements Processor<Campaign> {
  readonly #options: CampaignRulesOptions;
  #context!: ProcessorContext;
  #campaigns!: KeyValueStore<Campaign>;

  constructor(options: CampaignRulesOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#campaigns = context.store(this.#options.campaignsStore);
  }

  process(records: readonly StreamRecord<Campaign>[]): void {
    for (const record of records) {
      const campaignId = record.key;
      if (campaignId === undefined) {
        this.#context.refuse(record, 'missing-key', 'a campaign record needs the campaign id as key');
      } else if (record.value === null) {
        this.#campaigns.delete(campaignId);
        this.#forward(campaignId, undefined, record.timestampMs);
      } else {
        const campaign = newerCampaign(this.#campaigns.get(campaignId), record.value);
        if (campaign === undefined) continue;
        this.#campaigns.put(campaignId, campaign);
        this.#forward(campaignId, campaign, campaign.at);
      }
    }
  }

  republish(_sink: string, keys: readonly string[]): void {
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind === 'campaign')
        this.#forward(parsed.owner, this.#campaigns.get(parsed.owner), this.#context.streamTimeMs);
    }
  }

  publishedKeys(): Iterable<string> {
    return publishedKeys(this.#campaigns, (campaignId) => [this.#options.format.campaignKey(campaignId)]);
  }

  #forward(campaignId: string, campaign: Campaign | undefined, timestampMs: number): void {
    const { format, listsSink } = this.#options;
    const value = campaign === undefined ? null : format.encodeCampaign(ruleOf(campaign));
    this.#context.forward({ key: format.campaignKey(campaignId), value, timestampMs }, listsSink);
  }
}

/** Of two events of one campaign the newer by event time stands, the later of two with one time. `undefined`: the stored one stays. */
export function newerCampaign(stored: Campaign | undefined, incoming: Campaign): Campaign | undefined {
  return stored !== undefined && incoming.at < stored.at ? undefined : incoming;
}

/** What serving needs of a campaign. */
function ruleOf(campaign: Campaign): CampaignRule {
  const { kind, validFrom, validTo, items, categories, brands, attributes, placements, audience } = campaign;
  return {
    kind,
    ...(validFrom !== null && { validFrom }),
    ...(validTo !== null && { validTo }),
    ...(kind === 'exclude' && {
      exclusion: {
        itemHashes: items.map(itemHash),
        categories,
        brands,
        attributeHashes: attributeHashes(attributes),
        placements,
        audience,
      },
    }),
  };
}
