// A whole application under load, to be hurt: engine instances in processes of their own, a shop that sends, a watcher of Redis, and
// the verdict. The verdict is given on what has been read and written until now, so it can be asked for again and again.

import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import type { Config } from '../../app/config.ts';
import { topicName } from '../../app/kafka.ts';
import { silentLogger } from '../../engine/api/index.ts';
import { topicsOf } from '../../engine/graph/index.ts';
import { createRedisListStore, type ListEntry, type RedisListStore, redisOptionsFromUrl } from '../../lists/index.ts';
import { DEFAULT_HALF_LIVES } from '../../processors/decay.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';
import type { Owner } from './kafka-server.ts';
import { compareState } from './production-comparison.ts';
import { ProductionInput } from './production-input.ts';
import { EngineInstance } from './production-instance.ts';
import { entriesAhead, expectedLists, listDifferences, staleEntries } from './production-lists.ts';
import { ProductionLoad } from './production-load.ts';
import { expectedState } from './production-oracle.ts';
import { type Application, createApplication, type Environment, type ProductionStack } from './production-stack.ts';
import { differences, StateReader } from './production-state.ts';
import { VersionWatcher } from './production-watcher.ts';
import { poll } from './redis-topologies.ts';

export interface RigOptions {
  readonly appId: string;
  readonly instances: number;
  readonly partitions: number;
  readonly eventsPerSecond: number;
  readonly seed: number;
  readonly settings?: Environment;
}

/** What a verdict was found on. */
export interface Verdict {
  /** Empty when all is well. */
  readonly faults: readonly string[];
  readonly counts: Readonly<{ [kind: string]: number }>;
}

const START_MS = 240_000;
const DRAIN_MS = 300_000;
const REPAIR_MS = 180_000;
/** Shorter than a session, after which others commit the same numbers. */
const MARKS_MS = 3_000;
/** The rig itself has to get its answer on a machine that is busy with what it judges. */
const READ_MS = 30_000;
const FAULTS_TOLD = 12;

export class ProductionRig {
  readonly application: Application;
  readonly instances: readonly EngineInstance[];
  readonly load: ProductionLoad;
  readonly watcher: VersionWatcher;
  readonly #options: RigOptions;
  readonly #input: ProductionInput;
  readonly #state: StateReader;
  readonly #admin: Admin;
  readonly #lists: RedisListStore;
  readonly #topics: readonly string[];
  #isSettled = true;

  private constructor(
    options: RigOptions,
    application: Application,
    parts: { input: ProductionInput; state: StateReader; load: ProductionLoad; admin: Admin; lists: RedisListStore },
  ) {
    const { config, environment } = application;
    this.#options = options;
    this.application = application;
    this.#input = parts.input;
    this.#state = parts.state;
    this.#admin = parts.admin;
    this.#lists = parts.lists;
    this.load = parts.load;
    this.watcher = new VersionWatcher(config.redisUrl, `freshet:${config.appId}:`);
    this.instances = Array.from(
      { length: options.instances },
      (_, i) => new EngineInstance(`engine-${i}`, environment),
    );
    const topology = buildRecommendationTopology({
      serdes: createSerdes(createFileSchemaSource()),
      cacheMaxBytes: 0,
      partitions: config.partitions,
    });
    const read = new Set(topology.nodes.flatMap((node) => (node.kind === 'source' ? [node.topic] : [])));
    this.#topics = topicsOf(topology, config.partitions)
      .filter(({ name }) => read.has(name))
      .map((spec) => topicName(config, spec));
  }

