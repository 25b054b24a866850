// Reasons from the parts of a score. A list names three causes per item and gives the rest as one for each kind, so that the parts
// still sum to the score and each is called what it is.

import { OTHER_PARTS } from '../scoring/related-scorer.ts';
import { ListDraft } from './list-draft.ts';
import type { ListedItems, Reason } from './values.ts';

/** Causes without an item, by their places in a draft. */
export interface UnnamedCauses {
  /** For each source, that of its kind. */
  readonly bySource: readonly number[];
  /** The distinct ones among them. */
  readonly places: readonly number[];
  /** Those of {@link OTHER_PARTS}. */
  readonly others: readonly number[];
  /** By place, all 0: where the rest of an item is summed up. */
  readonly sums: Float64Array;
}

/** Enters the causes without an item that belong to the draft's first `sources` causes. */
export function unnamedCauses(draft: ListDraft, sources: number): UnnamedCauses {
  const bySource: number[] = [];
  for (let i = 0; i < sources; i++) bySource.push(draft.placeOf({ kind: draft.causes[i]!.kind }));
  const others = OTHER_PARTS.map((kind) => draft.placeOf({ kind }));
  return { bySource, places: [...new Set(bySource)], others, sums: new Float64Array(draft.causes.length) };
}

/**
 * Adds the reasons in `parts[start]` to those of all sources, of which each belongs to the cause at its place in the draft. The parts
 * behind them are {@link OTHER_PARTS}. All are multiplied by `weight`. A part may be less than 0.
 */
export function addPartReasons(
  draft: ListDraft,
  parts: Float64Array,
  start: number,
  unnamed: UnnamedCauses,
  weight: number,
): void {
  const { bySource, places, others, sums } = unnamed;
  const sources = bySource.length;
  // The three largest, without a sort: of 20 sources most have no part in an item at all.
  let first = 0;
  let second = 0;
  let third = 0;
  let firstPart = 0;
  let secondPart = 0;
  let thirdPart = 0;
  for (let i = 0; i < sources; i++) {
    const part = parts[start + i]!;
    if (part <= thirdPart) {
      sums[bySource[i]!]! += part;
      continue;
    }
    if (thirdPart > 0) sums[bySource[third]!]! += thirdPart;
    if (part <= secondPart) {
      third = i;
      thirdPart = part;
      continue;
    }
    third = second;
    thirdPart = secondPart;
    if (part <= firstPart) {
      second = i;
      secondPart = part;
      continue;
    }
    second = first;
    secondPart = firstPart;
    first = i;
    firstPart = part;
  }
  draft.addReason(first, firstPart * weight);
  draft.addReason(second, secondPart * weight);
  draft.addReason(third, thirdPart * weight);
  for (const place of places) {
    draft.addReason(place, sums[place]! * weight);
    sums[place] = 0;
  }
  for (let i = 0; i < others.length; i++) draft.addReason(others[i]!, parts[start + sources + i]! * weight);
}

/** Adds reasons that name their causes themselves. */
export function addReasons(draft: ListDraft, reasons: readonly Reason[]): void {
  for (const reason of reasons) draft.addReason(draft.placeOf(reason), reason.part);
}

/** The first `length` candidates, whose parts of the score are all among their own reasons, as a list's items. */
export function listed(
  candidates: readonly { readonly id: string; readonly denseId: number; readonly extra: readonly Reason[] }[],
  length: number,
): ListedItems {
  const draft = new ListDraft([]);
  for (let i = 0; i < candidates.length && draft.items.length < length; i++) {
    addReasons(draft, candidates[i]!.extra);
    draft.addItem(candidates[i]!.id, candidates[i]!.denseId);
  }
  return draft;
}
