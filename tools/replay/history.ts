// Reader of history files: what the engine has archived of its source topics, in the order in which the log took it. Values are read
// with the schemas that lie in the files and handed on as plain records, so the target may be any engine, with any registry.
// Key, timestamp and headers stay; the partition does where the target has as many of the topic.
import { createHash } from 'node:crypto';
import type { Schema } from 'avsc';
import { type Deserializer, type LogRecord, RefusedRecordError } from '../../engine/api/index.ts';
import {
  canonicalLocation,
  DamagedFileError,
  decodeSchemas,
  listHistory,
  type ObjectStore,
  openObjectStore,
  type PartitionFiles,
  readHistory,
  type S3Options,
} from '../../engine/archive/index.ts';
import { createFileSchemaSource, createSerde, type SourceTopic, sourceTopics } from '../../schemas/index.ts';
import { type MergedRecord, mergeHistory } from './history-merge.ts';
import { type PartOfHistory, partToRead, placeOf } from './history-part.ts';
import { type ReaderCount, ReplayFileError, type ReplayReader, type ReplayStep } from './reader.ts';

/** Why records are refused, beside the codes of the contracts. */
export const historyRefusalCodes = {
  'unknown-topic': 'The topic is not one that events can be sent to.',
} as const;

export interface HistoryOptions {
  /** For a location in a bucket. */
  readonly s3?: S3Options;
  /** Number of partitions that the target has of a topic, asked when reading begins; `undefined` for a topic that it has not. */
  readonly partitionsOf: (topic: string) => number | undefined;
}

const SOURCE_TOPICS: ReadonlySet<string> = new Set<SourceTopic>(sourceTopics);

/**
 * Opens a folder or `s3://bucket/prefix`.
 * @throws {ReplayFileError} when there is no history, or the place cannot be read.
 */
export async function openHistory(location: string, options: HistoryOptions): Promise<ReplayReader> {
  try {
    const store = await openObjectStore(location, options.s3);
    const partitions = await listHistory(store);
    if (partitions.length === 0) throw new ReplayFileError(`there are no history files in ${location}`);
    return new HistoryReader(canonicalLocation(location), store, partitions, options);
  } catch (cause) {
    if (cause instanceof ReplayFileError) throw cause;
    throw new ReplayFileError(`cannot read history from ${location}: ${messageOf(cause)}`, { cause });
  }
}

class HistoryReader implements ReplayReader {
  readonly name = 'history';
  readonly version = 1;
  readonly unit = 'records';
  readonly fileName: string;
  readonly totalBytes: number;
  readonly #store: ObjectStore;
  readonly #partitions: readonly PartitionFiles[];
  readonly #values = new ValueReader();
  readonly #partitionsOf: HistoryOptions['partitionsOf'];
  #part: PartOfHistory | undefined;
  #bytesRead = 0;
  #records = 0;
  #refused = 0;
  #gaps = 0;
  #missing = 0;

  constructor(location: string, store: ObjectStore, partitions: readonly PartitionFiles[], options: HistoryOptions) {
    this.fileName = location;
    this.#partitions = partitions;
    this.#partitionsOf = options.partitionsOf;
    const files = partitions.flatMap((partition) => partition.files);
    this.totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#store = {
      ...store,
      read: async (name, start, end) => {
        const bytes = await store.read(name, start, end);
        this.#bytesRead += bytes.length;
        return bytes;
      },
    };
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  get unitsRead(): number {
    return this.#records;
  }

  async fingerprint(): Promise<string> {
    return createHash('sha256').update(this.fileName).digest('hex');
  }

