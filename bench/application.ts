// One application on the local stack: topics, schemas and state of its own, so that a round starts with nothing.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { openRedisLists } from '../app/redis.ts';
import { silentLogger } from '../engine/api/index.ts';
import type { RedisListStore } from '../lists/index.ts';
import { type Application, createApplication, type ProductionStack } from '../test/support/production-stack.ts';
import { EngineInstance } from './engine-instance.ts';
import { EventSender } from './event-sender.ts';
import { poll } from './poll.ts';

/** Partitions of every topic: those of the local stack. */
export const PARTITIONS = 4;
/** Longest that anything may take that is waited for. */
const LONGEST_WAIT_MS = 600_000;

export interface RunOptions {
  readonly stack: ProductionStack;
  /** For the state of instances. */
  readonly directory: string;
  readonly profileDirectory?: string | undefined;
}

let rounds = 0;

/** A round under way. */
export class Run {
  readonly stack: ProductionStack;
  readonly application: Application;
  readonly sender: EventSender;
  readonly lists: RedisListStore;
  readonly instances: EngineInstance[] = [];
  readonly #options: RunOptions;

  private constructor(options: RunOptions, application: Application, sender: EventSender, lists: RedisListStore) {
    this.#options = options;
    this.stack = options.stack;
    this.application = application;
    this.sender = sender;
    this.lists = lists;
  }

  /** Makes an application with a name of its own. */
  static async open(options: RunOptions, settings: Readonly<{ [name: string]: string }> = {}): Promise<Run> {
    rounds += 1;
    const application = await createApplication(options.stack, `bench-${process.pid}-${rounds}`, {
      FRESHET_PARTITIONS: String(PARTITIONS),
      ...settings,
    });
    const sender = await EventSender.open(application.config);
    return new Run(options, application, sender, await openRedisLists(application.config, silentLogger));
  }

  start(name: string): EngineInstance {
    const instance = new EngineInstance({
      directory: join(this.#options.directory, this.application.config.appId, name),
      environment: this.application.environment,
      profileDirectory: this.#options.profileDirectory,
    });
    this.instances.push(instance);
    return instance;
  }

  /** Whether each task runs on one of the instances. */
  isRunning(): boolean {
    const active = this.instances.flatMap(({ view }) => view?.tasks ?? []).filter(({ role }) => role === 'active');
    return active.length === PARTITIONS && active.every(({ status }) => status === 'RUNNING');
  }

  /** Whether each of the instances has some of the tasks, as far as there are enough. */
  isSpread(): boolean {
    const withTasks = this.instances.filter(({ view }) => view?.tasks.some(({ role }) => role === 'active'));
    return withTasks.length === Math.min(this.instances.length, PARTITIONS);
  }

  /** Whether all tasks run and nothing waits to be processed or published. */
  isDrained(): boolean {
    return (
      this.isRunning() &&
      this.instances.every(
        ({ view }) =>
          view === undefined ||
          (view.lag === 0 && view.tablesLag === 0 && view.tasks.every(({ waitingLists }) => waitingLists === 0)),
      )
    );
  }

  /** Records of all topics that wait to be processed. */
  lag(): number {
    let lag = 0;
    for (const { view } of this.instances) lag += view?.lag ?? 0;
    return lag;
  }

  /** Records of visitors that the instances have committed. */
  counted(): number {
    let count = 0;
    for (const { view } of this.instances)
      for (const [topic, records] of Object.entries(view?.records ?? {}))
        if (this.sender.sent.has(topic)) count += records;
    return count;
  }

  /** Resolves when all that was sent is counted and published. */
  async drained(): Promise<void> {
    await poll(
      'everything to be counted and published',
      () => this.isDrained() && this.counted() >= this.sender.total,
      LONGEST_WAIT_MS,
    );
  }

  /** The same where what a killed instance counted is not known. */
  async drainedAfterKill(): Promise<void> {
    await poll('everything to be published', () => this.isDrained(), LONGEST_WAIT_MS);
  }

  /** Ends the instances and forgets everything that is on our side of the servers; topics are deleted. */
  async close(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
    await this.lists.close();
    await this.sender.close();
    const { appId, kafkaBrokers } = this.application.config;
    await rm(join(this.#options.directory, appId), { recursive: true, force: true });
    const kafka = new kafkajs.Kafka({ brokers: [kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(`${appId}-`));
    await admin.deleteTopics({ topics });
    await admin.disconnect();
  }
}
