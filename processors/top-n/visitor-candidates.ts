// The candidates of a visitor's list, best first, with their reasons: F1 over the visitor's items, what is popular in the visitor's
// segments when F1 has too few, then campaigns. Items that the visitor bought or dislikes, that are not in the catalog or not
// available do not come in. A function of the profile and of the stores alone.

import type { CampaignIndex } from '../campaign-index.ts';
import { applyCampaigns, byRank, type CampaignScope, type Candidate } from '../campaigns.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import type { ItemIndex } from '../item-index.ts';
import type { PublishedSegment } from '../popularity-published.ts';
import type { Profile } from '../profile/profile.ts';
import { F1Scorer } from '../scoring/f1.ts';
import { TopK } from '../scoring/top-k.ts';
import type { Evidence } from './evidence.ts';
import { ListDraft } from './list-draft.ts';
import { addPartReasons, addReasons, unnamedCauses } from './reasons.ts';
import type { Cause, ListedItems } from './values.ts';

/** Score of the most popular item of a segment where popularity fills up a list; F1's best item has 1 or more. */
const POPULAR_WEIGHT = 0.02;
/** With campaigns so many times the list's length are looked at: a boost lifts from below the end of the list. */
const CAMPAIGN_REACH = 4;

/** What the stores tell about items and segments. */
export interface ListSources {
  entryOf(itemId: string): CatalogEntry | undefined;
  segmentOf(segment: string): PublishedSegment | undefined;
}

/** The times of a list, event time, epoch ms. */
export interface ListTimes {
  /** Of the newest event: where masses are compared. */
  readonly atMs: number;
  /** Of the making, `atMs` or later: what is valid then may be shown. */
  readonly shownAtMs: number;
}

/** Makes visitors' items. One per task. */
export class VisitorCandidates {
  readonly #index: ItemIndex;
  readonly #campaigns: CampaignIndex;
  readonly #length: number;
  readonly #scorer: F1Scorer;
  readonly #top: TopK;
  #order = new Int32Array(0);

  /** @param length items of a list. */
  constructor(index: ItemIndex, campaigns: CampaignIndex, length: number) {
    this.#index = index;
    this.#campaigns = campaigns;
    this.#length = length;
    this.#scorer = new F1Scorer(index);
    this.#top = new TopK((denseId) => index.textOf(denseId));
  }

