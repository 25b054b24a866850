// How producers outside the topology append to Kafka: one request at a time through an idempotent producer of kafkajs.
//
// After a failure the producer's sequence numbers are not to be trusted (a later batch can be taken for the lost one and be
// dropped without an error), so it is replaced; the caller does not know whether the records are there and may append them
// again, which consumers tell by their event ids.

import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { EngineError, type LogAppender, type ProducerRecord, partitionOf, type TopicPartition } from '../api/index.ts';
import { createKafka, type KafkaClientOptions } from './client.ts';

export interface KafkaAppenderOptions {
  readonly client: KafkaClientOptions;
  /** Physical name of a topic. */
  topicName(topic: string): string;
}

export class KafkaAppender implements LogAppender {
  readonly #options: KafkaAppenderOptions;
  readonly #kafka: Kafka;
  readonly #partitions = new Map<string, number>();
  #producer: Producer | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: KafkaAppenderOptions) {
    this.#options = options;
    this.#kafka = createKafka(options.client);
  }

  /** @throws {EngineError} `BROKER_UNAVAILABLE`, `TOPIC_UNKNOWN` */
  append(records: readonly ProducerRecord[]): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
    const appended = this.#last.then(() => this.#append(records));
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  async #append(
    records: readonly ProducerRecord[],
  ): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
    const places: TopicPartition[] = [];
    const byTopic = new Map<string, kafkajs.Message[]>();
    for (const { topic, partition, key, value, timestampMs, headers } of records) {
      const count = await this.#partitionsOf(topic);
      const place = partition ?? (key === undefined ? 0 : partitionOf(key, count));
      places.push({ topic, partition: place });
      const messages = byTopic.get(topic) ?? [];
      byTopic.set(topic, messages);
      messages.push({
        key: key ?? null,
        value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        partition: place,
        timestamp: String(timestampMs),
        ...(headers !== undefined && { headers: { ...headers } }),
      });
    }
    const answers = await this.#send(
      Array.from(byTopic, ([topic, messages]) => ({ topic: this.#options.topicName(topic), messages })),
    );
    const next = new Map<string, number>();
    for (const { topicName, partition, baseOffset } of answers)
      next.set(`${topicName}/${partition}`, Number(baseOffset ?? 0));
    return places.map(({ topic, partition }) => {
      const id = `${this.#options.topicName(topic)}/${partition}`;
      const offset = next.get(id) ?? 0;
      next.set(id, offset + 1);
      return { topic, partition, offset };
    });
  }

  async #send(topicMessages: kafkajs.TopicMessages[]): Promise<kafkajs.RecordMetadata[]> {
    try {
      this.#producer ??= await this.#connect();
      return await this.#producer.sendBatch({ topicMessages, acks: -1 });
    } catch (cause) {
      const failed = this.#producer;
      this.#producer = undefined;
      await failed?.disconnect().catch(() => undefined);
      throw new EngineError('BROKER_UNAVAILABLE', `records could not be appended: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitions.get(topic);
    if (known !== undefined) return known;
    const name = this.#options.topicName(topic);
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
      const count = topics[0]?.partitions.length ?? 0;
      this.#partitions.set(topic, count);
      return count;
    } catch (cause) {
      throw new EngineError('TOPIC_UNKNOWN', `topic ${name} cannot be looked up: ${(cause as Error).message}`, {
        cause,
        context: { topic: name },
      });
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  /** Waits for what is under way, and disconnects. */
  async close(): Promise<void> {
    await this.#last;
    await this.#producer?.disconnect().catch(() => undefined);
    this.#producer = undefined;
  }
}
