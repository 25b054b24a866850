// The items of a visitor's list, best first, with their reasons: candidates from the sources, then the steps after scoring, see
// pipeline.ts. Items that the visitor bought or dislikes, that are not in the catalog or not available do not come in. A function of
// the profile and of the stores alone.

import { ContextStep } from '../after-scoring/context-step.ts';
import { DiversityStep } from '../after-scoring/diversity-step.ts';
import { RerankStep } from '../after-scoring/rerank-step.ts';
import type { Reranker } from '../after-scoring/reranker.ts';
import { TasteStep } from '../after-scoring/taste-step.ts';
import type { CampaignIndex } from '../campaign-index.ts';
import { byRank, type Candidate } from '../campaigns.ts';
import type { ItemFacts } from '../content/item-facts.ts';
import { ExploreStep } from '../exploration/explore-step.ts';
import type { ItemIndex } from '../item-index.ts';
import type { TuningOf } from '../list-tunings.ts';
import type { PreferenceWeights } from '../profile/preferences.ts';
import type { Profile } from '../profile/profile.ts';
import { tiredOf } from '../profile/shown.ts';
import { F1Scorer } from '../scoring/f1.ts';
import { F2Scorer } from '../scoring/f2.ts';
import { Gatherer } from '../scoring/gatherer.ts';
import { LearnedScorer, type ServedRanker } from '../scoring/learned.ts';
import { type ListTimes, OTHER_PARTS } from '../scoring/related-scorer.ts';
import type { Algorithm } from './algorithm-choice.ts';
import { BoughtAgain } from './bought-again.ts';
import { CampaignStep } from './campaign-step.ts';
import { ContextItems } from './context-items.ts';
import type { Evidence } from './evidence.ts';
import { ListDraft } from './list-draft.ts';
import type { AfterScoring, CandidateSource, ListQuery, ListSources } from './pipeline.ts';
import { PopularItems } from './popular-items.ts';
import { RankHistory } from './rank-history.ts';
import { addPartReasons, addReasons, unnamedCauses } from './reasons.ts';
import { RelatedItems } from './related-items.ts';
import { SimilarContent } from './similar-content.ts';
import type { Cause, ListedItems } from './values.ts';

/** What visitors' items are made with. */
export interface CandidatesOptions {
  readonly index: ItemIndex;
  readonly facts: ItemFacts;
  readonly campaigns: CampaignIndex;
  /** Items of a list. */
  readonly listLength: number;
  readonly taste: PreferenceWeights;
  readonly tuningOf: TuningOf;
  /** A model of the shop's; left out, the scores stand. */
  readonly reranker?: Reranker | undefined;
}

/** Makes visitors' items. One per task. */
export class VisitorCandidates {
  readonly #index: ItemIndex;
  readonly #length: number;
  readonly #f1: F1Scorer;
  readonly #f2: F2Scorer;
  readonly #learned: LearnedScorer;
  readonly #related: RelatedItems;
  readonly #campaigns: CampaignStep;
  /** In this order: a later one sees what the earlier ones brought. */
  readonly #sources: readonly CandidateSource[];
  readonly #steps: readonly AfterScoring[];
  readonly #plainSources: readonly CandidateSource[];
  readonly #plainSteps: readonly AfterScoring[];
  #isPlain = false;
  readonly #history = new RankHistory();
  readonly #tuningOf: TuningOf;

