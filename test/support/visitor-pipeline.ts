// USERS and ITEMS joined by their codecs, without a runtime: what the oracle is compared with.

import type { StreamRecord } from '../../engine/api/index.ts';
import type { ItemRow } from '../../processors/co-occurrence/item-row.ts';
import type { ItemListMaker, PublishedItem } from '../../processors/co-occurrence/list-maker.ts';
import { type PairDeltas, pairDeltasSerde } from '../../processors/co-occurrence/pair-deltas.ts';
import { rowSerde, waitingSerde } from '../../processors/co-occurrence/row-codec.ts';
import { CoOccurrenceProcessor } from '../../processors/co-occurrence.ts';
import { DEFAULT_HALF_LIVES, type HalfLives } from '../../processors/decay.ts';
import type { NeighbourRecord } from '../../processors/neighbours.ts';
import type { ChangedVisitor, VisitorListMaker } from '../../processors/profile/list-maker.ts';
import type { Profile } from '../../processors/profile/profile.ts';
import { profileSerde } from '../../processors/profile/profile-codec.ts';
import { type SegmentDeltas, segmentDeltasSerde } from '../../processors/profile/segment-deltas.ts';
import { DEFAULT_SIGNALS, type SignalTable } from '../../processors/profile/signals.ts';
import { type VisitorEvent, VisitorProfileProcessor } from '../../processors/visitor-profile.ts';
import type { Click, Purchase } from '../../schemas/records.ts';
import { FakeContext, streamRecord } from './fake-context.ts';

export interface PipelineOptions {
  readonly halfLives?: HalfLives;
  readonly partitions?: number;
  readonly signals?: SignalTable;
  readonly categoriesOf?: (item: string) => readonly string[];
  readonly isListed?: (item: string) => boolean;
  readonly publishIntervalMs?: number;
  readonly collides?: (hash: number, itemId: string) => boolean;
}

/** One USERS processor and an ITEMS processor for each partition. */
export class VisitorPipeline {
  readonly users: FakeContext;
  readonly items: FakeContext[] = [];
  readonly usersProcessor: VisitorProfileProcessor;
  readonly itemsProcessors: CoOccurrenceProcessor[] = [];
  /** By item, as the global store would hold it. */
  readonly neighbours = new Map<string, NeighbourRecord>();
  /** Calls of the list makers. */
  readonly visitorCalls: (readonly ChangedVisitor[])[] = [];
  readonly itemCalls: (readonly PublishedItem[])[] = [];
  readonly republished: unknown[] = [];
  /** All popularity deltas so far. */
  readonly segmentDeltas: SegmentDeltas[] = [];
  /** Pair deltas of the last batch with their partitions. */
  lastPairs: { readonly partition: number; readonly value: PairDeltas; readonly bytes: number }[] = [];

  constructor(options: PipelineOptions = {}) {
    const halfLives = options.halfLives ?? DEFAULT_HALF_LIVES;
    const partitions = options.partitions ?? 2;
    this.users = new FakeContext({ partitions, stores: { profiles: profileSerde } });
    const visitorLists: VisitorListMaker = {
      visitorsChanged: (changed) => void this.visitorCalls.push(changed),
      listsDue: () => 0,
      keysOf: (visitorId) => [visitorId],
      visitorsOf: (keys) => keys,
      republish: (sink, keys, visitors) => void this.republished.push({ sink, keys, visitors }),
    };
    this.usersProcessor = new VisitorProfileProcessor({
      halfLives,
      lists: visitorLists,
      entriesExpireMs: 30 * 86_400_000,
      categoriesOf: options.categoriesOf ?? (() => []),
      isListed: options.isListed ?? (() => true),
      signals: options.signals ?? DEFAULT_SIGNALS,
      mostUnclicked: () => 3,
      profilesStore: 'profiles',
      pairDeltasSink: 'pair-deltas',
      segmentDeltasSink: 'segment-deltas',
    });
    this.usersProcessor.init(this.users);
    const itemLists: ItemListMaker = {
      itemsPublished: (items) => void this.itemCalls.push(items),
      keysOf: (itemId) => [itemId],
      itemsOf: (keys) => keys,
      republish: (sink, keys, items) => void this.republished.push({ sink, keys, items }),
    };
    for (let taskId = 0; taskId < partitions; taskId++) {
      const context = new FakeContext({
        taskId,
        partitions,
        stores: { rows: rowSerde, waiting: waitingSerde },
        globals: { neighbours: this.neighbours },
      });
      const processor = new CoOccurrenceProcessor({
        halfLifeMs: halfLives.rowsMs,
        publishIntervalMs: options.publishIntervalMs ?? 1000,
        lists: itemLists,
        countOf: () => 0,
        collides: options.collides ?? (() => false),
        rowsStore: 'rows',
        waitingStore: 'waiting',
        neighboursStore: 'neighbours',
        neighboursSink: 'neighbours',
      });
      processor.init(context);
      this.items.push(context);
      this.itemsProcessors.push(processor);
    }
  }

