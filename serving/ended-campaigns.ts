// Takes out of a stored list what campaigns added that do not count any more. Parts of reasons sum to the score, so without them the list
// is what it would have been: an item that only a campaign had brought in goes, and the others stand by the rest of their scores.
import { type ListItem, type ListView, listOf, type Reason, viewOf } from '../lists/index.ts';

/** The list as it is without campaigns that have ended; the same object where none has. */
export function withoutEnded(list: ListView, isActive: (campaignId: string) => boolean): ListView {
  if (list.campaignIds.every(isActive)) return list;
  const isEnded = ({ campaignId }: Reason): boolean => campaignId !== undefined && !isActive(campaignId);
  const whole = listOf(list);
  const left: ListItem[] = [];
  for (const item of whole.items) {
    const reasons = item.reasons.filter((reason) => !isEnded(reason));
    if (reasons.length === item.reasons.length) left.push(item);
    else if (reasons.length > 0)
      left.push({ id: item.id, score: reasons.reduce((sum, { part }) => sum + part, 0), reasons });
  }
  left.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return viewOf({ ...whole, items: left });
}
