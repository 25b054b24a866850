// For tests of history files: records, a store in memory that can fail and wait, and a log that is an array.
import type { Fetched, LogRecord, TopicPartition } from '../../engine/api/index.ts';
import type { HistorySource, ObjectStore, StoredObject } from '../../engine/archive/index.ts';

export const START_MS = 1_790_000_000_000;

/** A record of `topic` and `partition`; what is not given follows from its offset. */
export function logRecord(
  topic: string,
  partition: number,
  offset: number,
  changes: Partial<LogRecord> = {},
): LogRecord {
  return {
    topic,
    partition,
    offset,
    key: `visitor-${offset % 7}`,
    value: Buffer.from(`value ${topic} ${partition} ${offset}`),
    timestampMs: START_MS + offset,
    appendTimeMs: START_MS + offset,
    headers: undefined,
    ...changes,
  };
}

export interface MemoryStore extends ObjectStore {
  readonly objects: Map<string, Uint8Array>;
  /** Called before an object is stored; may throw or wait. */
  beforePut: (name: string) => void | Promise<void>;
}

export function createMemoryStore(): MemoryStore {
  const objects = new Map<string, Uint8Array>();
  const store: MemoryStore = {
    objects,
    beforePut: () => {},
    async *list(prefix, after = ''): AsyncGenerator<StoredObject[]> {
      const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
      for (const name of names) yield [{ name, bytes: objects.get(name)!.length }];
    },
    async put(name, bytes) {
      await store.beforePut(name);
      objects.set(name, bytes.slice());
    },
    async read(name, start, end) {
      const bytes = objects.get(name);
      if (bytes === undefined) throw new Error(`there is no ${name}`);
      return bytes.subarray(start, Math.min(end, bytes.length));
    },
    async close() {},
  };
  return store;
}

/** The log of one partition, read `batch` records at a time; what lies before `start` is gone. */
export function sourceOf(records: readonly LogRecord[], start = 0, batch = 3): HistorySource {
  return {
    range: async () => ({ start, end: (records.at(-1)?.offset ?? -1) + 1 }),
    async read(_place: TopicPartition, offset: number): Promise<Fetched> {
      const part = records.filter((record) => record.offset >= offset && record.offset >= start).slice(0, batch);
      return { records: part, next: (part.at(-1)?.offset ?? offset) + 1 };
    },
    forget() {},
  };
}

/** Everything that an iteration gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
