// Takes out of a stored list what campaigns added that do not count any more. Parts of reasons sum to the score, so without them the list
// is what it would have been: an item that only a campaign had brought in goes, and the others stand by the rest of their scores.
import type { ListItem, Reason } from '../lists/index.ts';

/** Whether a campaign has to do with an item's place. */
export function namesCampaign({ reasons }: ListItem): boolean {
  return reasons.some(({ campaignId }) => campaignId !== undefined);
}

/** The items as they rank without campaigns that have ended; the same array where none has. */
export function withoutEnded(
  items: readonly ListItem[],
  isActive: (campaignId: string) => boolean,
): readonly ListItem[] {
  const isEnded = ({ campaignId }: Reason): boolean => campaignId !== undefined && !isActive(campaignId);
  if (!items.some(({ reasons }) => reasons.some(isEnded))) return items;
  const left: ListItem[] = [];
  for (const item of items) {
    if (!item.reasons.some(isEnded)) {
      left.push(item);
      continue;
    }
    const reasons = item.reasons.filter((reason) => !isEnded(reason));
    if (reasons.length === 0) continue;
    left.push({ id: item.id, score: reasons.reduce((sum, { part }) => sum + part, 0), reasons });
  }
  return left.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
