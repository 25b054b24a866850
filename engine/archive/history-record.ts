// One record of a log as a history file holds it: everything that the log knew of it, the value as the bytes that came. The schema
// is one for all topics, so a reader needs no registry to read the files; to read the values, it finds their schemas in the files' heads.

import avsc, { type Schema } from 'avsc';
import type { LogRecord } from '../api/index.ts';

/** A field may be added, with a default; none may change. */
export const historySchema: Schema = {
  type: 'record',
  name: 'HistoryRecord',
  namespace: 'freshet.history',
  fields: [
    { name: 'topic', type: 'string' },
    { name: 'partition', type: 'int' },
    { name: 'offset', type: 'long' },
    { name: 'key', type: ['null', 'string'], default: null },
    { name: 'value', type: ['null', 'bytes'], default: null, doc: 'As it came; null is a deletion.' },
    { name: 'timestampMs', type: 'long', doc: "The producer's, epoch ms." },
    { name: 'appendTimeMs', type: 'long', doc: "The log's, epoch ms." },
    { name: 'headers', type: { type: 'map', values: 'string' }, default: {} },
  ],
};

/** What avsc reads and writes for {@link historySchema}. */
interface HistoryRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly timestampMs: number;
  readonly appendTimeMs: number;
  readonly headers: LogRecord['headers'] & object;
}

export const historyType = avsc.Type.forSchema(historySchema);

const NO_HEADERS = {};
/** Largest whole number that avsc writes as a long. */
const MAX_LONG = Number.MAX_SAFE_INTEGER - 1;

/** The record as the schema wants it. It shares the value's bytes. */
export function toHistory(record: LogRecord): HistoryRecord {
  const { topic, partition, offset, key, value, timestampMs, appendTimeMs, headers } = record;
  return {
    topic,
    partition,
    offset,
    key: key ?? null,
    value: value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    timestampMs: asLong(timestampMs, appendTimeMs),
    appendTimeMs,
    headers: headers ?? NO_HEADERS,
  };
}

/** The record that a decoded value stands for. */
export function fromHistory(value: unknown): LogRecord {
  const { topic, partition, offset, key, value: bytes, timestampMs, appendTimeMs, headers } = value as HistoryRecord;
  return {
    topic,
    partition,
    offset,
    key: key ?? undefined,
    value: bytes,
    timestampMs,
    appendTimeMs,
    headers: Object.keys(headers).length === 0 ? undefined : headers,
  };
}

/** A producer may claim any time at all; one that is no number of milliseconds becomes the log's, as for the engine. */
function asLong(timestampMs: number, appendTimeMs: number): number {
  if (!Number.isFinite(timestampMs) || Math.abs(timestampMs) > MAX_LONG) return appendTimeMs;
  return Math.round(timestampMs);
}
