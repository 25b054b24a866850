// The shared log on Apache Kafka: readers, a writer for each task, a seat in the group and the topics, under one set of names.
// Logical names (`clicks`) are the engine's, physical ones (`shop-clicks`) the brokers'; they meet here and nowhere else.

import type { Admin } from 'kafkajs';
import {
  type ChangelogPart,
  EngineError,
  type Fetched,
  type FetchRequest,
  type JoinOptions,
  type KnownOffsets,
  type LogReader,
  type LogRecord,
  type OffsetRange,
  type SharedLog,
  type TaskWriter,
  type TopicPartition,
  type TopicSpec,
} from '../api/index.ts';
import type { Compression } from './batch-encoder.ts';
import { BrokerRequests } from './broker-requests.ts';
import { createKafka, type KafkaClientOptions } from './client.ts';
import { LogReader as PhysicalReader } from './log-reader.ts';
import { type GroupMembership, joinGroup } from './membership.ts';
import { NamedReader } from './named-reader.ts';
import { deleteRecords, listRanges } from './offset-ranges.ts';
import { isPermanent, retryUntil } from './retry.ts';
import { claimTask } from './task-writer.ts';
import { topicPlan } from './topic-plan.ts';
import { checkTopics, topicSetting } from './topics.ts';

export interface KafkaLogOptions {
  readonly client: KafkaClientOptions;
  /** Name of the group, and the beginning of the transactional ids `<applicationId>-task-<n>`. */
  readonly applicationId: string;
  /** Physical name of a topic. */
  topicName(spec: TopicSpec): string;
  /** Physical name of the changelog topic. */
  readonly changelogTopic: string;
  /** Logical name of the topic of refused records. */
  readonly deadLetterTopic: string;
  /** Number of tasks, which every partitioned topic has as its number of partitions. */
  readonly tasks: number;
  /**
   * Sees the records of a topic (its logical name) before `fetch` hands them out, which waits for what it returns: for what reading
   * them needs and only a network has.
   */
  onFetched?(topic: string, records: readonly LogRecord[]): Promise<void> | undefined;
  /** @defaultValue `none` */
  readonly compression?: Compression;
  /** A member that is silent for so long has left, ms. @defaultValue 10 000 */
  readonly sessionTimeoutMs?: number;
  /** How long a rebalance waits for the members to join, ms. @defaultValue 30 000 */
  readonly rebalanceTimeoutMs?: number;
  /** How soon a member hears of a rebalance, ms. @defaultValue 1 000 */
  readonly heartbeatIntervalMs?: number;
  /** A transaction that has not ended after so long is aborted, ms. @defaultValue 10 000 */
  readonly transactionTimeoutMs?: number;
}

/** Brokers take batches of 1,048,588 bytes unless told otherwise. */
const MAX_BATCH_BYTES = 900_000;
/** How long `open`, `claim` and questions to the brokers go on trying, ms. */
const PATIENCE_MS = 30_000;
/** Processed records of internal topics are deleted at most so often, ms: each time is a request per broker. */
const RELEASE_INTERVAL_MS = 10_000;

/** Connects when it is opened. See {@link SharedLog}. */
export function createKafkaLog(options: KafkaLogOptions): KafkaLog {
  return new KafkaLog(options);
}

export class KafkaLog implements SharedLog {
  readonly #options: KafkaLogOptions;
  readonly #requests: BrokerRequests;
  readonly #names = new Map<string, string>();
  readonly #specs = new Map<string, TopicSpec>();
  readonly #taskReader: NamedReader;
  readonly #tableReader: NamedReader;
  readonly #released = new Map<string, TopicPartition & { readonly offset: number }>();
  #releasedMs = Number.NEGATIVE_INFINITY;
  #isReleasing = false;
  #tombstoneRetentionMs = 0;
  #membership: GroupMembership | undefined;
  #isClosed = false;

  constructor(options: KafkaLogOptions) {
    this.#options = options;
    this.#requests = new BrokerRequests(options.client);
    this.#taskReader = this.#createReader();
    this.#tableReader = this.#createReader();
  }

