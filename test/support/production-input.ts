// The source topics of an application as another program reads them: kafkajs's own consumer and the registry's own client.

import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import kafkajs, { type Admin, type Consumer } from 'kafkajs';
import type { Config } from '../../app/config.ts';
import { sourceTopicName } from '../../app/kafka.ts';
import { type SourceTopic, sourceTopics } from '../../schemas/index.ts';
import { poll } from './redis-topologies.ts';

/** A record as the topic has it. */
export interface InputRecord {
  readonly topic: SourceTopic;
  readonly key: string | undefined;
  /** `null` is a tombstone. */
  readonly value: unknown;
}

export class ProductionInput {
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #registry: SchemaRegistry;
  readonly #logical: ReadonlyMap<string, SourceTopic>;
  /** Next offset by partition. */
  readonly #positions = new Map<string, number>();
  readonly #partitions = new Map<string, InputRecord[]>();

  private constructor(config: Config) {
    this.#logical = new Map(sourceTopics.map((topic) => [sourceTopicName(config, topic), topic]));
    const kafka = new kafkajs.Kafka({ brokers: [config.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
    this.#consumer = kafka.consumer({ groupId: `${config.appId}-oracle`, maxWaitTimeInMs: 200 });
    this.#admin = kafka.admin();
    this.#registry = new SchemaRegistry({ host: config.registryUrl });
  }

  /** Reads from the topics' start, and follows. */
  static async open(config: Config): Promise<ProductionInput> {
    const input = new ProductionInput(config);
    await Promise.all([input.#admin.connect(), input.#consumer.connect()]);
    await input.#consumer.subscribe({ topics: [...input.#logical.keys()], fromBeginning: true });
    await input.#consumer.run({ autoCommit: false, eachBatch: ({ batch }) => input.#take(batch) });
    return input;
  }

  /** Everything up to the topics' present ends: of each partition in its order, one partition after the other. */
  async records(): Promise<readonly InputRecord[]> {
    const ends = new Map<string, number>();
    for (const topic of this.#logical.keys())
      for (const { partition, high } of await this.#admin.fetchTopicOffsets(topic))
        ends.set(`${topic}/${partition}`, Number(high));
    await poll(
      'the oracle to have read all input',
      async () => [...ends].every(([place, end]) => (this.#positions.get(place) ?? 0) >= end),
      60_000,
    );
    return [...this.#partitions.keys()].sort().flatMap((place) => this.#partitions.get(place)!);
  }

  async close(): Promise<void> {
    await Promise.all([this.#consumer.disconnect(), this.#admin.disconnect()]);
  }

  async #take(batch: kafkajs.Batch): Promise<void> {
    const place = `${batch.topic}/${batch.partition}`;
    const records = this.#partitions.get(place) ?? [];
    this.#partitions.set(place, records);
    const next = this.#positions.get(place) ?? 0;
    for (const { key, value, offset } of batch.messages) {
      if (Number(offset) < next) continue;
      records.push({
        topic: this.#logical.get(batch.topic)!,
        key: key?.toString(),
        value: value === null ? null : await this.#registry.decode(value),
      });
    }
    this.#positions.set(place, Math.max(next, Number(batch.lastOffset()) + 1));
  }
}
