// Publishes what belongs to a visitor: the list `for-you` of the visitor and of the current session, and the block entry (bought and
// disliked items, which serving drops from every answer to the visitor, and what tells whether an exclusion is meant for the visitor). The lists'
// time is the profile's newest event; what is valid is decided at the task's stream time, which is committed with them.

import { errorType, isRefusable, type ProcessorContext, Slices } from '../../engine/api/index.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import { RANKER_KEY } from '../learner.ts';
import type { ListUse } from '../list-use.ts';
import type { LiveQuality } from '../live-quality.ts';
import type { NeighbourRecord } from '../neighbours.ts';
import type { PublishedSegment } from '../popularity-published.ts';
import type { ChangedVisitor, VisitorListMaker } from '../profile/list-maker.ts';
import type { Profile } from '../profile/profile.ts';
import type { VisitorRefresh } from '../refresh/visitor-refresh.ts';
import type { ServedRanker } from '../scoring/learned.ts';
import { type Algorithm, AlgorithmChoice } from './algorithm-choice.ts';
import { type Dealing, dealingsOf, type Evidence, evidenceOf } from './evidence.ts';
import { OwnLists } from './own-lists.ts';
import type { ListSources } from './pipeline.ts';
import type { ListedItems, ListFormat, VisitorBlock } from './values.ts';
import { type CandidatesOptions, VisitorCandidates } from './visitor-candidates.ts';

/** The only variant so far. */
export const DEFAULT_VARIANT = 'default';
/** Visitors whose lists are made between two turns of others. A list takes 50 to 500 µs. */
const VISITORS_AT_ONCE = 16;
/** Topics of events that have a visitor's lists made, keyed by visitor; most impressions do not. */
const DECISIVE_TOPICS = ['clicks', 'purchases'];
/** A ranking that has learned from fewer examples is not used. */
const LEAST_EXAMPLES = 2_000;

/** Where lists come from and go to. */
export interface ListMakerOptions extends CandidatesOptions {
  /** Which lists are made. */
  readonly use: ListUse;
  readonly format: ListFormat;
  /** Is told of every list of a visitor that is made. */
  readonly quality?: LiveQuality;
  /** Node that publishes. */
  readonly listsSink: string;
  /** Names of the global stores. */
  readonly stores: {
    readonly neighbours: string;
    readonly catalog: string;
    readonly popular: string;
    readonly ranker: string;
  };
  /** Names of the list definitions. */
  readonly definitions: {
    readonly forYou: string;
    readonly similar: string;
    readonly boughtTogether: string;
    readonly popular: string;
    readonly trending: string;
  };
}

/** The {@link VisitorListMaker} of a task. */
export class VisitorLists implements VisitorListMaker {
  readonly #options: ListMakerOptions;
  readonly #refresh: VisitorRefresh | undefined;
  readonly #candidates: VisitorCandidates;
  readonly #own: OwnLists;
  readonly #choice = new AlgorithmChoice();

  /** @param refresh is told of every list that is made. */
  constructor(options: ListMakerOptions, refresh?: VisitorRefresh) {
    this.#options = options;
    this.#refresh = refresh;
    this.#candidates = new VisitorCandidates(options);
    this.#own = new OwnLists({ ...options, variant: DEFAULT_VARIANT });
  }

