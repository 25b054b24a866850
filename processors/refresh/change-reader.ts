// What has changed since a task last asked, from the feed of items, the campaigns, and time: the validity of an item or a campaign
// begins or ends without an event. Time is the stream time of the task, at which its lists are made; each task crosses a
// border by itself.

import type { Campaign } from '../../schemas/records.ts';
import type { CampaignIndex } from '../campaign-index.ts';
import type { ItemIndex } from '../item-index.ts';
import type { ItemChange } from './item-changes.ts';

/** Who is told what has changed. */
export interface ChangeVisitor {
  item(denseId: number, change: ItemChange): void;
  /** A campaign came, changed (both states are shown), went, began or ended. */
  campaign(campaign: Campaign): void;
  /** More than is known. */
  everything(): void;
}

/** The reader of one task. What changed before it was made is not shown. */
export class ChangeReader {
  readonly #index: ItemIndex;
  readonly #campaigns: CampaignIndex;
  #items: number;
  #campaignChanges: number;
  #reachedMs = Number.POSITIVE_INFINITY;

  constructor(index: ItemIndex, campaigns: CampaignIndex) {
    this.#index = index;
    this.#campaigns = campaigns;
    this.#items = index.changes.count;
    this.#campaignChanges = campaigns.changeCount;
  }

  /** Borders are watched from this time on, -Infinity for all that lie behind the first `read`. */
  begin(timeMs: number): void {
    this.#reachedMs = timeMs;
  }

  /** Shows what has changed until `timeMs`. */
  read(timeMs: number, visitor: ChangeVisitor): void {
    const { changes } = this.#index;
    const isWhole =
      changes.read(this.#items, (denseId, change) => visitor.item(denseId, change)) &&
      this.#campaigns.changesSince(this.#campaignChanges, (campaign) => visitor.campaign(campaign));
    if (!isWhole) visitor.everything();
    this.#items = changes.count;
    this.#campaignChanges = this.#campaigns.changeCount;
    const fromMs = this.#reachedMs;
    if (timeMs <= fromMs) return;
    this.#reachedMs = timeMs;
    this.#index.eachCrossed(fromMs, timeMs, (denseId) => visitor.item(denseId, 'availability'));
    this.#campaigns.eachCrossed(fromMs, timeMs, (campaign) => visitor.campaign(campaign));
  }
}
