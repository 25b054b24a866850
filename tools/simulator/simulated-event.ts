import type { SourceRecords, SourceTopic } from '../../schemas/records.ts';

/** What the shop sends: one record for one topic, as a plain, JSON-able object. */
export interface SimulatedEvent<T extends SourceTopic = SourceTopic> {
  readonly topic: T;
  /** Partitioning key. */
  readonly key: string;
  /** When it is sent, epoch ms. `value.at` is the same, except in a deliberately bad event. */
  readonly at: number;
  /** `null` is a tombstone. */
  readonly value: SourceRecords[T] | null;
}
