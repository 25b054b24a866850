// The engine under evaluation: the recommendation topology as it serves, in memory, one partition, stream time as the only clock.
// Two things differ from production, neither of which changes an answer: nothing is published (lists are asked for where there is a
// question, from the maker that would publish them), and the database is in memory.

import type {
  Database,
  KeyValueStore,
  ProcessorContext,
  ProducerRecord,
  ReadOnlyStore,
} from '../../engine/api/index.ts';
import { driverColumnFamilies, MovedClock, TopologyTestDriver } from '../../engine/testing/index.ts';
import type { ItemRow } from '../../processors/co-occurrence/item-row.ts';
import { neighbourRecordOf } from '../../processors/co-occurrence/neighbour-record.ts';
import { rowSerde } from '../../processors/co-occurrence/row-codec.ts';
import type { HalfLives } from '../../processors/decay.ts';
import { RANKER_KEY } from '../../processors/learner.ts';
import { type NeighbourRecord, neighbourSerde } from '../../processors/neighbours.ts';
import { DeltaBatch } from '../../processors/profile/delta-batch.ts';
import type { VisitorListMaker } from '../../processors/profile/list-maker.ts';
import { emptyProfile, type Profile } from '../../processors/profile/profile.ts';
import { profileSerde } from '../../processors/profile/profile-codec.ts';
import { ProfileUpdater } from '../../processors/profile/profile-updater.ts';
import type { ServedRanker } from '../../processors/scoring/learned.ts';
import { ALGORITHMS, type Algorithm } from '../../processors/top-n/algorithm-choice.ts';
import { dealingsOf } from '../../processors/top-n/evidence.ts';
import { type AskedList, type ListMakerOptions, VisitorLists } from '../../processors/top-n/visitor-lists.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { createMemoryDatabase } from '../../state/index.ts';
import {
  buildRecommendationTopology,
  DEFAULT_LIST_SETTINGS,
  GLOBAL_STORES,
  type ListSettings,
  STORES,
} from '../../topology/index.ts';
import { medianUs } from './cpu-time.ts';
import { scoringCost } from './scoring-cost.ts';
import type { AskStep, LearnStep } from './steps.ts';
import { measureUpdates, type UpdateCost } from './update-cost.ts';

/** Decoded state that is kept in memory: enough that nothing is decoded twice on the data sets of the documentation. */
const CACHE_MAX_BYTES = 2 * 1024 ** 3;
/** What the engine takes at once where much is learned without a question: five times its default, for fewer publications of an item. */
const RECORDS_PER_BATCH = 5_000;

/** Encoded bytes of what is kept, keys included. */
export interface StateBytes {
  readonly items: number;
  readonly rowBytes: number;
  readonly neighboursBytes: number;
  readonly visitors: number;
  readonly profileBytes: number;
}

/** What lists cost. */
export interface ListCost {
  /** Candidates, scores, steps after scoring and reasons, by algorithm, µs of CPU time. */
  readonly usPerList: { readonly [algorithm: string]: number };
  /** Of that the related items alone, see {@link scoringCost}. */
  readonly scoringUsPerList: { readonly [algorithm: string]: number };
  /** What decoding the records of a list's query comes to where none is in memory, µs of CPU time. */
  readonly decodingUsPerList: number;
}

/** An engine that learns steps and answers questions. */
export class EvaluatedEngine {
  readonly #driver: TopologyTestDriver;
  readonly #database: Database;
  readonly #maker: AskedLists;
  readonly #serdes = createSerdes(createFileSchemaSource());
  readonly #halfLives: HalfLives;
  readonly #probeDeltas: DeltaBatch;
  readonly #prober: ProfileUpdater;
  #pending: ProducerRecord[] = [];

  private constructor(driver: TopologyTestDriver, database: Database, maker: AskedLists, halfLives: HalfLives) {
    this.#driver = driver;
    this.#database = database;
    this.#maker = maker;
    this.#halfLives = halfLives;
    this.#probeDeltas = new DeltaBatch(halfLives);
    this.#prober = this.#updaterOf(this.#probeDeltas);
  }

