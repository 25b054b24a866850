// What the lists of the visitors that were last active hold and come from, in flat arrays: 92 numbers a visitor, 8 MB for 20,000 of
// them. Noting a list takes 1 µs, making it 160; finding the lists that hold changed items reads all of the arrays, once for all
// changes of half a second, which takes 3 ms for 20,000 visitors.
//
// In memory only, and rebuilt by what visitors do: after a start a list is known again when it has been made once.

import { QUERY_ITEMS, type QueryItem } from '../scoring/f1.ts';
import type { ListedItems } from '../top-n/values.ts';
import { Recency } from './recency.ts';

/** Below this relative difference a score has not changed. */
const SCORE_TOLERANCE = 0.01;

const INITIAL_SLOTS = 256;

/** Visitors by slot, 0 to `size - 1`. A slot is taken over when its visitor is forgotten. */
export class RecentVisitors {
  readonly #maxVisitors: number;
  readonly #listLength: number;
  readonly #slotOf = new Map<string, number>();
  readonly #recency = new Recency();
  readonly #visitors: (string | undefined)[] = [];
  readonly #free: number[] = [];
  #activeMs = new Float64Array(INITIAL_SLOTS);
  #heldCounts = new Int32Array(INITIAL_SLOTS);
  #queryCounts = new Int32Array(INITIAL_SLOTS);
  #held: Int32Array;
  #scores: Float32Array;
  #query = new Int32Array(INITIAL_SLOTS * QUERY_ITEMS);

  /** @param listLength most items of a list. */
  constructor(maxVisitors: number, listLength: number) {
    this.#maxVisitors = maxVisitors;
    this.#listLength = listLength;
    this.#held = new Int32Array(INITIAL_SLOTS * listLength);
    this.#scores = new Float32Array(INITIAL_SLOTS * listLength);
  }

  /** Number of slots that were ever in use. */
  get size(): number {
    return this.#visitors.length;
  }

  /** Slot of a visitor; `undefined` where nothing is known. */
  slotOf(visitorId: string): number | undefined {
    return this.#slotOf.get(visitorId);
  }

  /** Visitor of a slot; `undefined` where it is free. */
  visitorOf(slot: number): string | undefined {
    return this.#visitors[slot];
  }

  /** Stream time at which the visitor was active last, epoch ms. */
  activeMs(slot: number): number {
    return this.#activeMs[slot]!;
  }

  /** A visitor was active at this stream time and has this list now. Returns the slot. */
  note(visitorId: string, activeMs: number, query: readonly QueryItem[], list: ListedItems): number {
    const slot = this.#slotOf.get(visitorId) ?? this.#allot(visitorId);
    this.#recency.use(slot);
    this.#activeMs[slot] = activeMs;
    this.replace(slot, query, list);
    return slot;
  }

  /** The list of a visitor is this one now. */
  replace(slot: number, query: readonly QueryItem[], { items }: ListedItems): void {
    const queryStart = slot * QUERY_ITEMS;
    this.#queryCounts[slot] = query.length;
    for (let i = 0; i < query.length; i++) this.#query[queryStart + i] = query[i]!.denseId;
    const start = slot * this.#listLength;
    const count = Math.min(items.length, this.#listLength);
    this.#heldCounts[slot] = count;
    for (let i = 0; i < count; i++) {
      const { denseId, score } = items[i]!;
      this.#held[start + i] = denseId;
      this.#scores[start + i] = score;
    }
  }

  /** Whether a list has other items than the noted one, in another order, or scores that differ by more than 1 %. */
  differs(slot: number, { items }: ListedItems): boolean {
    if (this.#heldCounts[slot] !== Math.min(items.length, this.#listLength)) return true;
    const start = slot * this.#listLength;
    for (let i = 0; i < this.#heldCounts[slot]!; i++) {
      const { denseId, score } = items[i]!;
      const before = this.#scores[start + i]!;
      if (this.#held[start + i] !== denseId) return true;
      if (Math.abs(score - before) > SCORE_TOLERANCE * Math.abs(before)) return true;
    }
    return false;
  }

  /** Forgets a visitor. */
  forget(visitorId: string): void {
    const slot = this.#slotOf.get(visitorId);
    if (slot === undefined) return;
    this.#slotOf.delete(visitorId);
    this.#recency.remove(slot);
    this.#visitors[slot] = undefined;
    this.#heldCounts[slot] = 0;
    this.#queryCounts[slot] = 0;
    this.#free.push(slot);
  }

  /** The least urgency number above 0 among the marks of what the list of a slot holds and comes from; 0 where none is marked. */
  urgencyOf(slot: number, heldMarks: Uint8Array, queryMarks: Uint8Array): number {
    let urgency = 0;
    const start = slot * this.#listLength;
    const end = start + this.#heldCounts[slot]!;
    for (let i = start; i < end; i++) {
      // An item without a mark may lie behind the end of the marks.
      const mark = heldMarks[this.#held[i]!];
      if (mark !== undefined && mark > 0 && (urgency === 0 || mark < urgency)) urgency = mark;
    }
    const queryStart = slot * QUERY_ITEMS;
    const queryEnd = queryStart + this.#queryCounts[slot]!;
    for (let i = queryStart; i < queryEnd; i++) {
      const mark = queryMarks[this.#query[i]!];
      if (mark !== undefined && mark > 0 && (urgency === 0 || mark < urgency)) urgency = mark;
    }
    return urgency;
  }

  #allot(visitorId: string): number {
    if (this.#slotOf.size >= this.#maxVisitors) this.forget(this.#visitors[this.#recency.oldest!]!);
    const slot = this.#free.pop() ?? this.#visitors.length;
    if (slot === this.#activeMs.length) this.#grow();
    this.#visitors[slot] = visitorId;
    this.#slotOf.set(visitorId, slot);
    return slot;
  }

  #grow(): void {
    const slots = Math.min(this.#activeMs.length * 2, Math.max(this.#maxVisitors, INITIAL_SLOTS));
    this.#activeMs = grown(this.#activeMs, new Float64Array(slots));
    this.#heldCounts = grown(this.#heldCounts, new Int32Array(slots));
    this.#queryCounts = grown(this.#queryCounts, new Int32Array(slots));
    this.#held = grown(this.#held, new Int32Array(slots * this.#listLength));
    this.#scores = grown(this.#scores, new Float32Array(slots * this.#listLength));
    this.#query = grown(this.#query, new Int32Array(slots * QUERY_ITEMS));
  }
}

function grown<A extends Float64Array | Float32Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