  async fix(earlier: { readonly part: string; readonly isDone: boolean } | undefined): Promise<string> {
    this.#part = partToRead(this.#partitions, earlier);
    return JSON.stringify(this.#part);
  }

  counts(): readonly ReaderCount[] {
    return [
      { label: 'records read', count: this.#records },
      { label: 'records refused by the reader', count: this.#refused },
      { label: 'gaps in the history', count: this.#gaps },
      { label: 'offsets missing in them', count: this.#missing },
    ];
  }

  async *read(): AsyncGenerator<readonly ReplayStep[], void, undefined> {
    this.#bytesRead = 0;
    this.#records = 0;
    this.#refused = 0;
    this.#gaps = 0;
    this.#missing = 0;
    const { from, end } = this.#part ?? partToRead(this.#partitions, undefined);
    const sameTopics = this.#sameTopics();
    const streams = this.#partitions.map((partition) => {
      const place = placeOf(partition);
      const range = { from: from[place] ?? 0, end: end[place] ?? 0 };
      return readHistory(this.#store, partition, range, (first, after) => {
        this.#gaps += 1;
        this.#missing += after - first;
      });
    });
    try {
      for await (const records of mergeHistory(streams))
        yield records.map((merged) => this.#stepOf(merged, sameTopics));
    } catch (cause) {
      if (cause instanceof DamagedFileError) throw new ReplayFileError(cause.message, { cause });
      throw new ReplayFileError(`cannot read history from ${this.fileName}: ${messageOf(cause)}`, { cause });
    } finally {
      await Promise.all(streams.map((stream) => stream.return()));
    }
  }

  /** Topics of which the target has as many partitions as were archived. */
  #sameTopics(): ReadonlySet<string> {
    const counts = new Map<string, number>();
    for (const { topic, partition } of this.#partitions)
      counts.set(topic, Math.max(counts.get(topic) ?? 0, partition + 1));
    return new Set([...counts].flatMap(([topic, n]) => (this.#partitionsOf(topic) === n ? [topic] : [])));
  }

  #stepOf({ record, schemas }: MergedRecord, sameTopics: ReadonlySet<string>): ReplayStep {
    this.#records += 1;
    const line = this.#records;
    const { topic, partition, key, timestampMs, appendTimeMs } = record;
    try {
      const value = this.#values.read(record, schemas);
      const at = timestampMs >= 0 ? timestampMs : appendTimeMs;
      const kept = sameTopics.has(topic) ? partition : undefined;
      return { kind: 'event', topic, key, value, at, line, partition: kept, record };
    } catch (error) {
      if (!(error instanceof RefusedRecordError)) throw error;
      this.#refused += 1;
      const raw = record.value ?? '';
      return { kind: 'refused', code: error.code, text: error.message, raw, line, record };
    }
  }
}

/** Reads values with the schemas of their file. */
class ValueReader {
  /** What the program itself brings, for files that do not say their schemas. */
  readonly #ownSchemas = createFileSchemaSource();
  /** By topic and the text of the schemas, of which there are few. */
  readonly #known = new Map<string, Map<string, Deserializer<unknown>>>();

  /** @throws {RefusedRecordError} */
  read({ topic, value }: LogRecord, schemas: string): unknown {
    if (!isSourceTopic(topic)) throw new RefusedRecordError('unknown-topic', historyRefusalCodes['unknown-topic']);
    return value === null ? null : this.#deserializer(topic, schemas).deserialize(value);
  }

  #deserializer(topic: SourceTopic, schemas: string): Deserializer<unknown> {
    let ofTopic = this.#known.get(topic);
    if (ofTopic === undefined) {
      ofTopic = new Map();
      this.#known.set(topic, ofTopic);
    }
    let deserializer = ofTopic.get(schemas);
    if (deserializer === undefined) {
      const ofFile = decodeSchemas(schemas);
      const own = this.#ownSchemas;
      deserializer = createSerde(topic, {
        idFor: (name) => own.idFor(name),
        writerSchema: (id) => (ofFile.get(id) as Schema | undefined) ?? own.writerSchema(id),
      });
      ofTopic.set(schemas, deserializer);
    }
    return deserializer;
  }
}

function isSourceTopic(topic: string): topic is SourceTopic {
  return SOURCE_TOPICS.has(topic);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