  #updaterOf(deltas: DeltaBatch): ProfileUpdater {
    const { index, tuningOf, definitions } = this.#maker.options;
    return new ProfileUpdater({
      halfLives: this.#halfLives,
      deltas,
      categoriesOf: (item) => index.categoriesOf(item),
      isListed: (item) => index.isListed(item),
      note() {},
      signals: this.#maker.options.taste.signals,
      mostUnclicked: () => tuningOf(definitions.forYou).mostUnclicked,
    });
  }

  static async open(lists: Partial<ListSettings> = {}): Promise<EvaluatedEngine> {
    const made: AskedLists[] = [];
    const topology = buildRecommendationTopology({
      serdes: createSerdes(createFileSchemaSource()),
      partitions: 1,
      cacheMaxBytes: CACHE_MAX_BYTES,
      lists,
      listMakers: {
        visitors: (options) => {
          const maker = new AskedLists(options);
          made.push(maker);
          return maker;
        },
        items: () => ({ itemsPublished() {}, itemsOf: () => [], keysOf: () => [], republish() {} }),
        segments: () => ({ segmentPublished() {}, keysOf: () => [], republish() {} }),
      },
    });
    const database = createMemoryDatabase({ columnFamilies: driverColumnFamilies(topology) });
    const driver = await TopologyTestDriver.open({
      topology,
      database,
      partitions: 1,
      clock: new MovedClock(),
      mode: 'replay',
      recordsPerBatch: RECORDS_PER_BATCH,
    });
    return new EvaluatedEngine(driver, database, made[0]!, { ...DEFAULT_LIST_SETTINGS, ...lists }.halfLives);
  }

  /** Takes an event, to be learned with the others before the next question. */
  learn<T extends LearnStep['topic']>({ topic, key, value, at }: LearnStep<T>): void {
    const bytes = value === null ? null : this.#serdes[topic].serialize(value);
    this.#pending.push({ topic, key, value: bytes, timestampMs: at });
  }

  /** Number of events that were taken and are not yet learned. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Learns what is pending. */
  async flush(): Promise<void> {
    const records = this.#pending;
    if (records.length === 0) return;
    this.#pending = [];
    let newestMs = this.#driver.clock.nowMs();
    for (const { timestampMs } of records) if (timestampMs > newestMs) newestMs = timestampMs;
    this.#driver.clock.advanceTo(newestMs);
    await this.#driver.pipe(...records);
  }

  /** Lets what waits for stream time happen, as after a pause of the input. */
  async settle(): Promise<void> {
    await this.flush();
    const newestMs = this.#driver.engine.newestEventMs;
    if (newestMs !== undefined) await this.#driver.engine.finish(newestMs);
  }

  /** The lists for a question, in the order of these algorithms; `undefined` where nothing is known to make one from. Learns nothing. */
  answers(question: AskStep, algorithms: readonly Algorithm[]): (AskedList | undefined)[] {
    const profile = this.#profileFor(question);
    return algorithms.map((algorithm) => profile && this.#maker.list(profile, algorithm));
  }

  /** What is known of the visitor when the question is put. */
  #profileFor({ visitorId, since, at }: AskStep): Profile | undefined {
    const stored = visitorId === undefined ? undefined : this.#profile(visitorId);
    if (since.length === 0) return stored;
    const profile = stored === undefined ? emptyProfile() : copyOf(stored);
    this.#probeDeltas.begin(at);
    for (const [offset, click] of since.entries())
      this.#prober.click(profile, click, {
        at: click.at,
        topic: 'clicks',
        partition: 0,
        offset,
        eventId: click.eventId,
      });
    return profile;
  }

  #profile(visitorId: string): Profile | undefined {
    const profiles = this.#driver.store<KeyValueStore<Profile>>(STORES.profiles);
    profiles.load([visitorId]);
    return profiles.get(visitorId);
  }

  /** What is kept, encoded and uncompressed. */
  stateBytes(): StateBytes {
    const sizes = new Map(this.#database.sizes().map(({ columnFamily, ...size }) => [columnFamily, size]));
    const of = (name: string) => sizes.get(name) ?? { bytes: 0, keys: 0 };
    return {
      items: of(STORES.rows).keys,
      rowBytes: of(STORES.rows).bytes,
      neighboursBytes: of(GLOBAL_STORES.neighbours).bytes,
      visitors: of(STORES.profiles).keys,
      profileBytes: of(STORES.profiles).bytes,
    };
  }

  /** What lists cost, asked for once more with everything decoded. */
  listCost(questions: readonly AskStep[]): ListCost {
    const profiles = questions.map((question) => this.#profileFor(question)).filter((profile) => profile !== undefined);
    const usPerList: { [algorithm: string]: number } = {};
    for (const algorithm of ALGORITHMS) {
      const list = (profile: Profile) => void this.#maker.list(profile, algorithm);
      profiles.forEach(list);
      usPerList[algorithm] = medianUs(profiles, list);
    }
    const stores = this.#driver.engine.globals!.stores();
    const neighbours = stores.get(GLOBAL_STORES.neighbours) as ReadOnlyStore<NeighbourRecord>;
    const encoded = profiles.map((profile) => encodedRecords(profile, neighbours));
    const decode = (records: readonly Uint8Array[]) => {
      for (const bytes of records) neighbourSerde.deserialize(bytes);
    };
    const { index, listLength } = this.#maker.options;
    const ranker = stores.get(GLOBAL_STORES.ranker) as ReadOnlyStore<ServedRanker>;
    const scoringUsPerList = scoringCost({
      profiles,
      index,
      neighbours,
      ranker: ranker.get(RANKER_KEY),
      length: listLength,
    });
    return { usPerList, scoringUsPerList, decodingUsPerList: medianUs(encoded, decode) };
  }

  /** What updates cost, see {@link measureUpdates}. */
  updateCost(events: readonly LearnStep[]): UpdateCost | undefined {
    const rows = this.#driver.store<KeyValueStore<ItemRow>>(STORES.rows);
    const { index } = this.#maker.options;
    return measureUpdates({
      events,
      halfLives: this.#halfLives,
      updaterOf: (deltas) => this.#updaterOf(deltas),
      rowOf: (item) => {
        const row = rows.get(item);
        return row && rowSerde.deserialize(rowSerde.serialize(row));
      },
      publish: (item, row) =>
        neighbourRecordOf(item, row, this.#halfLives.rowsMs, (hash, atMs) => index.countOf(hash, atMs)),
    });
  }

  /** What was refused: a data set should have nothing of it. */
  get refused(): number {
    return this.#driver.deadLetters().length;
  }

  close(): void {
    this.#driver.close();
  }
}

/** Stands in for the maker that publishes, and has lists made by it on demand. */
class AskedLists implements VisitorListMaker {
  readonly options: ListMakerOptions;
  readonly #lists: VisitorLists;
  #context: ProcessorContext | undefined;

  constructor(options: ListMakerOptions) {
    this.options = options;
    this.#lists = new VisitorLists(options);
  }

  list(profile: Profile, algorithm: Algorithm): AskedList | undefined {
    return this.#context === undefined ? undefined : this.#lists.listFor(profile, this.#context, algorithm);
  }

  visitorsChanged(_changed: unknown, context: ProcessorContext): void {
    this.#context = context;
  }

  listsDue(): number {
    return 0;
  }

  visitorsOf(): readonly string[] {
    return [];
  }

  keysOf(): readonly string[] {
    return [];
  }

  republish(): void {}
}

/** The records of a list's query as they are stored. */
function encodedRecords(profile: Profile, neighbours: ReadOnlyStore<NeighbourRecord>): Uint8Array[] {
  const encoded: Uint8Array[] = [];
  for (const { itemId } of dealingsOf(profile)) {
    const record = neighbours.get(itemId);
    if (record !== undefined) encoded.push(neighbourSerde.serialize(record));
  }
  return encoded;
}

function copyOf(profile: Profile): Profile {
  return profileSerde.deserialize(profileSerde.serialize(profile));
}
