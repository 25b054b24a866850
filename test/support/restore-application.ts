// The application of restore-topology.ts on a broker: its topics, its events together with what they must come to, what its
// changelog holds, and the segment files of the broker as they are on disk.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs, { type Admin, type Producer } from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { type ChangelogRecord, type OffsetRange, partitionOf, silentLogger } from '../../engine/api/index.ts';
import { topicsOf } from '../../engine/graph/topology.ts';
import {
  createKafka,
  createTopics,
  type KafkaLogOptions,
  KafkaLogReader,
  topicPlan,
} from '../../engine/kafka/index.ts';
import type { Owner } from './kafka-server.ts';
import { type Count, countingTopology, type Event, NaiveCounts } from './restore-topology.ts';

/** Changelog settings under which what is superseded goes soon, and deletions too. */
export const QUICK_COMPACTION: Settings = {
  'segment.ms': '100',
  'min.cleanable.dirty.ratio': '0.01',
  'min.compaction.lag.ms': '0',
  'delete.retention.ms': '500',
};

export type Settings = Readonly<{ [name: string]: string }>;

export interface ApplicationOptions {
  readonly tasks?: number;
  /** Settings of the changelog beside the plan's. */
  readonly changelog?: Settings;
  /** And of the global store's topic. */
  readonly names?: Settings;
}

/** A batch of the changelog as the broker keeps it. */
export interface StoredBatch {
  readonly baseOffset: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly isControl: boolean;
}

/** How an instance of an application reaches it. */
export function logOptionsOf(application: string, tasks: number, bootstrap: string): KafkaLogOptions {
  return {
    client: {
      brokers: [bootstrap],
      clientId: application,
      connectionTimeoutMs: 1000,
      requestTimeoutMs: 5000,
      logger: silentLogger,
    },
    applicationId: application,
    topicName: ({ name }) => `${application}-${name}`,
    changelogTopic: `${application}-changelog`,
    deadLetterTopic: 'dead-letters',
    tasks,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    heartbeatIntervalMs: 200,
  };
}

/** The shortest that brokers allow unless told otherwise. */
export const SESSION_TIMEOUT_MS = 6_000;

const never = new AbortController().signal;
let applications = 0;

export class Application {
  readonly name: string;
  readonly tasks: number;
  readonly kafka: KafkaServer;
  readonly owner: Owner;
  readonly expected = new NaiveCounts();
  readonly admin: Admin;
  readonly #options: ApplicationOptions;
  #producer: Producer;

  private constructor(owner: Owner, kafka: KafkaServer, options: ApplicationOptions) {
    this.name = `app${++applications}`;
    this.tasks = options.tasks ?? 2;
    this.kafka = kafka;
    this.owner = owner;
    this.#options = options;
    const client = createKafka(this.client);
    this.admin = client.admin();
    this.#producer = client.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
  }

