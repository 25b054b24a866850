// What a data set is for an evaluation: a sequence of steps in event time. An event is learned; a question is answered from what was
// learned before it and teaches nothing. Test-then-train and train-then-test differ in where the questions stand, nothing else.

import type { CatalogItem, Click, Purchase, SourceRecords, SourceTopic } from '../../schemas/index.ts';

/** An event of a source topic that is learned. */
export interface LearnStep<T extends SourceTopic = SourceTopic> {
  readonly kind: 'learn';
  readonly topic: T;
  readonly key: string;
  /** `null` is a tombstone. */
  readonly value: SourceRecords[T] | null;
  /** Event time, epoch ms. */
  readonly at: number;
  /** For baselines, which know sessions of items and nothing else: what of it they learn, if anything. */
  readonly visit: Visit | undefined;
}

/** Items that were dealt with in a session, in order. */
export interface Visit {
  /** Names the session. */
  readonly session: string;
  readonly items: readonly string[];
}

/** A question: what comes next? */
export interface AskStep {
  readonly kind: 'ask';
  /** What is asked, for the report: `next click`, `next basket`, `completion`. */
  readonly task: string;
  /** Whose profile is asked about, as it was learned; `undefined` for a visitor of whom nothing was learned. */
  readonly visitorId: string | undefined;
  /** What that visitor did since, oldest first: known for the answer and then forgotten. */
  readonly since: readonly Click[];
  /** Event time of the question, epoch ms. */
  readonly at: number;
  /** Items that came; each counts as a target of its own. */
  readonly targets: readonly string[];
  /** Length of the history that the answer can build on: what the report is broken down by. */
  readonly history: number;
  /** The items that a baseline is asked with, oldest first. */
  readonly query: readonly string[];
}

export type Step = LearnStep | AskStep;

/** A data set to evaluate on. */
export interface DataSet {
  /** For the report: kind and files. */
  readonly name: string;
  /** How it is asked, in words. */
  readonly protocol: string;
  /** So much of the present pass over the steps is done, 0 to 1. */
  doneShare(): number;
  /** All steps from the beginning, ascending in time but for what the data has out of order. */
  steps(): AsyncIterable<readonly Step[]>;
}

/** A click with everything else left open. */
export function clickOf(
  visitorId: string,
  itemId: string,
  at: number,
  eventId: string,
  kind: Click['kind'] = 'view',
  sessionId = visitorId,
): Click {
  return {
    eventId,
    visitorId,
    userId: null,
    sessionId,
    at,
    kind,
    itemId,
    listId: null,
    placement: null,
    query: null,
    rating: null,
    dwellMs: null,
    quantity: null,
    device: null,
    region: null,
    referrer: null,
  };
}

/** An item of which nothing but the id is known. */
export function bareItem(itemId: string, at: number): CatalogItem {
  return {
    eventId: `item:${itemId}`,
    itemId,
    at,
    title: itemId,
    description: null,
    categories: [],
    tags: [],
    brand: null,
    price: null,
    currency: null,
    stock: null,
    image: null,
    attributes: {},
    validFrom: null,
    validTo: null,
    embedding: null,
  };
}

/** The step that lists an item in the catalog. */
export function listing(value: CatalogItem): LearnStep<'catalog'> {
  return { kind: 'learn', topic: 'catalog', key: value.itemId, value, at: value.at, visit: undefined };
}

/** The step that learns a click. */
export function clicked(value: Click, visit: Visit | undefined): LearnStep<'clicks'> {
  return { kind: 'learn', topic: 'clicks', key: value.visitorId, value, at: value.at, visit };
}

/** The step that learns an order. */
export function ordered(visitorId: string, value: Purchase, visit: Visit | undefined): LearnStep<'purchases'> {
  return { kind: 'learn', topic: 'purchases', key: visitorId, value, at: value.at, visit };
}
