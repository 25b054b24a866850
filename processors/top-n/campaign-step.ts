// Campaigns as a step after scoring.

import type { CampaignIndex } from '../campaign-index.ts';
import { applyCampaigns, type CampaignScope, type Candidate, NO_PARTS } from '../campaigns.ts';
import type { ItemIndex } from '../item-index.ts';
import type { AfterScoring, ListQuery } from './pipeline.ts';

/** With campaigns so many times the list's length are looked at: a boost lifts from below the end of the list. */
const CAMPAIGN_REACH = 4;

/** Applies the campaigns that are active for a list. */
export class CampaignStep implements AfterScoring {
  readonly name = 'campaign';
  readonly #index: ItemIndex;
  readonly #campaigns: CampaignIndex;
  readonly #scoreOf: (denseId: number) => number;

  /** @param scoreOf score of a related item beyond the reach, 0 where there is none. */
  constructor(index: ItemIndex, campaigns: CampaignIndex, scoreOf: (denseId: number) => number) {
    this.#index = index;
    this.#campaigns = campaigns;
    this.#scoreOf = scoreOf;
  }

  /** Candidates that are to be looked at for a list of a length. */
  reach(scope: CampaignScope, length: number): number {
    return this.#campaigns.hasActive(scope) ? CAMPAIGN_REACH * length : length;
  }

  apply(candidates: Candidate[], query: ListQuery): Candidate[] {
    const scope = { audience: query.profile, placement: query.definition, atMs: query.times.shownAtMs };
    if (!this.#campaigns.hasActive(scope)) return candidates;
    const targets = this.#campaigns.targets(query.sources.entryOf);
    return applyCampaigns(candidates, targets, scope, (itemId) => this.#added(itemId, query));
  }

  #added(itemId: string, { blocked, times }: ListQuery): Candidate | undefined {
    const denseId = this.#index.internText(itemId);
    if (denseId === undefined || blocked.has(itemId)) return undefined;
    if (!this.#index.isShown(denseId, itemId, times.shownAtMs)) return undefined;
    return { denseId, id: itemId, score: this.#scoreOf(denseId), extra: NO_PARTS };
  }
}
