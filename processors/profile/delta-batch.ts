// Collects what the events of one micro-batch contribute, and hands it over as few, large records: the pair deltas for each
// partition of items, the popularity deltas for each partition of segments.
//
// Invariant: the landmarks lie in the half-life of the batch's newest event, so the sums of a batch are of ordinary size, and
// rows take them over with an exact power of two. What is handed over depends on the events and their order alone.

import { partitionOf } from '../../engine/api/index.ts';
import { itemHash } from '../../schemas/item-hash.ts';
import type { PairDeltas, RowDelta } from '../co-occurrence/pair-deltas.ts';
import { EntryCollector } from '../co-occurrence/pair-entries.ts';
import { addSigned, type HalfLives, landmarkAt, RECENT_SHARE, weightAt } from '../decay.ts';
import type { EventRef } from './as-of.ts';
import type { ContributionSink } from './contributions.ts';
import { PairTable } from './pair-table.ts';
import type { SegmentDelta, SegmentDeltas } from './segment-deltas.ts';

/** Size at which a record is closed and the next one begun, bytes by estimate: half of Kafka's default limit. */
export const RECORD_MAX_BYTES = 512 * 1024;
const ROW_BYTES = 64;
const ENTRY_BYTES = 32;
const ITEM_BYTES = 48;
/**
 * Texts whose partition is remembered, about 1 MB in each task; beyond it all are forgotten. The same items and segments come again
 * in batch after batch, and asking the map takes a quarter of the time of hashing (0.4 µs of 1.6 µs, on a busy machine).
 */
const KNOWN_PARTITIONS = 10_000;

const F = 0;
const B = 1;
const O = 2;
const POPULAR = 0;
const TRENDING = 1;
/** Records of pair deltas are made one at a time. */
const collector = new EntryCollector();

/** What goes to one partition. */
export interface Outgoing<V> {
  readonly partition: number;
  readonly value: V;
}

interface ItemTotals {
  n: number;
  recent: number;
  p: number;
  repeats: number;
  lastSeenMs: number;
  newest: EventRef;
}

/** Contributions of a micro-batch. Use: `begin`, then for each event `setEvent` and contributions, then `take…`. */
export class DeltaBatch implements ContributionSink {
  readonly #halfLives: HalfLives;
  readonly #numbers = new Map<string, number>();
  /** The item that was counted last: its pairs follow. */
  #counted: string | undefined;
  #countedNumber = 0;
  readonly #items: string[] = [];
  readonly #hashes: number[] = [];
  readonly #totals: (ItemTotals | undefined)[] = [];
  readonly #pairs = new PairTable();
  readonly #segmentNumbers = new Map<string, number>();
  readonly #segments: { readonly name: string; newest: EventRef }[] = [];
  readonly #popularity = new PairTable();
  /** Partitions of texts that were asked for, of `#knownOf` partitions. */
  readonly #known = new Map<string, number>();
  #knownOf = 0;
  #rowsLandmarkMs = 0;
  #popularLandmarkMs = 0;
  #trendingLandmarkMs = 0;
  #event!: EventRef;
  #isSilent = false;
  #weightMs = 0;
  #sign = 1;
  #rowsWeight = 0;
  #recentWeight = 0;
  #popularWeight = 0;
  #trendingWeight = 0;

  constructor(halfLives: HalfLives) {
    this.#halfLives = halfLives;
  }

  /** Starts a batch whose newest event is of this time. */
  begin(newestMs: number): void {
    this.#rowsLandmarkMs = landmarkAt(newestMs, this.#halfLives.rowsMs);
    this.#popularLandmarkMs = landmarkAt(newestMs, this.#halfLives.popularMs);
    this.#trendingLandmarkMs = landmarkAt(newestMs, this.#halfLives.trendingMs);
    this.#numbers.clear();
    this.#counted = undefined;
    this.#items.length = 0;
    this.#hashes.length = 0;
    this.#totals.length = 0;
    this.#pairs.clear();
    this.#segmentNumbers.clear();
    this.#segments.length = 0;
    this.#popularity.clear();
  }

