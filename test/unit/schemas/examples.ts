// A full, valid record of each source topic, to be varied by tests.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJson, type SourceRecords, type SourceTopic } from '../../../schemas/index.ts';

/** What test/golden/schemas/records-v1.json holds for a topic. */
export interface GoldenRecord {
  readonly schemaId: number;
  readonly json: { readonly [name: string]: unknown };
  /** The framed bytes. */
  readonly hex: string;
}

export const goldenDirectory = join(import.meta.dirname, '../../golden/schemas');

export const golden = JSON.parse(readFileSync(join(goldenDirectory, 'records-v1.json'), 'utf8')) as {
  readonly [T in SourceTopic]: GoldenRecord;
};

/** The golden record of `topic` with `changes`. */
export function example<T extends SourceTopic>(topic: T, changes: Partial<SourceRecords[T]> = {}): SourceRecords[T] {
  return { ...fromJson(topic, golden[topic].json), ...changes };
}