  /** Makes the application and starts its instances. Everything ends with the owner. */
  static async open(owner: Owner, stack: ProductionStack, options: RigOptions): Promise<ProductionRig> {
    const application = await createApplication(stack, options.appId, {
      FRESHET_PARTITIONS: String(options.partitions),
      FRESHET_SESSION_TIMEOUT_MS: '6000',
      FRESHET_CACHE_MAX_MB: '64',
      FRESHET_LOG_LEVEL: 'warn',
      ...options.settings,
    });
    const { config } = application;
    const admin = new kafkajs.Kafka({ brokers: [config.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    const { target } = redisOptionsFromUrl(config.redisUrl);
    const keyPrefix = `freshet:${config.appId}:`;
    const [load, input, state, lists] = await Promise.all([
      ProductionLoad.open(config, options.seed, () => processedClicks(admin, config)),
      ProductionInput.open(config),
      StateReader.open(config),
      createRedisListStore({ target, keyPrefix, timeoutMs: READ_MS, logger: silentLogger }),
      admin.connect(),
    ]);
    const rig = new ProductionRig(options, application, { input, state, load, admin, lists });
    owner.after(() => rig.close());
    for (const instance of rig.instances) instance.start();
    await rig.allTasksRun();
    return rig;
  }

  /** Each task runs in one place, as far as the instances have told. */
  allTasksRun(): Promise<void> {
    return this.#until('every task to run', START_MS, async () => {
      const tasks = this.instances.flatMap(({ runningTasks }) => runningTasks.map(({ taskId }) => taskId));
      return tasks.length === this.#options.partitions && new Set(tasks).size === this.#options.partitions;
    });
  }

  /** Clicks that the group has told to be done with. */
  processed(): Promise<number> {
    return processedClicks(this.#admin, this.application.config);
  }

  /** Resolves when so many more clicks have been processed. */
  async progressed(clicks: number): Promise<void> {
    const before = await this.processed();
    await this.#until(
      `${clicks} clicks to be processed`,
      DRAIN_MS,
      async () => (await this.processed()) - before >= clicks,
    );
  }

  /** Lets the shop send, if it does not. */
  resume(): void {
    if (this.#isSettled) this.load.start(this.#options.eventsPerSecond);
    this.#isSettled = false;
  }

  /**
   * Pauses the shop until `resume`, lets everything settle, and holds state and lists against the oracle: the lists as they are, and as
   * they come again after a full refresh, which may be left out.
   */
  async verdict({ isRefreshed = true } = {}): Promise<Verdict> {
    await this.#settled();
    const least = this.#commitNumbers();
    const published = await this.#published();
    if (isRefreshed) await this.watcher.empty();
    const state = await this.#state.restore();
    const expected = expectedState(await this.#input.records(), DEFAULT_HALF_LIVES);
    const compared = compareState(state, expected, DEFAULT_HALF_LIVES);
    const lists = await expectedLists(state);
    const passing = staleEntries(lists, published);
    const faults = [
      ...compared.faults,
      ...passing.faults,
      ...(isRefreshed ? await this.#listFaults(lists, least) : []),
      ...this.watcher.faults,
      ...this.#failures(),
    ];
    const counts = {
      events: expected.events,
      ...compared.counts,
      'published in passing': passing.lists,
      'published again': isRefreshed ? lists.size : 0,
      'changelog records': state.records,
      'risen versions': this.watcher.rises,
    };
    return { faults: told(faults), counts };
  }

  /** Lists that are published, and whose commit is not in the log: what a kill must never leave behind. */
  async publishedAhead(): Promise<string[]> {
    const published = await this.#published();
    let ahead: string[] = [];
    // A commit is acknowledged a moment before readers see it: the broker writes the marks of a transaction afterwards.
    for (const endMs = performance.now() + MARKS_MS; performance.now() < endMs; await sleep(200)) {
      ahead = entriesAhead(published, await this.#state.commitNumbers());
      if (ahead.length === 0) break;
    }
    return ahead;
  }

  /** Ends every instance at once, and holds what each has on its disk, brought up to date, against the changelogs read anew. */
  async disks(): Promise<Verdict> {
    await this.#settled();
    await Promise.all(this.instances.map((instance) => instance.kill()));
    const state = await this.#state.restore();
    const faults: string[] = this.#failures();
    let tasks = 0;
    for (const { dataDir } of this.instances)
      for (const { taskId, database } of await this.#state.resume(dataDir)) {
        tasks += 1;
        faults.push(...differences(taskId, state.tasks[taskId]!.database, database, state.topology));
        await database.close();
      }
    return { faults: told(faults), counts: { 'tasks on disks': tasks } };
  }

  async close(): Promise<void> {
    await this.load.close();
    for (const instance of this.instances) instance.thaw();
    await Promise.all(this.instances.map((instance) => instance.kill()));
    await Promise.all([
      this.watcher.close(),
      this.#input.close(),
      this.#state.close(),
      this.#lists.close(),
      this.#admin.disconnect(),
    ]);
  }

  /** The shop is paused, everything is processed and published, and every table read. */
  async #settled(): Promise<void> {
    if (this.#isSettled) return;
    await this.load.pause();
    await this.allTasksRun();
    await this.#until('everything to be processed', DRAIN_MS, async () => {
      const isQuiet = this.instances.every(
        ({ view }) =>
          view !== undefined && view.tablesLag === 0 && view.tasks.every(({ waitingLists }) => waitingLists === 0),
      );
      return isQuiet && (await this.#lag()) === 0;
    });
    // What waits for its interval of stream time is published within two seconds of the end.
    await sleep(2_500);
    this.#isSettled = true;
  }

  async #lag(): Promise<number> {
    const answers = await this.#admin.fetchOffsets({
      groupId: this.application.config.appId,
      topics: [...this.#topics],
    });
    let lag = 0;
    for (const { topic, partitions } of answers) {
      const ends = new Map(
        (await this.#admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, high]),
      );
      for (const { partition, offset } of partitions)
        lag += Math.max(0, Number(ends.get(partition)) - Math.max(0, Number(offset)));
    }
    return lag;
  }

  #commitNumbers(): Map<number, number> {
    const tasks = this.instances.flatMap(({ runningTasks }) => runningTasks);
    return new Map(tasks.map(({ taskId, commitNumber }) => [taskId, commitNumber]));
  }

  /** Redis has been emptied: waits for everything to be there again. */
  async #listFaults(
    expected: Awaited<ReturnType<typeof expectedLists>>,
    least: ReadonlyMap<number, number>,
  ): Promise<string[]> {
    let faults: string[] = [];
    for (const endMs = performance.now() + REPAIR_MS; performance.now() < endMs; await sleep(250)) {
      faults = listDifferences(expected, await this.#published(), least, this.#commitNumbers());
      if (faults.length === 0) break;
    }
    return faults;
  }

  async #published(): Promise<ListEntry[]> {
    const entries: ListEntry[] = [];
    for await (const entry of this.#lists.entries('')) entries.push(entry);
    return entries;
  }

  #failures(): string[] {
    return this.instances.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
  }

  async #until(name: string, timeoutMs: number, isSo: () => Promise<boolean>): Promise<void> {
    await poll(
      name,
      async () => {
        const [failure] = this.#failures();
        if (failure !== undefined) throw new Error(failure);
        return isSo();
      },
      timeoutMs,
    );
  }
}

async function processedClicks(admin: Admin, config: Config): Promise<number> {
  const clicks = topicName(config, { name: 'clicks', internal: false });
  const [answer] = await admin.fetchOffsets({ groupId: config.appId, topics: [clicks] });
  return answer!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

/** A failure that concerns every list concerns thousands: the first ones say enough. */
function told(faults: readonly string[]): string[] {
  const first = faults.slice(0, FAULTS_TOLD);
  return faults.length > first.length ? [...first, `and ${faults.length - first.length} more`] : first;
}
