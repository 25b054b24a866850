// What a task's writer looks like without the rule of KIP-98 (after a failed send: throw the producer away, claim anew, read the log's
// tail): writers over kafkajs's own transactional producer that answer a failure by sending the same commit again. They are here to be
// wrong. Two ways that look right:
//   retry on the same producer    the transaction is aborted and sent again. kafkajs has taken its sequence numbers back, the broker
//                                 has not: it takes the new batch for the old one, and commits nothing
//   retry on a new producer       the old one is fenced, so nothing of it can come any more; but if its commit had gone through, the
//                                 same outputs are in the log twice

import kafkajs, { type Producer } from 'kafkajs';
import {
  type ChangelogRecord,
  EngineError,
  type ProducerRecord,
  partitionOf,
  type SharedLog,
  type TaskWriter,
} from '../../engine/api/index.ts';
import type { Application } from './restore-application.ts';

export type NaiveRetry = 'same producer' | 'new producer';

const ATTEMPTS = 100;

/** Has a log give out naive writers; `failed` hears of each commit that is going to be sent again. */
export function makeNaive(log: SharedLog, application: Application, retry: NaiveRetry, failed: () => void): void {
  log.claim = async (taskId) => {
    const writer = new NaiveWriter(application, taskId, retry, failed);
    await writer.open();
    return writer;
  };
}

class NaiveWriter implements TaskWriter {
  readonly isUnsettled = false;
  readonly #application: Application;
  readonly #taskId: number;
  readonly #retry: NaiveRetry;
  readonly #failed: () => void;
  #producer: Producer;

  constructor(application: Application, taskId: number, retry: NaiveRetry, failed: () => void) {
    this.#application = application;
    this.#taskId = taskId;
    this.#retry = retry;
    this.#failed = failed;
    this.#producer = this.#createProducer();
  }

  open(): Promise<void> {
    return this.#producer.connect();
  }

  async commit(changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): Promise<number> {
    const topicMessages = this.#messages(changelog, records);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(topicMessages, changelog.length);
      } catch (cause) {
        if (attempt === ATTEMPTS)
          throw new EngineError('COMMIT_UNCERTAIN', 'the naive writer has given up', {
            cause,
            context: { taskId: this.#taskId },
          });
        this.#failed();
        if (this.#retry === 'new producer') await this.#replaceProducer();
      }
    }
  }

  async close(): Promise<void> {
    await this.#producer.disconnect().catch(() => undefined);
  }

  async #attempt(topicMessages: kafkajs.TopicMessages[], changelogRecords: number): Promise<number> {
    const transaction = await this.#producer.transaction();
    let answers: kafkajs.RecordMetadata[];
    try {
      answers = await transaction.sendBatch({ topicMessages, acks: -1 });
    } catch (error) {
      await transaction.abort();
      throw error;
    }
    await transaction.commit();
    const name = this.#application.topic('changelog');
    const answer = answers.find(({ topicName, partition }) => topicName === name && partition === this.#taskId);
    return Number(answer!.baseOffset) + changelogRecords;
  }

  #messages(changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): kafkajs.TopicMessages[] {
    const { tasks } = this.#application;
    const byTopic = new Map<string, kafkajs.Message[]>();
    byTopic.set(
      this.#application.topic('changelog'),
      changelog.map(({ key, value }) => ({
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(value),
        partition: this.#taskId,
      })),
    );
    for (const { topic, partition, key, value, timestampMs } of records) {
      const name = this.#application.topic(topic);
      const messages = byTopic.get(name) ?? [];
      byTopic.set(name, messages);
      messages.push({
        key: key ?? null,
        value: value === null ? null : Buffer.from(value),
        partition: partition ?? partitionOf(key!, tasks),
        timestamp: String(timestampMs),
      });
    }
    return Array.from(byTopic, ([topic, messages]) => ({ topic, messages }));
  }

  #createProducer(): Producer {
    const { client, name } = this.#application;
    const kafka = new kafkajs.Kafka({
      brokers: [...client.brokers],
      requestTimeout: client.requestTimeoutMs,
      logLevel: kafkajs.logLevel.NOTHING,
    });
    return kafka.producer({
      transactionalId: `${name}-task-${this.#taskId}`,
      transactionTimeout: 10_000,
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 20, retries: 2 },
    });
  }

  async #replaceProducer(): Promise<void> {
    await this.close();
    this.#producer = this.#createProducer();
    await this.#producer.connect();
  }
}