  /** The items of a list of this definition, at most the list's length; empty where nothing speaks for any. */
  items(
    definition: string,
    profile: Profile,
    evidence: readonly Evidence[],
    { atMs, shownAtMs }: ListTimes,
    sources: ListSources,
  ): ListedItems {
    const blocked = new Set<string>();
    for (const { item } of profile.bought) blocked.add(item);
    for (const { item } of profile.disliked) blocked.add(item);
    const scope: CampaignScope = { audience: profile, placement: definition, atMs: shownAtMs };
    const hasCampaigns = this.#campaigns.hasActive(scope);
    const reach = hasCampaigns ? CAMPAIGN_REACH * this.#length : this.#length;
    let candidates = this.#related(evidence, blocked, reach, { atMs, shownAtMs });
    const relatedCount = candidates.length;
    if (relatedCount < this.#length) this.#fill(candidates, profile, evidence, blocked, shownAtMs, sources);
    if (hasCampaigns) {
      const targets = this.#campaigns.targets(sources.entryOf);
      candidates = applyCampaigns(candidates, targets, scope, (itemId) => this.#added(itemId, blocked, shownAtMs));
    } else if (relatedCount < this.#length) candidates.sort(byRank);
    if (candidates.length > this.#length) candidates.length = this.#length;
    return this.#explained(candidates, evidence, atMs, sources);
  }

  #related(
    evidence: readonly Evidence[],
    blocked: ReadonlySet<string>,
    reach: number,
    { atMs, shownAtMs }: ListTimes,
  ): Candidate[] {
    const scorer = this.#scorer;
    scorer.score(evidence, atMs);
    const k = reach + blocked.size;
    if (this.#order.length < k) this.#order = new Int32Array(2 * k);
    this.#top.clear(k);
    const { scores, touched, touchedCount } = scorer;
    let threshold = this.#top.threshold;
    for (let i = 0; i < touchedCount; i++) {
      const denseId = touched[i]!;
      const score = scores[denseId]!;
      if (score < threshold || !this.#index.isAvailable(denseId, shownAtMs)) continue;
      this.#top.offer(denseId, score);
      threshold = this.#top.threshold;
    }
    const count = this.#top.drain(this.#order);
    const candidates: Candidate[] = [];
    for (let i = 0; i < count && candidates.length < reach; i++) {
      const denseId = this.#order[i]!;
      const id = this.#index.textOf(denseId)!;
      if (!blocked.has(id)) candidates.push({ denseId, id, score: scorer.scores[denseId]!, extra: [] });
    }
    return candidates;
  }

  /** Items popular where the visitor is: in the newest item's category, the region, on the device, everywhere. */
  #fill(
    candidates: Candidate[],
    profile: Profile,
    evidence: readonly Evidence[],
    blocked: ReadonlySet<string>,
    atMs: number,
    sources: ListSources,
  ): void {
    const present = new Set<number>();
    for (const { denseId } of candidates) present.add(denseId);
    for (const segment of this.#segmentsOf(profile, evidence)) {
      const published = sources.segmentOf(segment);
      if (published === undefined) continue;
      const denseIds = this.#index.itemsOf(published);
      const highest = published.popular[0] ?? 1;
      for (let i = 0; i < denseIds.length && candidates.length < this.#length; i++) {
        const denseId = denseIds[i]!;
        const id = published.items[i]!;
        if (present.has(denseId) || blocked.has(id) || !this.#isShown(denseId, id, atMs)) continue;
        present.add(denseId);
        const part = (POPULAR_WEIGHT * published.popular[i]!) / highest;
        candidates.push({ denseId, id, score: part, extra: [{ kind: 'popular', segment, part }] });
      }
    }
  }

  #segmentsOf(profile: Profile, evidence: readonly Evidence[]): string[] {
    const segments: string[] = [];
    const newest = evidence[0];
    const code = newest === undefined ? 0 : this.#index.categoryCode[newest.denseId]!;
    if (code > 0) segments.push(`category=${this.#index.nameOf(code)}`);
    if (profile.region !== undefined) segments.push(`region=${profile.region}`);
    if (profile.device !== undefined) segments.push(`device=${profile.device}`);
    segments.push('global');
    return segments;
  }

  /** Available, and not another item with the same hash. */
  #isShown(denseId: number, itemId: string, atMs: number): boolean {
    return this.#index.isAvailable(denseId, atMs) && this.#index.textOf(denseId) === itemId;
  }

  #added(itemId: string, blocked: ReadonlySet<string>, atMs: number): Candidate | undefined {
    const denseId = this.#index.internText(itemId);
    if (denseId === undefined || blocked.has(itemId) || !this.#isShown(denseId, itemId, atMs)) return undefined;
    // A related item beyond the reach comes with the score that it has.
    return { denseId, id: itemId, score: this.#scorer.scores[denseId] ?? 0, extra: [] };
  }

  #explained(
    candidates: readonly Candidate[],
    evidence: readonly Evidence[],
    atMs: number,
    sources: ListSources,
  ): ListedItems {
    const denseIds = new Int32Array(candidates.length);
    for (let k = 0; k < denseIds.length; k++) denseIds[k] = candidates[k]!.denseId;
    const parts = this.#scorer.parts(denseIds, evidence, atMs);
    const causes: Cause[] = [];
    for (const { kind, itemId } of evidence) causes.push({ kind, itemId, title: sources.entryOf(itemId)?.title });
    const draft = new ListDraft(causes);
    const unnamed = unnamedCauses(draft, evidence.length);
    const width = evidence.length + 1;
    for (let k = 0; k < candidates.length; k++) {
      const { id, denseId, extra } = candidates[k]!;
      addPartReasons(draft, parts, k * width, unnamed);
      addReasons(draft, extra);
      draft.addItem(id, denseId);
    }
    return draft;
  }
}