  async visitorsChanged(changed: readonly ChangedVisitor[], context: ProcessorContext): Promise<void> {
    if (changed.length === 0) return;
    this.#choice.observe(context.behind);
    await new Slices().each(changed, VISITORS_AT_ONCE, (some) => this.#makeAll(some, context));
  }

  #makeAll(changed: readonly ChangedVisitor[], context: ProcessorContext): void {
    const due: ChangedVisitor[] = [];
    for (const visitor of changed) {
      const { visitorId, profile, endedSessionIds, blocksChanged, isNewVisit, isForgotten } = visitor;
      for (const sessionId of endedSessionIds) this.#forward(this.#sessionKey(sessionId), null, profile, context);
      if (blocksChanged || isNewVisit) this.#forwardBlock(visitorId, profile, blocksChanged, context);
      if (profile === undefined || isForgotten || !this.#isPostponed(visitorId, profile, context)) due.push(visitor);
      // What is made later does not know of it.
      else if (blocksChanged) this.#own.forwardGone(visitorId, profile, context);
    }
    this.#makeLists(due, context);
  }

  /** In a backlog the lists of a visitor wait for an event that the next batch has; the session's is made with the visitor's. */
  #isPostponed(visitorId: string, profile: Profile, context: ProcessorContext): boolean {
    const { use, definitions } = this.#options;
    // What may be shown of others changes with the session, and a list that is not made any more is taken back: at once.
    if (profile.consent !== 'full' || !use.isInUse(definitions.forYou)) return false;
    const keys = [this.#visitorKey(visitorId), ...this.#own.keysOf(visitorId, profile)];
    return context.postpone(keys, { topics: DECISIVE_TOPICS, key: visitorId }, this.#options.listsSink);
  }

  #makeLists(changed: readonly ChangedVisitor[], context: ProcessorContext): void {
    const sources = this.#load(changed, context);
    for (let i = 0; i < changed.length; i++) {
      const { visitorId, profile, blocksChanged } = changed[i]!;
      const made = this.#made(profile, sources.dealings[i]!, sources, context);
      this.#forwardLists(visitorId, profile, made, context);
      this.#own.forward(visitorId, profile, blocksChanged, context);
      if (made === undefined) {
        this.#refresh?.forgotten(visitorId);
        this.#options.quality?.forgotten(visitorId);
      } else {
        this.#refresh?.noted(visitorId, context.streamTimeMs, made.evidence, made.listed);
        this.#options.quality?.noted(visitorId, made.algorithm, made.listed.items);
      }
    }
  }

  listsDue(visitors: readonly ChangedVisitor[], context: ProcessorContext): number {
    const refresh = this.#refresh;
    if (refresh === undefined) return 0;
    if (context.behind === 0) this.#choice.observe(0);
    const sources = this.#load(visitors, context);
    let published = 0;
    for (let i = 0; i < visitors.length; i++) {
      const { visitorId, profile } = visitors[i]!;
      const made = this.#made(profile, sources.dealings[i]!, sources, context);
      if (made === undefined) refresh.forgotten(visitorId);
      else if (!refresh.isNews(visitorId, made.evidence, made.listed)) continue;
      if (made !== undefined) this.#options.quality?.noted(visitorId, made.algorithm, made.listed.items);
      this.#forwardLists(visitorId, profile, made, context);
      published++;
    }
    return published;
  }

  /**
   * The items that would be published for a profile now, and what they are by; `undefined` where there is nothing to make a list from.
   * @param wanted instead of the algorithm that the definition asks for.
   */
  listFor(profile: Profile, context: ProcessorContext, wanted?: Algorithm): AskedList | undefined {
    const sources = this.#load([{ profile }], context);
    return this.#made(profile, sources.dealings[0]!, sources, context, wanted);
  }

  keysOf(visitorId: string, profile: Profile): readonly string[] {
    const keys = [this.#visitorKey(visitorId), ...this.#own.keysOf(visitorId, profile)];
    if (blockOf(profile, this.#hidesBought) !== undefined) keys.push(this.#options.format.visitorBlockKey(visitorId));
    return keys;
  }

  visitorsOf(keys: readonly string[]): readonly string[] {
    const visitors = new Set<string>();
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      const isVisitor = parsed?.kind === 'visitor-block' || (parsed?.kind === 'list' && parsed.ownerKind === 'visitor');
      if (isVisitor) visitors.add(parsed.owner);
    }
    return [...visitors];
  }

  async republish(
    _sink: string,
    keys: readonly string[],
    visitors: readonly ChangedVisitor[],
    context: ProcessorContext,
  ): Promise<void> {
    const wanted = new Set(keys);
    const failures: unknown[] = [];
    await new Slices().each(visitors, VISITORS_AT_ONCE, (some) => {
      for (const failure of this.#republishOf(some, wanted, context)) failures.push(failure);
    });
    if (failures.length > 0)
      context.logger.error('lists cannot be made again', {
        taskId: context.taskId,
        visitors: failures.length,
        error: errorType(failures[0]),
      });
    for (const key of wanted) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind === 'list' && parsed.ownerKind === 'session') this.#forward(key, null, undefined, context);
    }
  }

  /**
   * Forwards the wanted keys of these visitors, and takes them out. Returns the errors of visitors whose lists cannot be made from their
   * profiles: no record can be blamed, and they must not stand in the way of the others.
   */
  #republishOf(visitors: readonly ChangedVisitor[], wanted: Set<string>, context: ProcessorContext): unknown[] {
    const failures: unknown[] = [];
    const sources = this.#load(visitors, context);
    // What is published again is a function of state, whatever pressure there is or was.
    const { algorithm } = this.#options.tuningOf(this.#options.definitions.forYou);
    for (let i = 0; i < visitors.length; i++) {
      const { visitorId, profile } = visitors[i]!;
      const sessionId = profile?.session?.id;
      const isSessionWanted = sessionId !== undefined && wanted.delete(this.#sessionKey(sessionId));
      try {
        if (wanted.delete(this.#visitorKey(visitorId)) || isSessionWanted) {
          const made = this.#made(profile, sources.dealings[i]!, sources, context, algorithm);
          if (made === undefined) this.#refresh?.forgotten(visitorId);
          else this.#refresh?.republished(visitorId, made.evidence, made.listed);
          this.#forwardLists(visitorId, profile, made, context);
        }
        this.#own.republish(wanted, visitorId, profile, context);
      } catch (error) {
        if (!isRefusable(error)) throw error;
        failures.push(error);
      }
      if (wanted.delete(this.#options.format.visitorBlockKey(visitorId)))
        this.#forwardBlock(visitorId, profile, true, context);
    }
    return failures;
  }

  /** Brings the rows of all visitors into memory with one multi-get. */
  #load(changed: readonly Pick<ChangedVisitor, 'profile'>[], context: ProcessorContext): Sources {
    const { stores } = this.#options;
    const neighbours = context.globalStore<NeighbourRecord>(stores.neighbours);
    const catalog = context.globalStore<CatalogEntry>(stores.catalog);
    const popular = context.globalStore<PublishedSegment>(stores.popular);
    const items = new Set<string>();
    const dealings: Dealing[][] = [];
    for (const { profile } of changed) {
      const own = profile === undefined ? [] : dealingsOf(profile);
      dealings.push(own);
      for (const { itemId } of own) items.add(itemId);
    }
    const keys = [...items];
    neighbours.load(keys);
    return {
      dealings,
      ranker: context.globalStore<ServedRanker>(stores.ranker).get(RANKER_KEY),
      recordOf: (itemId) => neighbours.get(itemId),
      loadRecords: (itemIds) => neighbours.load(itemIds),
      entryOf: (itemId) => catalog.get(itemId),
      segmentOf: (segment) => popular.get(segment),
    };
  }

  /** `undefined` where there is nothing that a list could be made from; a list without items is one that may get some. */
  #made(
    profile: Profile | undefined,
    dealings: readonly Dealing[],
    sources: Sources,
    context: ProcessorContext,
    wanted?: Algorithm,
  ): MadeList | undefined {
    const { index, definitions, tuningOf, use } = this.#options;
    if (profile?.asOf === undefined || !use.isInUse(definitions.forYou)) return undefined;
    const evidence = evidenceOf(dealings, index, sources.recordOf);
    if (evidence.length === 0 && !hasSurroundings(profile)) return undefined;
    const atMs = profile.asOf.at;
    const times = { atMs, shownAtMs: Math.max(atMs, context.streamTimeMs) };
    const definition = definitions.forYou;
    const ranker =
      sources.ranker !== undefined && sources.ranker.examples >= LEAST_EXAMPLES ? sources.ranker : undefined;
    const best = wanted ?? this.#choice.best(tuningOf(definition).algorithm);
    const algorithm = this.#candidates.choose(best, ranker, wanted === undefined && this.#choice.isPlain);
    return { algorithm, evidence, listed: this.#candidates.items(definition, profile, evidence, times, sources) };
  }

  /** The visitor's list and that of the current session. */
  #forwardLists(
    visitorId: string,
    profile: Profile | undefined,
    made: MadeList | undefined,
    context: ProcessorContext,
  ): void {
    // They differ in their heads only, so the items are encoded once. It takes 22 µs, a head 4 µs.
    const isEmpty = made === undefined || made.listed.items.length === 0;
    const { format } = this.#options;
    const list = isEmpty ? undefined : { algorithm: made.algorithm, items: format.encodeItems(made.listed) };
    this.#forwardList(this.#visitorKey(visitorId), visitorId, profile, list, context);
    const sessionId = profile?.session?.id;
    if (sessionId !== undefined) this.#forwardList(this.#sessionKey(sessionId), sessionId, profile, list, context);
  }

  #forwardList(
    key: string,
    owner: string,
    profile: Profile | undefined,
    list: EncodedList | undefined,
    context: ProcessorContext,
  ): void {
    if (profile?.asOf === undefined || list === undefined) {
      this.#forward(key, null, profile, context);
      return;
    }
    const { format, definitions } = this.#options;
    const { asOf } = profile;
    const head = {
      definition: definitions.forYou,
      owner,
      variant: DEFAULT_VARIANT,
      algorithm: list.algorithm,
      asOf,
      traceparent: context.traceparent,
    };
    this.#forward(key, format.encodeList(head, list.items), profile, context);
  }

  /** Where there is no block, that it is gone: only if it `mayBeEmptied`. */
  #forwardBlock(
    visitorId: string,
    profile: Profile | undefined,
    mayBeEmptied: boolean,
    context: ProcessorContext,
  ): void {
    const { format } = this.#options;
    const block = profile === undefined ? undefined : blockOf(profile, this.#hidesBought);
    if (block === undefined && !mayBeEmptied) return;
    const value = block === undefined ? null : format.encodeVisitorBlock(block);
    this.#forward(format.visitorBlockKey(visitorId), value, profile, context);
  }

  #forward(key: string, value: Uint8Array | null, profile: Profile | undefined, context: ProcessorContext): void {
    const timestampMs = profile?.asOf?.at ?? context.streamTimeMs;
    context.forward({ key, value, timestampMs }, this.#options.listsSink);
  }

  /** Whether what a visitor bought is in no list. */
  get #hidesBought(): boolean {
    return this.#options.tuningOf(this.#options.definitions.forYou).boughtAgainWeight === 0;
  }

  #visitorKey(visitorId: string): string {
    return this.#options.format.listKey('visitor', this.#options.definitions.forYou, DEFAULT_VARIANT, visitorId);
  }

