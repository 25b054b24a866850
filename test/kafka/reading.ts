// What the tests of the reader share: a reader of a topic that keeps its positions, and kafkajs's client to write with.

import type { Kafka } from 'kafkajs';
import { type LogRecord, silentLogger } from '../../engine/api/index.ts';
import { createKafka, type KafkaClientOptions } from '../../engine/kafka/client.ts';
import { LogReader, type LogReaderOptions } from '../../engine/kafka/log-reader.ts';
import type { Owner } from '../support/kafka-server.ts';

export function clientOptions(bootstrap: string): KafkaClientOptions {
  return {
    brokers: [bootstrap],
    clientId: 'test',
    connectionTimeoutMs: 1000,
    requestTimeoutMs: 3000,
    logger: silentLogger,
  };
}

export const kafkaOf = (bootstrap: string): Kafka => createKafka(clientOptions(bootstrap));

export function openReader(owner: Owner, bootstrap: string, options: Partial<LogReaderOptions> = {}): LogReader {
  const reader = new LogReader({ ...clientOptions(bootstrap), binaryTopics: new Set(), ...options });
  owner.after(() => reader.close());
  return reader;
}

const never = new AbortController().signal;

/** Reads some partitions of a topic on and on, each from its own position. */
export class Following {
  readonly records: LogRecord[][];
  readonly positions: number[];
  readonly #reader: LogReader;
  readonly #topic: string;
  readonly #maxRecords: number;

  constructor(reader: LogReader, topic: string, positions: readonly number[] = [0], maxRecords = 500) {
    this.#reader = reader;
    this.#topic = topic;
    this.positions = [...positions];
    this.records = positions.map(() => []);
    this.#maxRecords = maxRecords;
  }

  /** One fetch. How many records it gave. */
  fetch(): number {
    const requests = this.positions.map((offset, partition) => ({
      topic: this.#topic,
      partition,
      offset,
      maxRecords: this.#maxRecords,
    }));
    let count = 0;
    this.#reader.fetch(requests).forEach(({ records, next }, partition) => {
      this.positions[partition] = next;
      this.records[partition]!.push(...records);
      count += records.length;
    });
    return count;
  }

  /** Reads until the condition holds. @throws after `timeoutMs`. */
  async until(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const count = this.fetch();
      if (condition()) return;
      if (performance.now() > deadline)
        throw new Error(`not reached in ${timeoutMs} ms: positions ${this.positions.join(', ')}`);
      if (count === 0) await this.#reader.appended(200, never);
    }
  }

  /** Values as text. */
  values(partition = 0): string[] {
    return this.records[partition]!.map(({ value }) => (value === null ? 'null' : Buffer.from(value).toString()));
  }
}
