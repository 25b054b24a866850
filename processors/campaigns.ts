// What campaigns do to a list's candidates. Pure: candidates in, candidates out, in event time. Every change of a score is a
// reason of its own, so that an item's reasons still sum to its score.
//
//   boost    score · (1 + weight)              bury  score / (1 + weight)
//            below 0 the other way round: variety and vectors of opposite taste give such scores, and a boost may not sink an item
//   sponsor  score + 0.25 · weight · best score of the list before campaigns; its named items enter though no candidates
//   pin      in front of all others, heavier pins first; its named items enter though no candidates
//   exclude  out, whatever else applies

import type { Campaign } from '../schemas/records.ts';
import type { Reason } from './top-n/values.ts';

/** Part of the list's best score that a sponsor of weight 1 adds. */
const SPONSOR_SHARE = 0.25;

/** Named items that one campaign may put into a list though they are no candidates. More would push out all others. */
const ADDED_ITEMS = 20;

/** For whom a list is made. */
export interface CampaignAudience {
  readonly segments: readonly string[];
  readonly region: string | undefined;
  readonly device: string | undefined;
}

/** A list for nobody in particular: campaigns with an audience do not count. */
export const EVERYBODY: CampaignAudience = { segments: [], region: undefined, device: undefined };

/** An item on its way into a list. */
export interface Candidate {
  readonly denseId: number;
  readonly id: string;
  score: number;
  /** What the algorithm's own parts are multiplied by in the score; 1 where it is left out. */
  relatedWeight?: number;
  /** Parts of the score that come on top of the algorithm's own, see {@link namePart}. */
  extra: readonly Reason[];
}

/** What most candidates have on top of the algorithm's own parts. */
export const NO_PARTS: readonly Reason[] = [];

/** Names a part of a candidate's score that comes on top of the algorithm's own. */
export function namePart(candidate: Candidate, reason: Reason): void {
  candidate.extra = [...candidate.extra, reason];
}

/** Where campaigns come from. */
export interface CampaignTargets {
  /** Campaigns whose target an item is, by campaign id; whether they are active is not looked at. */
  campaignsOf(denseId: number): readonly Campaign[];
  /** Pins and sponsors that name items: these come into a list though they are no candidates. By campaign id. */
  readonly adding: readonly Campaign[];
}

/** The list that campaigns are applied to. */
export interface CampaignScope {
  readonly audience: CampaignAudience;
  /** List definition; campaigns may name it among their placements. */
  readonly placement: string;
  /** Event time at which the list is made, epoch ms. */
  readonly atMs: number;
}

/** A candidate for an item that a campaign names; `undefined` where it may not be shown in this list. */
export type CandidateOf = (itemId: string) => Candidate | undefined;

/** Whether a campaign counts for a list: valid in `[validFrom, validTo)`, its placement and its audience. */
export function isActive(campaign: Campaign, scope: CampaignScope): boolean {
  const { validFrom, validTo, placements, audience } = campaign;
  if (validFrom !== null && scope.atMs < validFrom) return false;
  if (validTo !== null && scope.atMs >= validTo) return false;
  if (placements.length > 0 && !placements.includes(scope.placement)) return false;
  const { region, device, segments } = scope.audience;
  if (audience.regions.length > 0 && (region === undefined || !audience.regions.includes(region))) return false;
  if (audience.devices.length > 0 && (device === undefined || !audience.devices.includes(device))) return false;
  return audience.segments.length === 0 || segments.some((segment) => audience.segments.includes(segment));
}

/**
 * Candidates after campaigns, best first (pins, then by score, equal scores by id). Candidates are changed in place; those
 * that are excluded are left out.
 */
export function applyCampaigns(
  candidates: Candidate[],
  targets: CampaignTargets,
  scope: CampaignScope,
  candidateOf: CandidateOf,
): Candidate[] {
  const all = withAdded(candidates, targets, scope, candidateOf);
  const best = candidates.reduce((highest, { score }) => Math.max(highest, score), 0) || 1;
  const kept: Candidate[] = [];
  const pins: { readonly candidate: Candidate; readonly campaign: Campaign }[] = [];
  for (const candidate of all) {
    let isExcluded = false;
    let pin: Campaign | undefined;
    let sponsored = false;
    for (const campaign of targets.campaignsOf(candidate.denseId)) {
      if (!isActive(campaign, scope)) continue;
      const { kind, weight } = campaign;
      if (kind === 'exclude') isExcluded = true;
      else if (kind === 'boost' || kind === 'bury') add(candidate, campaign, scaled(candidate.score, kind, weight));
      else if (kind === 'sponsor') sponsored = true;
      else if (pin === undefined || weight > pin.weight) pin = campaign;
    }
    if (isExcluded) continue;
    if (sponsored) addSponsors(candidate, targets, scope, best);
    if (pin !== undefined) pins.push({ candidate, campaign: pin });
    else kept.push(candidate);
  }
  kept.sort(byRank);
  pins.sort((a, b) => b.campaign.weight - a.campaign.weight || byRank(a.candidate, b.candidate));
  const top = kept[0]?.score ?? 0;
  pins.forEach(({ candidate, campaign }, place) => {
    add(candidate, campaign, top + pins.length - place - candidate.score);
  });
  return [...pins.map(({ candidate }) => candidate), ...kept];
}

/** Higher scores first, equal ones by id. */
export function byRank(a: Candidate, b: Candidate): number {
  return b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** After all factors, so that the order in which campaigns are listed does not count. */
function addSponsors(candidate: Candidate, targets: CampaignTargets, scope: CampaignScope, best: number): void {
  for (const campaign of targets.campaignsOf(candidate.denseId)) {
    if (campaign.kind === 'sponsor' && isActive(campaign, scope))
      add(candidate, campaign, SPONSOR_SHARE * campaign.weight * best);
  }
}

/** What multiplying or dividing by one plus the weight adds to a score. */
function scaled(score: number, kind: 'boost' | 'bury', weight: number): number {
  const isGrowing = (kind === 'boost') === score > 0;
  return isGrowing ? score * weight : score / (1 + weight) - score;
}

function add(candidate: Candidate, campaign: Campaign, part: number): void {
  if (part === 0) return;
  candidate.score += part;
  namePart(candidate, { kind: 'campaign', campaignId: campaign.campaignId, part });
}

function withAdded(
  candidates: readonly Candidate[],
  targets: CampaignTargets,
  scope: CampaignScope,
  candidateOf: CandidateOf,
): readonly Candidate[] {
  const active = targets.adding.filter((campaign) => isActive(campaign, scope));
  if (active.length === 0) return candidates;
  const all = [...candidates];
  const present = new Set(candidates.map(({ denseId }) => denseId));
  for (const { items } of active) {
    for (const itemId of items.slice(0, ADDED_ITEMS)) {
      const candidate = candidateOf(itemId);
      if (candidate === undefined || present.has(candidate.denseId)) continue;
      present.add(candidate.denseId);
      all.push(candidate);
    }
  }
  return all;
}