  /** Whether what follows counts for nothing, until this is called again. */
  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
  }

  /** What follows is of `event` and weighs as of `atMs`; `sign` is 1, and from -1 to 0 for a share that is taken back. */
  setEvent(event: EventRef, atMs: number, sign: number): void {
    this.#event = event;
    this.#weightMs = atMs;
    this.#sign = sign;
    this.#rowsWeight = sign * weightAt(atMs, this.#rowsLandmarkMs, this.#halfLives.rowsMs);
    this.#recentWeight = sign * weightAt(atMs, this.#rowsLandmarkMs, this.#halfLives.rowsMs / RECENT_SHARE);
    this.#popularWeight = sign * weightAt(atMs, this.#popularLandmarkMs, this.#halfLives.popularMs);
    this.#trendingWeight = sign * weightAt(atMs, this.#trendingLandmarkMs, this.#halfLives.trendingMs);
  }

  follows(before: string, after: string, mass: number): void {
    if (this.#isSilent) return;
    const earlier = this.#item(before);
    const later = this.#item(after);
    const amount = mass * this.#rowsWeight;
    this.#pairs.add(earlier, later, F, amount);
    if (earlier !== later) this.#pairs.add(later, earlier, B, amount);
  }

  together(one: string, other: string, mass: number): void {
    if (this.#isSilent) return;
    const first = this.#item(one);
    const second = this.#item(other);
    const amount = mass * this.#rowsWeight;
    this.#pairs.add(first, second, O, amount);
    this.#pairs.add(second, first, O, amount);
  }

  counts(item: string, n: number, p: number, repeats: number): void {
    if (this.#isSilent) return;
    const number = this.#item(item);
    this.#counted = item;
    this.#countedNumber = number;
    const totals = this.#totals[number]!;
    totals.n = addSigned(totals.n, n * this.#rowsWeight);
    totals.recent = addSigned(totals.recent, n * this.#recentWeight);
    totals.p = addSigned(totals.p, p * this.#rowsWeight);
    totals.repeats = addSigned(totals.repeats, repeats * this.#rowsWeight);
    if (this.#sign > 0 && this.#weightMs > totals.lastSeenMs) totals.lastSeenMs = this.#weightMs;
  }

  /** Adds to an item's popularity in a segment. */
  popular(segment: string, item: string, weight: number): void {
    if (this.#isSilent) return;
    let number = this.#segmentNumbers.get(segment);
    if (number === undefined) {
      number = this.#segments.length;
      this.#segmentNumbers.set(segment, number);
      this.#segments.push({ name: segment, newest: this.#event });
    }
    const delta = this.#segments[number]!;
    if (this.#event.at >= delta.newest.at) delta.newest = this.#event;
    const itemNumber = this.#number(item);
    this.#popularity.add(number, itemNumber, POPULAR, weight * this.#popularWeight);
    this.#popularity.add(number, itemNumber, TRENDING, weight * this.#trendingWeight);
  }

  /** The pair deltas of the batch, by partition. */
  takePairs(partitions: number): Outgoing<PairDeltas>[] {
    const { starts, entries } = this.#pairs.byFirst(this.#items.length);
    const groups = this.#grouped(this.#items, partitions);
    const outgoing: Outgoing<PairDeltas>[] = [];
    const numbers = new Int32Array(this.#items.length);
    const newRecord = () => new PairRecord(this.#items, this.#hashes, numbers);
    for (let partition = 0; partition < partitions; partition++) {
      let record = newRecord();
      for (const item of groups[partition]!) {
        const totals = this.#totals[item];
        if (totals === undefined) continue;
        const own = entries.subarray(starts[item], starts[item + 1]);
        if (record.bytes + ROW_BYTES + own.length * ENTRY_BYTES > RECORD_MAX_BYTES && record.rows.length > 0) {
          outgoing.push({ partition, value: record.finished(this.#rowsLandmarkMs) });
          record = newRecord();
        }
        record.add(item, totals, this.#pairs, own);
      }
      if (record.rows.length > 0) outgoing.push({ partition, value: record.finished(this.#rowsLandmarkMs) });
    }
    return outgoing;
  }

  /** The popularity deltas of the batch, by partition. */
  takeSegments(partitions: number): Outgoing<SegmentDeltas>[] {
    const { starts, entries } = this.#popularity.byFirst(this.#segments.length);
    const groups = this.#grouped(
      this.#segments.map(({ name }) => name),
      partitions,
    );
    const outgoing: Outgoing<SegmentDeltas>[] = [];
    const numbers = new Int32Array(this.#items.length);
    const newRecord = () => new SegmentRecord(this.#items, numbers);
    for (let partition = 0; partition < partitions; partition++) {
      let record = newRecord();
      const close = () => {
        if (record.segments.length === 0) return;
        outgoing.push({ partition, value: record.finished(this.#popularLandmarkMs, this.#trendingLandmarkMs) });
        record = newRecord();
      };
      for (const segment of groups[partition]!) {
        const own = entries.subarray(starts[segment], starts[segment + 1]);
        // A segment with very many items goes in slices.
        const most = Math.floor(RECORD_MAX_BYTES / (ITEM_BYTES + ENTRY_BYTES));
        for (let from = 0; from < own.length; from += most) {
          const slice = own.subarray(from, from + most);
          const size = ROW_BYTES + slice.length * (ITEM_BYTES + ENTRY_BYTES);
          if (record.bytes + size > RECORD_MAX_BYTES) close();
          const { name, newest } = this.#segments[segment]!;
          record.add(name, newest, this.#popularity, slice, size);
        }
      }
      close();
    }
    return outgoing;
  }

  /** Indexes of texts by the partition of each. */
  #grouped(texts: readonly string[], partitions: number): number[][] {
    const groups: number[][] = Array.from({ length: partitions }, () => []);
    if (partitions !== this.#knownOf || this.#known.size > KNOWN_PARTITIONS) this.#known.clear();
    this.#knownOf = partitions;
    for (let i = 0; i < texts.length; i++) {
      let partition = this.#known.get(texts[i]!);
      if (partition === undefined) {
        partition = partitionOf(texts[i]!, partitions);
        this.#known.set(texts[i]!, partition);
      }
      groups[partition]!.push(i);
    }
    return groups;
  }

  /** Number of an item whose row changes. */
  #item(item: string): number {
    const number = this.#number(item);
    const totals = this.#totals[number];
    if (totals === undefined) {
      this.#totals[number] = { n: 0, recent: 0, p: 0, repeats: 0, lastSeenMs: 0, newest: this.#event };
    } else if (this.#event.at >= totals.newest.at) {
      totals.newest = this.#event;
    }
    return number;
  }

  #number(item: string): number {
    if (item === this.#counted) return this.#countedNumber;
    let number = this.#numbers.get(item);
    if (number === undefined) {
      number = this.#items.length;
      this.#numbers.set(item, number);
      this.#items.push(item);
      this.#hashes.push(itemHash(item));
      this.#totals.push(undefined);
    }
    return number;
  }
}

/** The items of one record while it is being made: it numbers its own. */
class RecordItems {
  readonly #texts: readonly string[];
  /** Number in this record + 1 by the number in the batch; 0 where an item is not in it. */
  readonly #numbers: Int32Array;
  /** Numbers in the batch, in the order of those in this record. */
  readonly inBatch: number[] = [];

  /** @param numbers for this record's use, of which there is one at a time. */
  constructor(texts: readonly string[], numbers: Int32Array) {
    this.#texts = texts;
    this.#numbers = numbers.fill(0);
  }

  /** Number in this record of an item, by that in the batch. */
  numberOf(item: number): number {
    const known = this.#numbers[item]! - 1;
    if (known >= 0) return known;
    this.#numbers[item] = this.inBatch.push(item);
    return this.inBatch.length - 1;
  }

  texts(): string[] {
    return this.inBatch.map((item) => this.#texts[item]!);
  }
}

/** One record of popularity deltas while it is being made. */
class SegmentRecord {
  readonly segments: SegmentDelta[] = [];
  /** Estimated size. */
  bytes = 0;
  readonly #items: RecordItems;

  constructor(texts: readonly string[], numbers: Int32Array) {
    this.#items = new RecordItems(texts, numbers);
  }

  /** Adds a segment, of some entries of `popularity`, that takes so many bytes by estimate. */
  add(segment: string, newest: EventRef, popularity: PairTable, own: Int32Array, bytes: number): void {
    this.bytes += bytes;
    const items = new Int32Array(own.length);
    const popular = new Float64Array(own.length);
    const trending = new Float64Array(own.length);
    for (let i = 0; i < own.length; i++) {
      const entry = own[i]!;
      items[i] = this.#items.numberOf(popularity.second[entry]!);
      popular[i] = popularity.sums[POPULAR][entry]!;
      trending[i] = popularity.sums[TRENDING][entry]!;
    }
    this.segments.push({ segment, newest, items, popular, trending });
  }

  finished(popularLandmarkMs: number, trendingLandmarkMs: number): SegmentDeltas {
    return { popularLandmarkMs, trendingLandmarkMs, items: this.#items.texts(), segments: this.segments };
  }
}

/** One record of pair deltas while it is being made. */
class PairRecord {
  readonly rows: RowDelta[] = [];
  readonly #items: RecordItems;
  readonly #hashes: readonly number[];
  #entryBytes = 0;

  constructor(texts: readonly string[], hashes: readonly number[], numbers: Int32Array) {
    this.#items = new RecordItems(texts, numbers);
    this.#hashes = hashes;
    collector.clear();
  }

  /** Estimated size. */
  get bytes(): number {
    return this.#entryBytes + this.#items.inBatch.length * ITEM_BYTES;
  }

  /** Adds a row, of some entries of `pairs`. */
  add(item: number, totals: ItemTotals, pairs: PairTable, own: Int32Array): void {
    const number = this.#items.numberOf(item);
    const [ofF, ofB, ofO] = pairs.sums;
    const from = collector.size;
    for (let i = 0; i < own.length; i++) {
      const entry = own[i]!;
      const f = ofF[entry]!;
      const b = ofB[entry]!;
      const o = ofO[entry]!;
      // Placed and taken back in the same batch.
      if (f === 0 && b === 0 && o === 0) continue;
      collector.add(this.#items.numberOf(pairs.second[entry]!), f, b, o);
    }
    const to = collector.size;
    this.#entryBytes += ROW_BYTES + (to - from) * ENTRY_BYTES;
    const { n, recent, p, repeats, lastSeenMs, newest } = totals;
    this.rows.push({ item: number, newest, n, recent, p, repeats, lastSeenMs, from, to });
  }

  finished(landmarkMs: number): PairDeltas {
    const hashes = Float64Array.from(this.#items.inBatch, (item) => this.#hashes[item]!);
    return { landmarkMs, items: this.#items.texts(), hashes, rows: this.rows, entries: collector.entries() };
  }
}
