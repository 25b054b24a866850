// How a visitor's list comes about: sources bring candidates, each with a score; steps change scores or take candidates out; the best
// become the list, with the parts of their scores as reasons. A source or a step is one small module that knows no other.
//
// Invariant: a candidate's score is its `relatedWeight` times what the scorer of related items gives it, plus the parts in its `extra`. So
// whoever changes a score adds the difference to `extra` with a word that says why.

import type { Candidate } from '../campaigns.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import type { PublishedSegment } from '../popularity-published.ts';
import type { Profile } from '../profile/profile.ts';
import type { ListTimes, RowSource } from '../scoring/related-scorer.ts';
import type { Evidence } from './evidence.ts';

/** What the stores tell about items and segments. */
export interface ListSources extends RowSource {
  entryOf(itemId: string): CatalogEntry | undefined;
  segmentOf(segment: string): PublishedSegment | undefined;
}

/** A list that is to be made. */
export interface ListQuery {
  /** Name of the list definition. */
  readonly definition: string;
  readonly profile: Profile;
  /** What the visitor dealt with, newest first. */
  readonly evidence: readonly Evidence[];
  /** Ids of what the visitor bought or dislikes: never candidates. */
  readonly blocked: ReadonlySet<string>;
  readonly times: ListTimes;
  readonly sources: ListSources;
  /** Items of the list. */
  readonly length: number;
  /** Candidates that are looked at: `length` or more. */
  readonly reach: number;
}

/** Brings candidates. */
export interface CandidateSource {
  /** Adds candidates that may be shown, are not blocked and are not among these yet, best first. */
  add(candidates: Candidate[], query: ListQuery): void;
}

/** Changes scores, the order, or takes candidates out. */
export interface AfterScoring {
  /** As analysts know it: the kind of the reasons that it gives. */
  readonly name: string;
  /** Candidates after the step, best first. Changes them in place where it changes scores. */
  apply(candidates: Candidate[], query: ListQuery): Candidate[];
}
