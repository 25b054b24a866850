// The key that a record of a source topic must have, and whose state a purchase belongs to.

import type { Purchase, SourceRecords, SourceTopic } from './records.ts';

/**
 * How the ids of synthetic visitors begin, who only look whether the system works: they have lists as everybody has, and count for nobody else's
 * (docs/contracts.md).
 */
export const PROBE_VISITOR_PREFIX = 'freshet-probe-';

export const isProbeVisitor = (visitorId: string): boolean => visitorId.startsWith(PROBE_VISITOR_PREFIX);

/** The visitor whom a purchase belongs to: visitorId, else `user:` and userId. */
export function visitorOf(purchase: Pick<Purchase, 'visitorId' | 'userId'>): string {
  return purchase.visitorId ?? `user:${purchase.userId}`;
}

type Keys = { readonly [T in SourceTopic]: (value: SourceRecords[T]) => string };

const keys: Keys = {
  clicks: (click) => click.visitorId,
  purchases: visitorOf,
  impressions: (impression) => impression.visitorId,
  visitors: (visitor) => visitor.visitorId,
  catalog: (item) => item.itemId,
  campaigns: (campaign) => campaign.campaignId,
  settings: (setting) => setting.name,
  privacy: (privacy) => privacy.visitorId,
};

/** The key under which producers send `value`, so that it reaches the partition of its visitor, item, campaign or name. */
export function keyOf<T extends SourceTopic>(topic: T, value: SourceRecords[T]): string {
  return keys[topic](value);
}