  #sessionKey(sessionId: string): string {
    return this.#options.format.listKey('session', this.#options.definitions.forYou, DEFAULT_VARIANT, sessionId);
  }
}

/** Whether something is known of a visitor that a list can be made from without items. */
function hasSurroundings({ session, device, region }: Profile): boolean {
  return session !== undefined || device !== undefined || region !== undefined;
}

/** What is published of a visitor beside the lists; `undefined` where there is nothing to say. */
function blockOf(profile: Profile, hidesBought: boolean): VisitorBlock | undefined {
  const { bought, disliked, segments, region, device } = profile;
  const items = new Set<string>();
  if (hidesBought) for (const { item } of bought) items.add(item);
  for (const { item } of disliked) items.add(item);
  if (items.size === 0 && segments.length === 0 && region === undefined && device === undefined) return undefined;
  return {
    items: [...items],
    ...(segments.length > 0 && { segments }),
    ...(region !== undefined && { region }),
    ...(device !== undefined && { device }),
  };
}

/** A list that is not published. */
export interface AskedList {
  /** Name and version of what computed it. */
  readonly algorithm: string;
  readonly listed: ListedItems;
}

/** Items as bytes, and what they are by. */
interface EncodedList {
  readonly algorithm: string;
  readonly items: Uint8Array;
}

interface MadeList extends AskedList {
  readonly evidence: readonly Evidence[];
}

interface Sources extends ListSources {
  /** Of each visitor, in the order of the visitors. */
  readonly dealings: readonly (readonly Dealing[])[];
  readonly ranker: ServedRanker | undefined;
}
