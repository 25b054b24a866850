// One value of each kind that is published, with every field and with none that may be absent.
import type { CampaignRule, ItemBlock, ItemCard, TopList, VisitorBlock } from '../../../lists/index.ts';

export const list: TopList = {
  definition: 'for-you',
  owner: 'visitor-1',
  variant: 'default',
  algorithm: 'f1',
  asOf: { at: 1_700_000_000_123, topic: 'clicks', partition: 3, offset: 9_007_199_254_740_991, eventIds: ['e2', 'e1'] },
  items: [
    {
      id: 'A-1',
      score: 0.30000000000000004,
      reasons: [
        { kind: 'viewed', itemId: 'B-2', title: 'Tasse „Grün“ ☕', part: 0.2 },
        { kind: 'campaign', campaignId: 'spring', part: 0.1 },
      ],
    },
    {
      id: 'C-3',
      score: 1e-12,
      reasons: [
        { kind: 'popular', segment: 'category=Mugs', part: 5e-13 },
        { kind: 'viewed', itemId: 'B-2', title: 'Tasse „Grün“ ☕', part: 5e-13 },
      ],
    },
    { id: 'D-4', score: -1, reasons: [] },
  ],
};

export const tracedList: TopList = { ...list, traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };

export const emptyList: TopList = {
  definition: 'popular',
  owner: 'global',
  variant: 'default',
  algorithm: 'decayed-count',
  asOf: { at: 0, topic: 'purchases', partition: 0, offset: 0, eventIds: [] },
  items: [],
};

export const card: ItemCard = {
  id: 'A-1',
  title: 'Mug',
  categories: ['Kitchen', 'Mugs'],
  brand: 'Clay & Co',
  price: 7.95,
  currency: 'EUR',
  image: '/images/mug.svg',
  stock: 0,
  validFrom: 1_700_000_000_000,
  validTo: 1_800_000_000_000,
};

export const block: ItemBlock = { reason: 'sold-out' };

export const visitorBlock: VisitorBlock = { items: ['A-1', 'C-3'] };

export const visitorAudience: VisitorBlock = {
  items: [],
  segments: ['gold', 'Müller & Söhne'],
  region: 'north',
  device: 'mobile',
};

export const campaignRule: CampaignRule = {
  kind: 'exclude',
  validFrom: 1_700_000_000_000,
  validTo: 1_800_000_000_000,
  exclusion: {
    itemHashes: [0, 9_007_199_254_740_991],
    categories: ['Mugs'],
    brands: ['Clay & Co'],
    attributeHashes: [42],
    placements: ['popular'],
    audience: { segments: ['gold'], regions: [], devices: ['mobile'] },
  },
};

export const rankedList: TopList = {
  ...tracedList,
  steps: ['sources', 'variety', 'campaign'],
  items: list.items.map((item, i) => ({ ...item, ranks: { sources: 3 - i, variety: i + 1, campaign: 200 * i } })),
};
