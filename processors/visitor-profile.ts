// USERS: keeps the profile of every visitor and turns what visitors do into deltas. Reads `clicks`, `purchases`, `impressions`,
// `visitors` and `privacy`; sends the pair deltas and the popularity deltas of a batch as one record for each partition, and has
// the lists of the visitors that changed made once at the end.
//
// An impression is noted in the profile of a visitor who has one, and makes lists only when an item has been shown in vain too often. A visitor's events that are of the same partition arrive in order of time, so
// far as they are buffered; what happens to a late one is said in profile/session.ts.

import {
  type Counter,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  Slices,
  type StreamRecord,
} from '../engine/api/index.ts';
import { isProbeVisitor } from '../schemas/keys.ts';
import type { Click, Impression, Privacy, Purchase, Visitor } from '../schemas/records.ts';
import type { HalfLives } from './decay.ts';
import type { ExampleMaker } from './learner/example-maker.ts';
import { LEARNER_PARTITION } from './learner.ts';
import type { LiveQuality } from './live-quality.ts';
import type { NeighbourRecord } from './neighbours.ts';
import type { EventRef } from './profile/as-of.ts';
import { DeltaBatch } from './profile/delta-batch.ts';
import type { ChangedVisitor, VisitorListMaker } from './profile/list-maker.ts';
import { emptyProfile, type Profile } from './profile/profile.ts';
import { type Noted, ProfileUpdater, type Update } from './profile/profile-updater.ts';
import type { SignalTable } from './profile/signals.ts';
import { publishedKeys } from './published-keys.ts';
import type { VisitorRefresh } from './refresh/visitor-refresh.ts';
import type { RowSource } from './scoring/related-scorer.ts';

/** What USERS reads. */
export type VisitorEvent = Click | Purchase | Impression | Visitor | Privacy;

export interface VisitorProfileOptions {
  readonly halfLives: HalfLives;
  readonly signals: SignalTable;
  readonly lists: VisitorListMaker;
  /** After so long without an event the sink drops what was published of a visitor, ms. */
  readonly entriesExpireMs: number;
  /** Keeps lists of visitors fresh who are not active at the moment; to be left out in a replay, whose lists depend on the log alone. */
  readonly refresh?: VisitorRefresh;
  /** Categories of an item, empty where it is unknown. */
  readonly categoriesOf: (item: string) => readonly string[];
  /** Whether the catalog has an item. */
  readonly isListed: (item: string) => boolean;
  /** After so many impressions in vain an item makes room; more than 0. */
  readonly mostUnclicked: () => number;
  /** Is shown every click before it changes anything. */
  readonly quality?: LiveQuality;
  /** Store of {@link Profile} by visitor. */
  readonly profilesStore: string;
  /** Node that writes `pair-deltas`. */
  readonly pairDeltasSink: string;
  /** Node that writes `segment-deltas`. */
  readonly segmentDeltasSink: string;
  /** Makes what the learned ranking learns from; to be left out where none does. */
  readonly learning?: {
    readonly examples: ExampleMaker;
    /** Global store of the items' neighbours. */
    readonly neighboursStore: string;
    /** Node that writes `examples`. */
    readonly examplesSink: string;
  };
}

interface Changed {
  readonly endedSessionIds: string[];
  blocksChanged: boolean;
  isNewVisit: boolean;
  isForgotten: boolean;
}

/** What may change what a visitor bought or dislikes, or the audience that the visitor belongs to; most views do not. */
function changesBlocks({ topic, value }: StreamRecord<VisitorEvent>, known: Profile | undefined): boolean {
  if (topic !== 'clicks') return true;
  const { kind, region, device } = value as Click;
  return (
    kind !== 'view' || (region !== null && region !== known?.region) || (device !== null && device !== known?.device)
  );
}

/** Processor of everything that visitors do. */
export class VisitorProfileProcessor implements Processor<VisitorEvent> {
  readonly #options: VisitorProfileOptions;
  readonly #deltas: DeltaBatch;
  readonly #updater: ProfileUpdater;
  readonly #noted = new Map<Noted, Counter>();
  /** What became of the visitors that changed in the batch that is being processed. */
  readonly #changed = new Map<string, Changed>();
  #context!: ProcessorContext;
  #profiles!: KeyValueStore<Profile>;
  #impressions!: Counter;
  #rows: RowSource | undefined;

