// One list for several items: what goes with a basket. The lists of a basket's items are brought to one scale, each by its best score, so
// that no item of the basket speaks louder than another, and the shares of an item that several lists name are added up:
//
//   score(x) = Σ over lists l of score_l(x) / max_l
//
// Pure. Parts of reasons are scaled with their scores, so they still sum to them. Equal scores are in order of their ids.
import { type AsOf, type ListItem, type ListView, listOf, type Reason, viewOf } from '../lists/index.ts';

/** The lists of a basket's items as one, in the order above. @param lists not empty. */
export function combined(lists: readonly ListView[]): ListView {
  if (lists.length === 1) return lists[0]!;
  const wholes = lists.map(listOf);
  const [first] = wholes;
  const scores = new Map<string, { score: number; reasons: Reason[] }>();
  let asOf: AsOf = first!.asOf;
  const eventIds: string[] = [];
  for (const { asOf: listed, items } of wholes) {
    if (listed.at > asOf.at) asOf = listed;
    eventIds.push(...listed.eventIds);
    const best = items.reduce((max, { score }) => Math.max(max, score), 0);
    if (best <= 0) continue;
    for (const { id, score, reasons } of items) {
      const entry = scores.get(id) ?? { score: 0, reasons: [] };
      entry.score += score / best;
      for (const reason of reasons) entry.reasons.push({ ...reason, part: reason.part / best });
      scores.set(id, entry);
    }
  }
  const items: ListItem[] = Array.from(scores, ([id, { score, reasons }]) => {
    return { id, score, reasons: reasons.sort((a, b) => b.part - a.part) };
  });
  items.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  return viewOf({ ...first!, asOf: { ...asOf, eventIds: [...new Set(eventIds)] }, items });
}