  constructor({ index, facts, campaigns, listLength, taste, tuningOf, reranker }: CandidatesOptions) {
    this.#index = index;
    this.#length = listLength;
    this.#tuningOf = tuningOf;
    const relatedScoreOf = (denseId: number) => this.#related.scoreOf(denseId);
    const gatherer = new Gatherer(index);
    this.#f1 = new F1Scorer(index);
    this.#f2 = new F2Scorer(index, gatherer);
    this.#learned = new LearnedScorer(index, gatherer);
    this.#related = new RelatedItems(index, this.#f1);
    this.#campaigns = new CampaignStep(index, campaigns, relatedScoreOf);
    const content = new SimilarContent(index, facts.content, tuningOf, taste.signals, relatedScoreOf);
    const popular = new PopularItems(index);
    const boughtAgain = new BoughtAgain(index, tuningOf);
    this.#sources = [this.#related, content, new ContextItems(index), popular, boughtAgain];
    this.#plainSources = [this.#related, popular, boughtAgain];
    this.#plainSteps = [this.#campaigns];
    this.#steps = [
      new TasteStep(index, facts, taste, tuningOf),
      new ContextStep(index, tuningOf),
      ...(reranker === undefined ? [] : [new RerankStep(reranker, index, facts)]),
      new DiversityStep(
        (one, other) => facts.content.likeness(one, other),
        (denseId) => index.brandCode[denseId]!,
        (denseId) => index.categoryCode[denseId]!,
        tuningOf,
      ),
      new ExploreStep(index, tuningOf),
      this.#campaigns,
    ];
  }

  /**
   * Takes an algorithm for the lists from now on; without a ranking F2 stands in for the learned one. Returns the name and version of
   * what was taken.
   * @param isPlain with related and popular items and campaigns alone: no content, and no step after scoring.
   */
  choose(algorithm: Algorithm, ranker: ServedRanker | undefined, isPlain: boolean): string {
    this.#isPlain = isPlain;
    if (algorithm === 'learned' && ranker !== undefined) {
      this.#learned.use(ranker);
      this.#related.scorer = this.#learned;
    } else this.#related.scorer = algorithm === 'f1' ? this.#f1 : this.#f2;
    const { algorithm: name } = this.#related.scorer;
    return isPlain ? `${name}-plain` : name;
  }

  /** The items of a list of this definition, at most the list's length; empty where nothing speaks for any. */
  items(
    definition: string,
    profile: Profile,
    evidence: readonly Evidence[],
    times: ListTimes,
    sources: ListSources,
  ): ListedItems {
    const blocked = new Set<string>();
    const { boughtAgainWeight, mostUnclicked } = this.#tuningOf(definition);
    if (boughtAgainWeight === 0) for (const { item } of profile.bought) blocked.add(item);
    for (const { item } of profile.disliked) blocked.add(item);
    for (const item of tiredOf(profile, times.atMs, mostUnclicked)) blocked.add(item);
    // What lies in the cart needs no recommendation.
    for (const { itemId, kind, times: seen } of evidence) if (kind === 'carted' && seen > 0) blocked.add(itemId);
    const length = this.#length;
    const reach = this.#campaigns.reach({ audience: profile, placement: definition, atMs: times.shownAtMs }, length);
    const query: ListQuery = { definition, profile, evidence, blocked, times, sources, length, reach };
    let candidates: Candidate[] = [];
    for (const source of this.#isPlain ? this.#plainSources : this.#sources) source.add(candidates, query);
    candidates.sort(byRank);
    this.#history.begin(candidates, 'sources');
    for (const step of this.#isPlain ? this.#plainSteps : this.#steps) {
      candidates = step.apply(candidates, query);
      this.#history.after(candidates, step.name);
    }
    if (candidates.length > length) candidates.length = length;
    return this.#explained(candidates, query);
  }

  #explained(candidates: readonly Candidate[], { evidence, times, sources }: ListQuery): ListedItems {
    const denseIds = new Int32Array(candidates.length);
    for (let k = 0; k < denseIds.length; k++) denseIds[k] = candidates[k]!.denseId;
    const parts = this.#related.scorer.parts(denseIds, evidence, times, sources);
    const causes: Cause[] = [];
    for (const { kind, itemId, denseId } of evidence)
      causes.push({ kind, itemId, title: this.#index.titleOf(denseId) });
    const draft = new ListDraft(causes);
    const unnamed = unnamedCauses(draft, evidence.length);
    const width = evidence.length + OTHER_PARTS.length;
    for (let k = 0; k < candidates.length; k++) {
      const { id, denseId, extra, relatedWeight = 1 } = candidates[k]!;
      addPartReasons(draft, parts, k * width, unnamed, relatedWeight);
      addReasons(draft, extra);
      draft.addItem(id, denseId);
    }
    const { steps } = this.#history;
    return steps === undefined
      ? draft
      : {
          items: draft.items,
          causes: draft.causes,
          reasonCauses: draft.reasonCauses,
          reasonParts: draft.reasonParts,
          steps,
          ranks: this.#history.ranksOf(draft.items),
        };
  }
}