  constructor(options: VisitorProfileOptions) {
    this.#options = options;
    this.#deltas = new DeltaBatch(options.halfLives);
    this.#updater = new ProfileUpdater({
      halfLives: options.halfLives,
      deltas: this.#deltas,
      signals: options.signals,
      categoriesOf: options.categoriesOf,
      isListed: options.isListed,
      note: (what, count) => this.#note(what, count),
      mostUnclicked: options.mostUnclicked,
    });
  }

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#profiles = context.store(this.#options.profilesStore);
    const { learning } = this.#options;
    const neighbours = learning && context.globalStore<NeighbourRecord>(learning.neighboursStore);
    if (neighbours !== undefined)
      this.#rows = { recordOf: (item) => neighbours.get(item), loadRecords: (items) => neighbours.load(items) };
    this.#impressions = context.metrics.counter('freshet.users.impressions');
    this.#options.refresh?.start(context, (visitors) => {
      this.#profiles.load(visitors);
      return this.#options.lists.listsDue(this.#unchanged(visitors, false), context);
    });
  }

  async process(records: readonly StreamRecord<VisitorEvent>[]): Promise<void> {
    const visitors: (string | undefined)[] = [];
    let newestMs = 0;
    for (const record of records) {
      visitors.push(visitorOf(record));
      if (record.timestampMs > newestMs) newestMs = record.timestampMs;
    }
    this.#profiles.load([...new Set(visitors.filter((visitor) => visitor !== undefined))]);
    this.#changed.clear();
    this.#deltas.begin(newestMs);
    const slices = new Slices();
    for (let i = 0; i < records.length; i++) {
      if (slices.isOver()) await slices.turn();
      const visitor = visitors[i];
      if (visitor !== undefined) this.#apply(visitor, records[i]!);
    }
    this.#send(newestMs);
    if (this.#changed.size > 0) await this.#options.lists.visitorsChanged(this.#changedVisitors(), this.#context);
  }

  async republish(sink: string, keys: readonly string[]): Promise<void> {
    const { lists } = this.#options;
    const visitors = lists.visitorsOf(keys);
    this.#profiles.load(visitors);
    await lists.republish(sink, keys, this.#unchanged(visitors, true), this.#context);
  }

  /** Of visitors whose entries have not expired: there may be many times as many profiles as lists have room for. */
  publishedKeys(): Iterable<string> {
    const { lists, entriesExpireMs } = this.#options;
    const expiredMs = this.#context.streamTimeMs - entriesExpireMs;
    const isGone = ({ consent, asOf }: Profile) => consent === 'none' || (asOf !== undefined && asOf.at < expiredMs);
    return publishedKeys(this.#profiles, (visitorId, profile) =>
      isGone(profile) ? [] : lists.keysOf(visitorId, profile),
    );
  }

  #apply(visitorId: string, record: StreamRecord<VisitorEvent>): void {
    const { value } = record;
    const known = this.#profiles.get(visitorId);
    const isProbe = isProbeVisitor(visitorId);
    this.#deltas.isSilent = isProbe;
    const updater = this.#updater;
    if (value === null) {
      if (record.topic !== 'visitors' || known === undefined) return;
      this.#keep(visitorId, known, updater.visitor(this.#profiles.getForUpdate(visitorId)!, null, undefined), true);
      return;
    }
    const blocks = changesBlocks(record, known);
    const event: EventRef = {
      at: value.at,
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      eventId: value.eventId,
    };
    if (record.topic === 'privacy') {
      const privacy = value as Privacy;
      this.#keep(visitorId, known, updater.privacy(this.#profiles.getForUpdate(visitorId), privacy, event), blocks);
      return;
    }
    if (record.topic === 'impressions') this.#impressions.add(1);
    if (updater.isIgnored(known, value.eventId)) return;
    if (record.topic === 'impressions') {
      if (known === undefined) return;
      const shown = this.#profiles.getForUpdate(visitorId)!;
      const update = updater.impression(shown, value as Impression, event);
      if (update !== undefined) this.#keep(visitorId, known, update, false);
      return;
    }
    const profile = known === undefined ? emptyProfile() : this.#profiles.getForUpdate(visitorId)!;
    if (record.topic === 'clicks') {
      this.#options.quality?.observed(value as Click);
      if (!isProbe) this.#teach(profile, value as Click);
      this.#keep(visitorId, known, updater.click(profile, value as Click, event), blocks);
    } else if (record.topic === 'purchases') {
      this.#keep(visitorId, known, updater.purchase(profile, value as Purchase, event), blocks);
    } else this.#keep(visitorId, known, updater.visitor(profile, value as Visitor, event), blocks);
  }

  /** Sends what a click teaches the learned ranking, before it changes the profile. Not while the task is behind. */
  #teach(profile: Profile, click: Click): void {
    const { learning } = this.#options;
    if (learning === undefined || this.#rows === undefined || this.#context.behind > 0) return;
    const example = learning.examples.example(profile, click, this.#rows);
    if (example === undefined) return;
    const forwarded = { key: undefined, value: example, timestampMs: click.at, partition: LEARNER_PARTITION };
    this.#context.forward(forwarded, learning.examplesSink);
  }

  #keep(visitorId: string, known: Profile | undefined, update: Update, blocksChanged: boolean): void {
    const { profile, endedSessionId, isForgotten, isNewVisit } = update;
    if (profile === undefined) {
      if (known !== undefined) this.#profiles.delete(visitorId);
    } else if (profile !== known) this.#profiles.put(visitorId, profile);
    let changed = this.#changed.get(visitorId);
    if (changed === undefined) {
      changed = { endedSessionIds: [], blocksChanged: false, isNewVisit: false, isForgotten: false };
      this.#changed.set(visitorId, changed);
    }
    changed.blocksChanged ||= blocksChanged || isForgotten;
    changed.isNewVisit ||= isNewVisit;
    changed.isForgotten ||= isForgotten;
    if (endedSessionId !== undefined) changed.endedSessionIds.push(endedSessionId);
  }

  #changedVisitors(): ChangedVisitor[] {
    const changed: ChangedVisitor[] = [];
    for (const [visitorId, what] of this.#changed) changed.push(this.#listOwner(visitorId, what));
    return changed;
  }

  #unchanged(visitors: readonly string[], blocksChanged: boolean): ChangedVisitor[] {
    const unchanged = { endedSessionIds: [], blocksChanged, isNewVisit: false, isForgotten: false };
    return visitors.map((visitorId) => this.#listOwner(visitorId, unchanged));
  }

  #listOwner(visitorId: string, what: Changed): ChangedVisitor {
    const profile = this.#profiles.get(visitorId);
    const current = profile?.session?.id;
    return {
      visitorId,
      profile: profile?.consent === 'none' ? undefined : profile,
      // The visitor may have come back to a session within the batch.
      endedSessionIds: what.endedSessionIds.filter((id) => id !== current),
      blocksChanged: what.blocksChanged,
      isNewVisit: what.isNewVisit,
      isForgotten: what.isForgotten,
    };
  }

  #send(newestMs: number): void {
    const { pairDeltasSink, segmentDeltasSink } = this.#options;
    const { partitions } = this.#context;
    for (const { partition, value } of this.#deltas.takePairs(partitions)) {
      this.#context.forward({ key: undefined, value, timestampMs: newestMs, partition }, pairDeltasSink);
    }
    for (const { partition, value } of this.#deltas.takeSegments(partitions)) {
      this.#context.forward({ key: undefined, value, timestampMs: newestMs, partition }, segmentDeltasSink);
    }
  }

  #note(what: Noted, count: number): void {
    let counter = this.#noted.get(what);
    if (counter === undefined) {
      counter = this.#context.metrics.counter('freshet.users.noted', { 'freshet.note': what });
      this.#noted.set(what, counter);
    }
    counter.add(count);
  }
}

/** The visitor that a record is about; `undefined` where it names none. */
function visitorOf(record: StreamRecord<VisitorEvent>): string | undefined {
  if (record.topic !== 'purchases' || record.value === null) return record.value?.visitorId ?? record.key;
  const { visitorId, userId } = record.value as Purchase;
  return visitorId ?? (userId === null ? record.key : `user:${userId}`);
}
