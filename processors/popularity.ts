// POPULARITY: adds the segment deltas of USERS to the segments that this task owns, and publishes each changed segment at most
// once per interval of stream time. A change that falls into the interval is published at its end by a punctuator; which segments
// wait is part of their state, so it survives a restart.

import type { Counter, KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../engine/api/index.ts';
import type { HalfLives } from './decay.ts';
import { type PublishedSegment, publishedSegment } from './popularity-published.ts';
import { addDelta, emptySegment, type SegmentItems, type SegmentState } from './popularity-segment.ts';
import type { SegmentDeltas } from './profile/segment-deltas.ts';
import { publishedKeys } from './published-keys.ts';
import { type HoldsItem, StoreSweep, type StoreSweepOptions } from './refresh/store-sweep.ts';

/** What is done with a segment that is published: its lists. */
export interface SegmentListMaker {
  /** Forwards every list of a segment. */
  segmentPublished(published: PublishedSegment, context: ProcessorContext): void;
  /** The keys under which a segment's lists are published. */
  keysOf(segment: string): readonly string[];
  /**
   * Forwards these keys and no others. `publishedOf` is undefined for a segment that was never published: its keys are removed.
   */
  republish(
    keys: readonly string[],
    publishedOf: (segment: string) => PublishedSegment | undefined,
    context: ProcessorContext,
  ): void;
}

export interface PopularityOptions {
  readonly halfLives: Pick<HalfLives, 'popularMs' | 'trendingMs'>;
  /** Least stream time between two publications of a segment, ms. */
  readonly publishIntervalMs: number;
  readonly lists: SegmentListMaker;
  /** Keeps the lists of segments fresh that do not change themselves; to be left out in a replay, whose lists depend on the log alone. */
  readonly refresh?: StoreSweepOptions;
  /** Store of {@link SegmentState} by segment: its head. */
  readonly segmentsStore: string;
  /** Store of {@link SegmentItems} by segment: its base. */
  readonly basesStore: string;
  /** Store of {@link PublishedSegment} by segment. */
  readonly publishedStore: string;
  /** Node that writes the topic `popular`. */
  readonly popularSink: string;
}

/** Processor of `segment-deltas`. */
export class PopularityProcessor implements Processor<SegmentDeltas> {
  readonly #options: PopularityOptions;
  #context!: ProcessorContext;
  #segments!: KeyValueStore<SegmentState>;
  #bases!: KeyValueStore<SegmentItems>;
  #published!: KeyValueStore<PublishedSegment>;
  #droppedDeltas!: Counter;
  /**
   * Every segment that is due, and maybe others: a segment leaves only when it is found not to be due, so a batch that is undone
   * cannot make one be forgotten.
   */
  readonly #waiting = new Set<string>();

  constructor(options: PopularityOptions) {
    this.#options = options;
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#segments = context.store(this.#options.segmentsStore);
    this.#bases = context.store(this.#options.basesStore);
    this.#published = context.store(this.#options.publishedStore);
    this.#droppedDeltas = context.metrics.counter('freshet.popularity.deltas.dropped');
    for (const [segment, state] of this.#segments.scan()) if (state.isDue) this.#waiting.add(segment);
    context.schedule('publish', this.#options.publishIntervalMs, 'STREAM_TIME', () => this.#publishDue());
    const { refresh, lists } = this.#options;
    if (refresh === undefined) return;
    const hasItem: HoldsItem<PublishedSegment> = (published, isWanted) => {
      for (const denseId of refresh.index.itemsOf(published)) if (isWanted(denseId)) return true;
      return false;
    };
    const swept = { store: this.#published, holds: hasItem, isOpenToCampaigns: true };
    new StoreSweep(swept, refresh).start(context, 'segments', (segments) => {
      for (const segment of segments) lists.segmentPublished(this.#published.get(segment)!, context);
    });
  }

  process(records: readonly StreamRecord<SegmentDeltas>[]): void {
    const changed = new Set<string>();
    for (const { value } of records) for (const { segment } of value?.segments ?? []) changed.add(segment);
    this.#load([...changed]);
    for (const { value } of records) if (value !== null) this.#add(value);
    for (const segment of [...changed].sort()) this.#publishIfDue(segment);
    for (const segment of changed) this.#keepBase(segment);
  }

  republish(_sink: string, keys: readonly string[]): void {
    this.#options.lists.republish(keys, (segment) => this.#published.get(segment), this.#context);
  }

  publishedKeys(): Iterable<string> {
    const { lists } = this.#options;
    return publishedKeys(this.#published, (segment) => lists.keysOf(segment));
  }

  /** Brings heads into memory, and the bases of those that are not whole. */
  #load(segments: readonly string[]): void {
    this.#segments.load(segments);
    this.#bases.load(segments.filter((segment) => this.#segments.get(segment)?.isWhole === false));
  }

  /** The whole state, to be changed. */
  #forUpdate(segment: string): SegmentState | undefined {
    const state = this.#segments.getForUpdate(segment);
    if (state?.isWhole === false) state.complete(this.#bases.get(segment));
    return state;
  }

  #keepBase(segment: string): void {
    if (this.#segments.get(segment)?.needsBase === true) this.#bases.put(segment, this.#forUpdate(segment)!.takeBase());
  }

  #add(deltas: SegmentDeltas): void {
    for (const delta of deltas.segments) {
      let state = this.#forUpdate(delta.segment);
      if (state === undefined) {
        state = emptySegment(deltas, delta);
        this.#segments.put(delta.segment, state);
      }
      const dropped = addDelta(state, deltas, delta, this.#options.halfLives);
      if (dropped > 0) this.#droppedDeltas.add(dropped);
    }
  }

  #publishDue(): void {
    const waiting = [...this.#waiting].sort();
    for (const segment of waiting) {
      this.#publishIfDue(segment);
      this.#keepBase(segment);
    }
  }

  #publishIfDue(segment: string): void {
    const { halfLives, publishIntervalMs, lists, popularSink } = this.#options;
    const known = this.#segments.get(segment);
    if (known === undefined || !known.isDue) {
      this.#waiting.delete(segment);
      return;
    }
    this.#waiting.add(segment);
    const nowMs = this.#context.streamTimeMs;
    if (known.publishedAtMs !== undefined && nowMs - known.publishedAtMs < publishIntervalMs) return;
    const state = this.#forUpdate(segment)!;
    state.isDue = false;
    state.publishedAtMs = nowMs;
    const published = publishedSegment(segment, state, halfLives);
    this.#published.put(segment, published);
    this.#context.forward({ key: segment, value: published, timestampMs: published.asOf.at }, popularSink);
    lists.segmentPublished(published, this.#context);
  }
}
