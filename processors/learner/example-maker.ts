// Examples for the learned ranking: what a visitor looked at next, and what he might have looked at instead, as the engine saw it the
// moment before. Made from a sample of the looks at items inside a session; which ones, and which candidates are drawn, depends on the
// event's id alone, so a replay gives the same examples.
//
// A click in a list is held against what else was shown in the session and not taken, as far as impressions tell: an alternative that was
// seen says more than one that was not. Any other look is held against all candidates, of which a part is drawn.
//
// A look is no example when it joins the interaction before (the view that a click in a list leads to), when it is late, or when the
// item is not among the candidates: no weights could have put it into the list.

import { itemHash } from '../../schemas/item-hash.ts';
import type { Click } from '../../schemas/records.ts';
import type { ItemIndex } from '../item-index.ts';
import type { Profile } from '../profile/profile.ts';
import { fitSession } from '../profile/session.ts';
import { kindBit } from '../profile/signals.ts';
import { CandidateFeatures, FEATURE_COUNT, lengthBucket } from '../scoring/features.ts';
import { Gatherer } from '../scoring/gatherer.ts';
import type { RankerExample } from '../scoring/ranker-learning.ts';
import type { RowSource } from '../scoring/related-scorer.ts';
import { dealingsOf, evidenceOf } from '../top-n/evidence.ts';

/** One look in so many is an example. */
export const SAMPLED_OF = 4;
/** Candidates that rank first, all taken. */
const FIRST_CANDIDATES = 20;
/** Candidates drawn from the others. */
const DRAWN_CANDIDATES = 30;

/** Makes examples. One per task. */
export class ExampleMaker {
  readonly #index: ItemIndex;
  readonly #gatherer: Gatherer;
  readonly #features: CandidateFeatures;

  constructor(index: ItemIndex) {
    this.#index = index;
    this.#gatherer = new Gatherer(index);
    this.#features = new CandidateFeatures(index);
  }

  /** The example of a click, before it has changed the profile; `undefined` where there is none. */
  example(profile: Profile, click: Click, rows: RowSource): RankerExample | undefined {
    const seed = itemHash(click.eventId);
    if (click.itemId === null || seed % SAMPLED_OF !== 0 || !isNextLook(profile, click)) return undefined;
    const dealings = dealingsOf(profile);
    rows.loadRecords(dealings.map(({ itemId }) => itemId));
    const query = evidenceOf(dealings, this.#index, (itemId) => rows.recordOf(itemId));
    const target = this.#index.internText(click.itemId);
    if (query.length === 0 || target === undefined) return undefined;
    const gatherer = this.#gatherer;
    gatherer.gather(query, { atMs: click.at, shownAtMs: click.at }, rows);
    const number = gatherer.numberOf(target);
    if (number < 0) return undefined;
    this.#features.fill(gatherer, query, click.at);
    const passedOver = click.kind === 'listClick' ? this.#passedOver(profile, number) : [];
    const bucket = lengthBucket(query);
    return passedOver.length > 0
      ? this.#example(bucket, [number, ...passedOver], 0, 1)
      : this.#sampled(number, bucket, seed);
  }

  /** Candidates that were shown in the session and not taken, best first. */
  #passedOver({ session, shown }: Profile, target: number): number[] {
    const numbers: number[] = [];
    for (const { item, at } of shown) {
      const denseId = at < session!.startedAt ? undefined : this.#index.internText(item);
      const number = denseId === undefined ? -1 : this.#gatherer.numberOf(denseId);
      if (number >= 0 && number !== target) numbers.push(number);
    }
    return numbers.sort((a, b) => a - b);
  }

  #sampled(target: number, bucket: number, seed: number): RankerExample {
    const others: number[] = [];
    for (let c = 0; c < this.#gatherer.count; c++) if (c !== target) others.push(c);
    const rest = Math.max(0, others.length - FIRST_CANDIDATES);
    const drawn = Math.min(rest, DRAWN_CANDIDATES);
    // The first steps of a shuffle of those behind the first (Fisher, Yates).
    let state = seed | 0;
    for (let i = 0; i < drawn; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      const from = FIRST_CANDIDATES + i;
      const to = from + Math.floor(((state >>> 0) / 0x1_0000_0000) * (rest - i));
      const moved = others[from]!;
      others[from] = others[to]!;
      others[to] = moved;
    }
    return this.#example(
      bucket,
      [target, ...others.slice(0, FIRST_CANDIDATES + drawn)],
      drawn,
      drawn === 0 ? 1 : rest / drawn,
    );
  }

  /** @param drawn how many at the end of `taken` were drawn, each of which stands for `drawnFor`. */
  #example(bucket: number, taken: readonly number[], drawn: number, drawnFor: number): RankerExample {
    const values = new Float64Array(taken.length * FEATURE_COUNT);
    for (let i = 0; i < taken.length; i++) {
      const at = taken[i]! * FEATURE_COUNT;
      values.set(this.#features.values.subarray(at, at + FEATURE_COUNT), i * FEATURE_COUNT);
    }
    const drawnFrom = taken.length - drawn;
    return { bucket, context: this.#features.context.slice(), values, count: taken.length, drawnFrom, drawnFor };
  }
}

function isNextLook(profile: Profile, { kind, at, sessionId, itemId }: Click): boolean {
  if (kind !== 'view' && kind !== 'listClick') return false;
  const { session } = profile;
  if (session === undefined || at < session.lastAt) return false;
  if (fitSession(session, at, sessionId ?? undefined) !== 'current') return false;
  const newest = session.interactions.at(-1);
  return newest !== undefined && (newest.item !== itemId || (newest.kinds & kindBit[kind]) !== 0);
}