  static async create(owner: Owner, kafka: KafkaServer, options: ApplicationOptions = {}): Promise<Application> {
    const application = new Application(owner, kafka, options);
    const { admin } = application;
    await admin.connect();
    owner.after(() => admin.disconnect());
    await application.createTopics();
    await application.#producer.connect();
    owner.after(() => application.#producer.disconnect());
    return application;
  }

  get client(): KafkaLogOptions['client'] {
    return this.logOptions.client;
  }

  get logOptions(): KafkaLogOptions {
    return logOptionsOf(this.name, this.tasks, this.kafka.bootstrap);
  }

  /** Physical name of a topic. */
  topic(name: string): string {
    return `${this.name}-${name}`;
  }

  /** Makes the topics that are missing. */
  async createTopics(): Promise<void> {
    const plan = topicPlan(topicsOf(countingTopology(), this.tasks), this.logOptions).map((topic) => {
      const more =
        topic.name === this.topic('changelog')
          ? this.#options.changelog
          : topic.name === this.topic('names')
            ? this.#options.names
            : undefined;
      return { ...topic, settings: { ...topic.settings, ...more } };
    });
    await createTopics(this.admin, plan);
  }

  /** Appends events, and counts them in `expected`. */
  async send(events: readonly (readonly [key: string, event: Event])[]): Promise<void> {
    for (const [key, event] of events) this.expected.add(key, event);
    await this.write(
      'events',
      events.map(([key, event]) => [key, event]),
    );
  }

  async write(topic: string, entries: readonly (readonly [key: string, value: unknown])[]): Promise<void> {
    const messages = entries.map(([key, value]) => ({
      key,
      value: value === null ? null : JSON.stringify(value),
      partition: partitionOf(key, this.tasks),
    }));
    await this.#producer.send({ topic: this.topic(topic), messages });
  }

  async set(topic: string, settings: Settings): Promise<void> {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await this.admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: this.topic(topic), configEntries }],
    });
  }

  /** Deletes the records below `offset`, which brokers do only where time may delete too. */
  async deleteRecords(topic: string, partition: number, offset: number): Promise<void> {
    const { resources } = await this.admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: this.topic(topic) }],
    });
    // 1: set for this topic alone.
    const own = resources[0]!.configEntries.filter((entry) => Number(entry.configSource) === 1);
    const before = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
    await this.set(topic, { ...before, 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' });
    await this.admin.deleteTopicRecords({
      topic: this.topic(topic),
      partitions: [{ partition, offset: String(offset) }],
    });
    await this.set(topic, before);
  }

  reader(): KafkaLogReader {
    const reader = new KafkaLogReader({ ...this.client, binaryTopics: new Set([this.topic('changelog')]) });
    this.owner.after(() => reader.close());
    return reader;
  }

  async range(topic: string, partition: number): Promise<OffsetRange> {
    const offsets = await this.admin.fetchTopicOffsets(this.topic(topic));
    const found = offsets.find((place) => place.partition === partition)!;
    return { start: Number(found.low), end: Number(found.offset) };
  }

  /** All records that the changelog holds of a task, in order. */
  async changelog(task: number): Promise<readonly ChangelogRecord[]> {
    const reader = this.reader();
    const { start, end } = await this.range('changelog', task);
    const records: ChangelogRecord[] = [];
    for (let offset = start; offset < end; ) {
      const part = reader.fetchBinary({ topic: this.topic('changelog'), partition: task }, offset, 10_000);
      records.push(...part.records);
      if (part.next === offset) await reader.appended(200, never);
      offset = part.next;
    }
    await reader.close();
    return records;
  }

  /** The state that the changelogs of all tasks add up to. */
  async state(): Promise<{ counts: Map<string, number>; groups: Map<string, number> }> {
    const counts = new Map<string, number>();
    const groups = new Map<string, number>();
    for (let task = 0; task < this.tasks; task++) {
      for (const { key, value } of await this.changelog(task)) {
        const store = Buffer.from(key.subarray(1, 1 + key[0]!)).toString();
        // Behind the store's name: two bytes of the task's number.
        const name = Buffer.from(key.subarray(3 + key[0]!)).toString();
        const text = value === null ? null : Buffer.from(value).toString();
        if (store === 'counts') {
          if (text === null) counts.delete(name);
          else counts.set(name, (JSON.parse(text) as Count).n);
        } else if (store === 'groups') {
          if (text === null) groups.delete(name);
          else groups.set(name, Number(text));
        }
      }
    }
    return { counts, groups };
  }

  /** The batches of a changelog partition, read from the broker's files: as the brokers see them, committed or not. */
  storedBatches(task: number): readonly StoredBatch[] {
    const directory = join(this.kafka.directory, 'data', `${this.topic('changelog')}-${task}`);
    const batches: StoredBatch[] = [];
    for (const file of readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .sort()) {
      const bytes = readFileSync(join(directory, file));
      for (let at = 0; at + 61 <= bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
        batches.push({
          baseOffset: Number(bytes.readBigInt64BE(at)),
          isControl: (bytes.readInt16BE(at + 21) & 0x20) !== 0,
          producerId: String(bytes.readBigInt64BE(at + 43)),
          producerEpoch: bytes.readInt16BE(at + 51),
        });
      }
    }
    return batches;
  }
}

/** Keys on which two states differ, with both values. */
export function differences(
  actual: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
): readonly string[] {
  const keys = new Set([...actual.keys(), ...expected.keys()]);
  return [...keys]
    .filter((key) => actual.get(key) !== expected.get(key))
    .map((key) => `${key}: ${actual.get(key)} instead of ${expected.get(key)}`);
}
