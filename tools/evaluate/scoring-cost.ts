// What scoring alone costs: from the items that a list is made from, their rows at hand, to the best related items in order. Not in it are
// reading the profile, content, the steps after scoring and reasons, which the cost of a whole list holds.

import type { ReadOnlyStore } from '../../engine/api/index.ts';
import type { Candidate } from '../../processors/campaigns.ts';
import type { ItemIndex } from '../../processors/item-index.ts';
import type { NeighbourRecord } from '../../processors/neighbours.ts';
import type { Profile } from '../../processors/profile/profile.ts';
import { F1Scorer } from '../../processors/scoring/f1.ts';
import { F2Scorer } from '../../processors/scoring/f2.ts';
import { Gatherer } from '../../processors/scoring/gatherer.ts';
import { LearnedScorer, type ServedRanker } from '../../processors/scoring/learned.ts';
import type { RelatedScorer } from '../../processors/scoring/related-scorer.ts';
import { dealingsOf, evidenceOf } from '../../processors/top-n/evidence.ts';
import type { ListQuery } from '../../processors/top-n/pipeline.ts';
import { RelatedItems } from '../../processors/top-n/related-items.ts';
import { medianUs } from './cpu-time.ts';

export interface ScoringCostOptions {
  readonly profiles: readonly Profile[];
  readonly index: ItemIndex;
  readonly neighbours: ReadOnlyStore<NeighbourRecord>;
  /** The learned ranking; left out, it is not measured. */
  readonly ranker: ServedRanker | undefined;
  /** Items of a list. */
  readonly length: number;
}

/** µs of CPU time for the related items of a list, by algorithm: medians, each query asked once before. */
export function scoringCost({ profiles, index, neighbours, ranker, length }: ScoringCostOptions): {
  readonly [algorithm: string]: number;
} {
  const sources = {
    recordOf: (itemId: string) => neighbours.get(itemId),
    loadRecords: (itemIds: readonly string[]) => neighbours.load(itemIds),
    entryOf: () => undefined,
    segmentOf: () => undefined,
  };
  const queries = profiles.flatMap((profile): ListQuery[] => {
    const evidence = evidenceOf(dealingsOf(profile), index, sources.recordOf);
    const atMs = profile.asOf?.at;
    if (evidence.length === 0 || atMs === undefined) return [];
    const times = { atMs, shownAtMs: atMs };
    return [{ definition: '', profile, evidence, blocked: new Set(), times, sources, length, reach: length }];
  });
  const gatherer = new Gatherer(index);
  const scorers: { [algorithm: string]: RelatedScorer } = {
    f1: new F1Scorer(index),
    f2: new F2Scorer(index, gatherer),
  };
  if (ranker !== undefined) {
    const learned = new LearnedScorer(index, gatherer);
    learned.use(ranker);
    scorers.learned = learned;
  }
  const usByAlgorithm: { [algorithm: string]: number } = {};
  for (const [algorithm, scorer] of Object.entries(scorers)) {
    const related = new RelatedItems(index, scorer);
    const score = (query: ListQuery) => {
      const candidates: Candidate[] = [];
      related.add(candidates, query);
    };
    queries.forEach(score);
    usByAlgorithm[algorithm] = medianUs(queries, score);
  }
  return usByAlgorithm;
}
