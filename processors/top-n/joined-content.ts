// Content beside the neighbours of one item, for the list `similar`: in the shares that the list definition sets, and alone for an item
// that nobody has gone on from yet.

import type { Candidate } from '../campaigns.ts';
import type { ContentIndex } from '../content/content-index.ts';
import { contentScores } from '../content/content-scores.ts';
import type { ItemIndex } from '../item-index.ts';
import type { Reason } from './values.ts';

/** The item that a list is about. */
export interface ListedItemOf {
  readonly denseId: number;
  readonly itemId: string;
  readonly title: string | undefined;
}

/** Joins what is near in content to an item's neighbours. Their scores, and the parts of them, are changed in place. */
export function joinContent(
  candidates: Candidate[],
  { denseId: own, itemId, title }: ListedItemOf,
  contentShare: number,
  content: ContentIndex,
  index: ItemIndex,
  shownAtMs: number,
): void {
  if (contentShare === 0 || content.size === 0) return;
  const isWanted = (denseId: number) => index.isAvailable(denseId, shownAtMs);
  const scores = contentScores([{ denseId: own, weight: 1 }], content, isWanted);
  if (scores.size === 0) return;
  const best = candidates.reduce((highest, { score }) => Math.max(highest, score), 0);
  const share = best > 0 ? contentShare : 1;
  const scale = share * (best > 0 ? best : 1);
  const byId = new Map<number, Candidate>();
  for (const candidate of candidates) {
    byId.set(candidate.denseId, candidate);
    candidate.score *= 1 - share;
    for (let i = 0; i < candidate.extra.length; i++)
      candidate.extra[i] = { ...candidate.extra[i]!, part: candidate.extra[i]!.part * (1 - share) };
  }
  for (const { denseId, score: near } of scores.values()) {
    const reason: Reason = { kind: 'content', itemId, title, part: scale * near };
    const known = byId.get(denseId);
    const id = index.textOf(denseId);
    if (known !== undefined) {
      known.score += reason.part;
      known.extra.push(reason);
    } else if (id !== undefined) candidates.push({ denseId, id, score: reason.part, extra: [reason] });
  }
}
