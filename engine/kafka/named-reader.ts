// A reader that goes by logical topic names over one that goes by physical ones.

import {
  EngineError,
  type Fetched,
  type FetchRequest,
  type KnownOffsets,
  type LogReader,
  type TopicPartition,
} from '../api/index.ts';
import type { LogReader as PhysicalReader } from './log-reader.ts';

export class NamedReader implements LogReader {
  readonly physical: PhysicalReader;
  /** Physical name by logical name; filled when the log is opened. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #logical = new Map<string, string>();

  constructor(physical: PhysicalReader, names: ReadonlyMap<string, string>) {
    this.physical = physical;
    this.#names = names;
  }

  fetch(requests: readonly FetchRequest[]): readonly Fetched[] {
    const fetched = this.physical.fetch(
      requests.map(({ topic, partition, offset, maxRecords }) => ({
        topic: this.#physical(topic),
        partition,
        offset,
        maxRecords,
      })),
    );
    for (let i = 0; i < requests.length; i++) {
      const { topic } = requests[i]!;
      // The records are ours from here on: to rename them in place makes no copy of any.
      for (const record of fetched[i]!.records as readonly { topic: string }[]) record.topic = topic;
    }
    return fetched;
  }

  offsets({ topic, partition }: TopicPartition): KnownOffsets {
    return this.physical.offsets({ topic: this.#physical(topic), partition });
  }

  appended(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.physical.appended(timeoutMs, signal);
  }

  /** Logical name of a physical topic. */
  logical(topic: string): string {
    if (this.#logical.size === 0) for (const [logical, physical] of this.#names) this.#logical.set(physical, logical);
    return this.#logical.get(topic) ?? topic;
  }

  #physical(topic: string): string {
    const name = this.#names.get(topic);
    if (name === undefined) throw new EngineError('TOPIC_UNKNOWN', `no topic ${topic} is open`, { context: { topic } });
    return name;
  }
}
