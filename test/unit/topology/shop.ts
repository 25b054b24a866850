// A shop in the topology test driver: events in, published lists out.

import type { TestContext } from 'node:test';
import type { ProducerRecord } from '../../../engine/api/index.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../../engine/testing/index.ts';
import {
  campaignRuleSerde,
  itemBlockSerde,
  itemCardSerde,
  topListSerde,
  visitorBlockSerde,
} from '../../../lists/index.ts';
import {
  type Campaign,
  type CatalogItem,
  type Click,
  createFileSchemaSource,
  createSerdes,
  keyOf,
  type Privacy,
  type Purchase,
  type SourceRecords,
  type SourceTopic,
  type Visitor,
} from '../../../schemas/index.ts';
import { createMemoryDatabase } from '../../../state/index.ts';
import { buildRecommendationTopology, LISTS_SINK, type ListSettings } from '../../../topology/index.ts';

export const START_MS = Date.UTC(2026, 0, 10);

const serdes = createSerdes(createFileSchemaSource());
let events = 0;

export interface ShopOptions {
  readonly partitions?: number;
  readonly lists?: Partial<ListSettings>;
  readonly recordsPerBatch?: number;
}

/** Opens a shop that is closed with the test. */
export async function openShop(t: TestContext, options: ShopOptions = {}) {
  const partitions = options.partitions ?? 2;
  const topology = buildRecommendationTopology({
    serdes,
    partitions,
    cacheMaxBytes: 64 * 1024 * 1024,
    ...(options.lists !== undefined && { lists: options.lists }),
  });
  const clock = new MovedClock(START_MS);
  const database = createMemoryDatabase({ columnFamilies: driverColumnFamilies(topology) });
  const { recordsPerBatch } = options;
  const batches = recordsPerBatch === undefined ? {} : { recordsPerBatch };
  const driver = await TopologyTestDriver.open({ topology, database, partitions, clock, ...batches });
  t.after(() => driver.close());
  const bytesOf = (key: string) => driver.published(LISTS_SINK).get(key)?.value ?? undefined;

  const recordOf = <T extends SourceTopic>(topic: T, value: SourceRecords[T]): ProducerRecord => ({
    topic,
    key: keyOf(topic, value),
    value: serdes[topic].serialize(value),
    timestampMs: clock.nowMs(),
  });
  const send = <T extends SourceTopic>(topic: T, values: readonly SourceRecords[T][]) =>
    driver.pipe(...values.map((value) => recordOf(topic, value)));

  return {
    clock,
    /** For events of several topics in one batch. */
    recordOf,
    send,
    driver,
    /** Ids by time: each sale or view is a second after the one before it. */
    async views(visitorId: string, itemIds: readonly string[], overrides: Partial<Click> = {}) {
      for (const itemId of itemIds) {
        await driver.advance(1000);
        await send('clicks', [click({ visitorId, itemId, at: clock.nowMs(), ...overrides })]);
      }
    },
    withdraw: (itemId: string) =>
      driver.pipe({ topic: 'catalog', key: itemId, value: null, timestampMs: clock.nowMs() }),
    list(key: string) {
      const bytes = bytesOf(key);
      return bytes === undefined ? undefined : topListSerde.deserialize(bytes);
    },
    card(itemId: string) {
      const bytes = bytesOf(`card:${itemId}`);
      return bytes === undefined ? undefined : itemCardSerde.deserialize(bytes);
    },
    itemBlock(itemId: string) {
      const bytes = bytesOf(`block:item:${itemId}`);
      return bytes === undefined ? undefined : itemBlockSerde.deserialize(bytes).reason;
    },
    visitorBlock(visitorId: string) {
      const bytes = bytesOf(`block:visitor:${visitorId}`);
      return bytes === undefined ? undefined : visitorBlockSerde.deserialize(bytes);
    },
    campaign(campaignId: string) {
      const bytes = bytesOf(`campaign:${campaignId}`);
      return bytes === undefined ? undefined : campaignRuleSerde.deserialize(bytes);
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

export function item(itemId: string, overrides: Partial<CatalogItem> = {}): CatalogItem {
  return {
    eventId: `e${events++}`,
    itemId,
    at: START_MS,
    title: `Title of ${itemId}`,
    description: null,
    categories: [],
    tags: [],
    brand: null,
    price: null,
    currency: null,
    stock: null,
    image: null,
    attributes: {},
    validFrom: null,
    validTo: null,
    embedding: null,
    ...overrides,
  };
}

export function click(overrides: Partial<Click> & Pick<Click, 'visitorId' | 'at'>): Click {
  return {
    eventId: `e${events++}`,
    userId: null,
    sessionId: null,
    kind: 'view',
    itemId: null,
    listId: null,
    placement: null,
    query: null,
    rating: null,
    dwellMs: null,
    quantity: null,
    device: null,
    region: null,
    referrer: null,
    ...overrides,
  };
}

export function order(visitorId: string, itemIds: readonly string[], overrides: Partial<Purchase>): Purchase {
  return {
    eventId: `e${events++}`,
    orderId: `o${events}`,
    visitorId,
    userId: null,
    sessionId: null,
    at: START_MS,
    status: 'placed',
    lines: itemIds.map((itemId) => ({ itemId, quantity: 1, unitPrice: 1, currency: 'GBP' })),
    device: null,
    region: null,
    ...overrides,
  };
}

/** What the shop says of a visitor. */
export function member(visitorId: string, segments: readonly string[]): Visitor {
  return { eventId: `e${events++}`, visitorId, at: START_MS, segments: [...segments], attributes: {} };
}

export function rule(overrides: Partial<Campaign> & Pick<Campaign, 'campaignId' | 'kind'>): Campaign {
  return {
    eventId: `e${events++}`,
    at: START_MS,
    items: [],
    categories: [],
    brands: [],
    attributes: {},
    audience: { segments: [], regions: [], devices: [] },
    placements: [],
    validFrom: null,
    validTo: null,
    weight: 1,
    budget: null,
    ...overrides,
  };
}

/** Of the visitor `eve`, where none is named. */
export function privacy(overrides: Partial<Privacy> & Pick<Privacy, 'at' | 'action'>): Privacy {
  return {
    eventId: `e${events++}`,
    visitorId: 'eve',
    consent: null,
    otherVisitorId: null,
    ...overrides,
  };
}