  async open(topics: readonly TopicSpec[]): Promise<void> {
    const { client, topicName, changelogTopic } = this.#options;
    if (this.#isClosed) throw new TypeError('the log is closed');
    for (const spec of topics) {
      this.#specs.set(spec.name, spec);
      this.#names.set(spec.name, topicName(spec));
    }
    const admin = createKafka(client).admin();
    try {
      await this.#ask(async () => {
        await admin.connect();
        await this.#check(admin, topics);
        await this.#requests.connect([changelogTopic, ...this.#names.values()]);
      });
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }

  get tables(): LogReader {
    return this.#tableReader;
  }

  get tombstoneRetentionMs(): number {
    return this.#tombstoneRetentionMs;
  }

  /** Fetches that got no answer and were cut. */
  get stalls(): number {
    return this.#taskReader.physical.stalls + this.#tableReader.physical.stalls;
  }

  /** Longest time for which a partition that is being read has had no answer, ms. */
  get fetchAgeMs(): number {
    return Math.max(this.#taskReader.physical.fetchAgeMs, this.#tableReader.physical.fetchAgeMs);
  }

  partitions(topic: string): number {
    return this.#requests.partitions(this.#physical(topic));
  }

  fetch(requests: readonly FetchRequest[]): readonly Fetched[] {
    return this.#taskReader.fetch(requests);
  }

  offsets(partition: TopicPartition): KnownOffsets {
    return this.#taskReader.offsets(partition);
  }

  appended(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#taskReader.appended(timeoutMs, signal);
  }

  fetchChangelog(taskId: number, offset: number, maxRecords: number): ChangelogPart {
    const place = { topic: this.#options.changelogTopic, partition: taskId };
    return this.#taskReader.physical.fetchBinary(place, offset, maxRecords);
  }

  async join(join: JoinOptions): Promise<GroupMembership> {
    const { client, applicationId, changelogTopic, deadLetterTopic } = this.#options;
    const { sessionTimeoutMs = 10_000, rebalanceTimeoutMs = 30_000, heartbeatIntervalMs = 1000 } = this.#options;
    const partitioned = [...this.#specs.values()].filter(
      (spec) => !spec.anyPartitionCount && spec.name !== deadLetterTopic,
    );
    this.#membership = joinGroup({
      client,
      groupId: applicationId,
      topics: { sources: partitioned.map(({ name }) => this.#physical(name)), changelog: changelogTopic },
      topicName: (topic) => this.#physical(topic),
      join,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      heartbeatIntervalMs,
    });
    return this.#membership;
  }

  claim(taskId: number, signal?: AbortSignal): Promise<TaskWriter> {
    const {
      client,
      applicationId,
      changelogTopic,
      compression = 'none',
      transactionTimeoutMs = 10_000,
    } = this.#options;
    return claimTask({
      client: { ...client, requestTimeoutMs: Math.min(client.requestTimeoutMs, transactionTimeoutMs) },
      applicationId,
      taskId,
      changelogTopic,
      topics: new Map([...this.#names].filter(([name]) => this.#specs.get(name)!.written === true)),
      transactionTimeoutMs,
      claimTimeoutMs: PATIENCE_MS,
      signal,
      maxBatchBytes: MAX_BATCH_BYTES,
      compression,
      nowMs: Date.now,
    });
  }

  ranges(partitions: readonly TopicPartition[], signal?: AbortSignal): Promise<readonly OffsetRange[]> {
    const places = partitions.map(({ topic, partition }) => ({ topic: this.#physical(topic), partition }));
    return this.#ask(() => listRanges(this.#requests, places), signal);
  }

  async changelogRange(taskId: number, signal?: AbortSignal): Promise<OffsetRange> {
    const place = { topic: this.#options.changelogTopic, partition: taskId };
    const [range] = await this.#ask(() => listRanges(this.#requests, [place]), signal);
    return range!;
  }

  forget(taskId: number): void {
    const places = [...this.#names.values()].map((topic) => ({ topic, partition: taskId }));
    this.#taskReader.physical.forget([...places, { topic: this.#options.changelogTopic, partition: taskId }]);
  }

  release(positions: readonly (TopicPartition & { readonly offset: number })[]): void {
    for (const { topic, partition, offset } of positions) {
      const spec = this.#specs.get(topic);
      if (spec === undefined || !spec.internal || spec.compacted || offset === 0) continue;
      this.#released.set(`${topic}/${partition}`, { topic: this.#physical(topic), partition, offset });
    }
    if (this.#isReleasing || this.#released.size === 0) return;
    if (performance.now() - this.#releasedMs < RELEASE_INTERVAL_MS) return;
    void this.#delete([...this.#released.values()]);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#membership?.leave();
    await Promise.all([
      this.#taskReader.physical.close(),
      this.#tableReader.physical.close(),
      this.#requests.disconnect(),
    ]);
  }

  #createReader(): NamedReader {
    const { client, changelogTopic, onFetched } = this.#options;
    const logical = (topic: string) => reader.logical(topic);
    const physical = new PhysicalReader({
      ...client,
      binaryTopics: new Set([changelogTopic]),
      ...(onFetched === undefined ? {} : { onFetched: (topic, records) => onFetched(logical(topic), records) }),
    });
    const reader = new NamedReader(physical, this.#names);
    return reader;
  }

  async #check(admin: Admin, topics: readonly TopicSpec[]): Promise<void> {
    const { changelogTopic } = this.#options;
    await checkTopics(admin, topicPlan(topics, this.#options));
    // A shop may keep deletions for a shorter time in its own topics: the shortest holds for all.
    const compacted = topics.filter((spec) => spec.compacted).map(({ name }) => this.#physical(name));
    const retentions = await Promise.all(
      [changelogTopic, ...compacted].map((topic) => tombstoneRetention(admin, topic)),
    );
    this.#tombstoneRetentionMs = Math.min(...retentions);
  }

  /** Asks the brokers, with new connections and metadata after a failure. @throws {EngineError} `BROKER_UNAVAILABLE` */
  async #ask<T>(question: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    try {
      return await retryUntil(
        deadlineMs,
        async () => {
          if (this.#isClosed) throw new EngineError('BROKER_UNAVAILABLE', 'the log is closed');
          try {
            return await question();
          } catch (error) {
            if (!isPermanent(error)) await this.#reconnect();
            throw error;
          }
        },
        signal,
      );
    } catch (cause) {
      if (cause instanceof EngineError || cause instanceof TypeError) throw cause;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError('BROKER_UNAVAILABLE', `the brokers do not answer: ${text}`, { cause });
    }
  }

  async #delete(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    this.#isReleasing = true;
    this.#releasedMs = performance.now();
    this.#released.clear();
    try {
      await deleteRecords(this.#requests, positions);
    } catch (error) {
      // The next positions are beyond these. Leaders may have moved.
      this.#options.client.logger.warn('kafka.release-failed', { error: error instanceof Error ? error.message : '' });
      await this.#reconnect();
    } finally {
      this.#isReleasing = false;
    }
  }

  async #reconnect(): Promise<void> {
    if (!this.#isClosed) await this.#requests.connect([]).catch(() => {});
  }

  #physical(topic: string): string {
    const name = this.#names.get(topic);
    if (name === undefined) throw new EngineError('TOPIC_UNKNOWN', `no topic ${topic} is open`, { context: { topic } });
    return name;
  }
}

async function tombstoneRetention(admin: Admin, topic: string): Promise<number> {
  const retentionMs = Number(await topicSetting(admin, topic, 'delete.retention.ms'));
  if (Number.isFinite(retentionMs)) return retentionMs;
  throw new EngineError('TOPIC_SETTINGS_WRONG', `topic ${topic} tells no delete.retention.ms`, { context: { topic } });
}
