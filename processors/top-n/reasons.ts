// Reasons from the parts of a score. A list names few causes per item and gives the rest as one, so that the parts still sum to
// the score. Parts are rounded to eight decimals and the score is the sum of the rounded parts, so that scores which differ by
// rounding error alone are equal and their order is that of the ids.

import type { ListItem, Reason } from './values.ts';

/** Causes of an item that are named one by one. */
const NAMED_PARTS = 3;
const DECIMALS = 1e8;

/** What {@link partReasons} needs of a source of score. */
export interface PartSource {
  readonly kind: Reason['kind'];
  readonly itemId: string;
}

/**
 * The reasons in `parts[start]` to `parts[start + sources.length - 1]`, of which each belongs to the source at its place; the
 * part behind them is what the item gets for a repetition.
 */
export function partReasons(
  parts: Float64Array,
  start: number,
  sources: readonly PartSource[],
  titles: readonly (string | undefined)[],
): Reason[] {
  const named: number[] = [];
  let rest = 0;
  for (let i = 0; i < sources.length; i++) {
    const part = parts[start + i]!;
    if (part === 0) continue;
    let at = named.length;
    while (at > 0 && parts[start + named[at - 1]!]! < part) at--;
    if (at === NAMED_PARTS) {
      rest += part;
      continue;
    }
    named.splice(at, 0, i);
    if (named.length > NAMED_PARTS) rest += parts[start + named.pop()!]!;
  }
  const reasons = named.map((i): Reason => {
    const { kind, itemId } = sources[i]!;
    const title = titles[i];
    const part = parts[start + i]!;
    return title === undefined ? { kind, itemId, part } : { kind, itemId, title, part };
  });
  if (rest > 0) reasons.push({ kind: 'viewed', part: rest });
  const repeat = parts[start + sources.length]!;
  if (repeat > 0) reasons.push({ kind: 'repeat', part: repeat });
  return reasons;
}

/** An item of a list, largest part first; `undefined` where nothing of its score is left after rounding. */
export function listItem(id: string, reasons: readonly Reason[]): ListItem | undefined {
  const rounded: Reason[] = [];
  let sum = 0;
  for (const reason of reasons) {
    const units = Math.round(reason.part * DECIMALS);
    if (units === 0) continue;
    sum += units;
    rounded.push({ ...reason, part: units / DECIMALS });
  }
  if (rounded.length === 0) return undefined;
  return { id, score: sum / DECIMALS, reasons: rounded.sort((a, b) => b.part - a.part) };
}

/** The first `length` candidates, whose parts of the score are all among their own reasons, as a list's items. */
export function listItems(
  candidates: readonly { readonly id: string; readonly extra: readonly Reason[] }[],
  length: number,
): ListItem[] {
  const items: ListItem[] = [];
  for (let i = 0; i < candidates.length && items.length < length; i++) {
    const item = listItem(candidates[i]!.id, candidates[i]!.extra);
    if (item !== undefined) items.push(item);
  }
  return inOrder(items);
}

/** Rounding may have turned neighbours round, or made them equal. */
export function inOrder(items: ListItem[]): ListItem[] {
  return items.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
}
