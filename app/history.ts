// History files of the production engine: source events, as tasks commit them, in a folder or a bucket.

import type { Clock, Logger, Metrics, SharedLog, TaskHistory, TopicPartition } from '../engine/api/index.ts';
import { HistoryWriter, type ObjectStore, openObjectStore, type S3Options } from '../engine/archive/index.ts';
import { KafkaLogReader } from '../engine/kafka/index.ts';
import type { RegistrySchemaSource } from '../schemas/index.ts';
import { type Config, ConfigError } from './config.ts';
import { kafkaClientOptions, sourceTopicName } from './kafka.ts';

const RECORDS_PER_FETCH = 2_000;
const WAIT_MS = 1_000;

/** How a bucket is reached, by the settings. */
export const s3Options = ({ historyS3Endpoint, historyS3Region }: Config): S3Options => ({
  endpoint: historyS3Endpoint,
  region: historyS3Region,
});

export interface HistoryOptions {
  readonly config: Config;
  readonly log: SharedLog;
  readonly schemas: RegistrySchemaSource;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** The history of every task of an instance. */
export class ProductionHistory {
  readonly #options: HistoryOptions;
  readonly #store: ObjectStore;
  /** Of its own: it reads behind the tasks. */
  readonly #reader: KafkaLogReader;

  private constructor(options: HistoryOptions, store: ObjectStore) {
    this.#options = options;
    this.#store = store;
    this.#reader = new KafkaLogReader({
      ...kafkaClientOptions(options.config, options.logger),
      binaryTopics: new Set(),
      // It may meet schemas that no task of this process has met, and their values are of no use in a file without them.
      onFetched: (_topic, records) => options.schemas.prepare(records.map(({ value }) => value)),
    });
  }

  /** `undefined` when no place for history is set. @throws {ConfigError} */
  static async open(options: HistoryOptions): Promise<ProductionHistory | undefined> {
    const { history } = options.config;
    if (history === undefined) return undefined;
    try {
      return new ProductionHistory(options, await openObjectStore(history, s3Options(options.config)));
    } catch (error) {
      if (error instanceof RangeError) throw new ConfigError(`FRESHET_HISTORY: ${error.message}`);
      throw error;
    }
  }

  historyOf(taskId: number): TaskHistory {
    const { config, schemas, clock, metrics, logger, log } = this.#options;
    const writer = new HistoryWriter({
      taskId,
      store: this.#store,
      schemaOf: (id) => schemas.writerSchema(id),
      fileMaxAgeMs: config.historyFileSeconds * 1_000,
      clock,
      metrics,
      logger,
    });
    return {
      get hasRoom() {
        return writer.hasRoom;
      },
      start: (positions) =>
        writer.catchUp(
          {
            range: async (place) => (await log.ranges([place]))[0]!,
            read: (place, offset, signal) => this.#read(place, offset, signal),
            forget: (place) => this.#reader.forget([this.#physical(place)]),
          },
          positions,
        ),
      committed: (records) => writer.committed(records),
      flush: () => writer.flush(),
      close: () => writer.close(),
    };
  }

  async #read(place: TopicPartition, offset: number, signal: AbortSignal) {
    const request = { ...this.#physical(place), offset, maxRecords: RECORDS_PER_FETCH };
    for (;;) {
      signal.throwIfAborted();
      const [answer] = this.#reader.fetch([request]);
      if (answer!.next > offset)
        return { ...answer!, records: answer!.records.map((record) => ({ ...record, topic: place.topic })) };
      await this.#reader.appended(WAIT_MS, signal);
    }
  }

  #physical({ topic, partition }: TopicPartition): TopicPartition {
    return { topic: sourceTopicName(this.#options.config, topic), partition };
  }

  /** Ends the reading. The histories of tasks have to be closed before. */
  close(): Promise<void> {
    return this.#reader.close();
  }
}
