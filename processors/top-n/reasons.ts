// Reasons from the parts of a score. A list names three causes per item and gives the rest as one, so that the parts still sum to
// the score.

import { ListDraft } from './list-draft.ts';
import type { Cause, ListedItems, Reason } from './values.ts';

/** Causes behind those of the sources, in this order: what is not named one by one, and the repetition. */
export const UNNAMED_CAUSES: readonly Cause[] = [{ kind: 'viewed' }, { kind: 'repeat' }];

/**
 * Adds the reasons in `parts[start]` to `parts[start + sources - 1]`, of which each belongs to the cause at its place in the draft;
 * {@link UNNAMED_CAUSES} follow there. The part behind them is what the item gets for a repetition.
 */
export function addPartReasons(draft: ListDraft, parts: Float64Array, start: number, sources: number): void {
  // The three largest, without a sort: of 20 sources most have no part in an item at all.
  let first = 0;
  let second = 0;
  let third = 0;
  let firstPart = 0;
  let secondPart = 0;
  let thirdPart = 0;
  let rest = 0;
  for (let i = 0; i < sources; i++) {
    const part = parts[start + i]!;
    if (part <= thirdPart) {
      rest += part;
      continue;
    }
    rest += thirdPart;
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
  draft.addReason(first, firstPart);
  draft.addReason(second, secondPart);
  draft.addReason(third, thirdPart);
  draft.addReason(sources, rest);
  draft.addReason(sources + 1, parts[start + sources]!);
}

/** Adds reasons that name their causes themselves. */
export function addReasons(draft: ListDraft, reasons: readonly Reason[]): void {
  for (const reason of reasons) draft.addReason(draft.placeOf(reason), reason.part);
}

/** The first `length` candidates, whose parts of the score are all among their own reasons, as a list's items. */
export function listed(
  candidates: readonly { readonly id: string; readonly extra: readonly Reason[] }[],
  length: number,
): ListedItems {
  const draft = new ListDraft([]);
  for (let i = 0; i < candidates.length && draft.items.length < length; i++) {
    addReasons(draft, candidates[i]!.extra);
    draft.addItem(candidates[i]!.id);
  }
  return draft;
}
