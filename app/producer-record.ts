import type { ProducerRecord } from '../engine/api/index.ts';
import type { SourceRecords, SourceSerdes, SourceTopic } from '../schemas/index.ts';

/** An event as the log takes it. `null` is a tombstone. */
export function producerRecord<T extends SourceTopic>(
  serdes: SourceSerdes,
  topic: T,
  key: string,
  value: SourceRecords[T] | null,
  timestampMs: number,
): ProducerRecord {
  return { topic, key, value: value === null ? null : serdes[topic].serialize(value), timestampMs };
}