  /** Runs a batch through USERS and ITEMS, every record through its bytes, and commits. */
  async process(records: readonly StreamRecord<VisitorEvent>[]): Promise<void> {
    await this.users.process(this.usersProcessor, records);
    this.lastPairs = [];
    for (const { to, record } of this.users.sent) {
      if (to === 'segment-deltas') {
        this.segmentDeltas.push(
          segmentDeltasSerde.deserialize(segmentDeltasSerde.serialize(record.value as SegmentDeltas)),
        );
        continue;
      }
      const bytes = pairDeltasSerde.serialize(record.value as PairDeltas);
      const value = pairDeltasSerde.deserialize(bytes);
      const partition = record.partition!;
      this.lastPairs.push({ partition, value, bytes: bytes.length });
      const context = this.items[partition]!;
      const { timestampMs } = record;
      await context.process(this.itemsProcessors[partition]!, [
        streamRecord({ topic: 'pair-deltas', value, timestampMs }),
      ]);
      this.collectNeighbours(partition);
    }
    this.users.sent = [];
    this.users.commit();
    for (const context of this.items) context.commit();
  }

  /** Takes over what a task published, as the topic would. */
  collectNeighbours(partition: number): void {
    for (const record of this.items[partition]!.takeSent<NeighbourRecord>('neighbours')) {
      this.neighbours.set(record.itemId, record);
    }
  }

  profile(visitorId: string): Profile | undefined {
    return this.users.values<Profile>('profiles').get(visitorId);
  }

  /** All rows by item. */
  rows(): Map<string, ItemRow> {
    return new Map(this.items.flatMap((context) => [...context.values<ItemRow>('rows')]));
  }

  row(item: string): ItemRow | undefined {
    return this.rows().get(item);
  }
}

let made = 0;

/** A click with defaults and an id of its own. */
export function click(overrides: Partial<Click> = {}): Click {
  return {
    eventId: `event-${made++}`,
    visitorId: 'ann',
    userId: null,
    sessionId: null,
    at: 1_700_000_000_000,
    kind: 'view',
    itemId: 'a',
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

/** A purchase with defaults; lines as [item, quantity]. */
export function purchase(lines: readonly (readonly [string, number])[], overrides: Partial<Purchase> = {}): Purchase {
  return {
    eventId: `event-${made++}`,
    orderId: 'order-1',
    visitorId: 'ann',
    userId: null,
    sessionId: null,
    at: 1_700_000_000_000,
    status: 'placed',
    lines: lines.map(([itemId, quantity]) => ({ itemId, quantity, unitPrice: 1, currency: 'EUR' })),
    device: null,
    region: null,
    ...overrides,
  };
}

/** Records of events, in their order. */
export function recordsOf(...events: readonly (Click | Purchase)[]): StreamRecord<VisitorEvent>[] {
  return events.map((value, offset) =>
    streamRecord<VisitorEvent>({
      topic: 'lines' in value ? 'purchases' : 'clicks',
      key: value.visitorId ?? undefined,
      offset,
      timestampMs: value.at,
      value,
    }),
  );
}
