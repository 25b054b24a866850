// Turns a record of the log into a record of the stream, or into a refusal with its reason. Whatever is wrong with the bytes
// or with the time is found here, once, before any processor sees it.

import { type Deserializer, type LogRecord, RefusedRecordError, type StreamRecord } from '../api/index.ts';
import type { Topology } from '../graph/topology.ts';

/** Why a record is refused. */
export interface Refusal {
  readonly code: string;
  readonly text: string;
}

/** A decoded record that still knows its bytes, for the dead-letter topic; with `refusal` its value was not read. */
export interface SourceRecord extends StreamRecord {
  readonly raw: LogRecord;
  readonly refusal: Refusal | undefined;
}

/** What reading a topic takes. */
export interface SourceReader {
  readonly deserializer: Deserializer<unknown>;
  readonly timestamp: ((value: unknown) => number) | undefined;
  readonly keyOf: ((value: unknown) => string) | undefined;
  readonly allowsTombstones: boolean;
  /** How far event time may lie after the log's append time, ms; `undefined` for topics that the engine writes itself. */
  readonly futureLimitMs: number | undefined;
}

/** How far event time may lie after the append time unless the application says otherwise, ms. */
export const DEFAULT_FUTURE_LIMIT_MS = 300_000;

/** How the tasks of a topology read each of its source topics. */
export function readersOf(topology: Topology, futureLimitMs = DEFAULT_FUTURE_LIMIT_MS): Map<string, SourceReader> {
  const readers = new Map<string, SourceReader>();
  for (const node of topology.nodes)
    if (node.kind === 'source')
      readers.set(node.topic, {
        deserializer: node.deserializer,
        timestamp: node.timestamp,
        keyOf: node.keyOf,
        allowsTombstones: node.allowsTombstones,
        futureLimitMs: node.internal ? undefined : futureLimitMs,
      });
  return readers;
}

/** Whether the topic is written by others, not by the engine itself. */
export const isOfShop = (readers: ReadonlyMap<string, SourceReader>, topic: string): boolean =>
  readers.get(topic)?.futureLimitMs !== undefined;

/** Longest text of a refusal: enough to see the cause, too short to carry a payload away. */
const TEXT_LIMIT = 500;

/** The refusal that an error stands for. */
export function refusalOf(error: unknown, code: string): Refusal {
  const text = error instanceof Error ? error.message : String(error);
  return { code: error instanceof RefusedRecordError ? error.code : code, text: text.slice(0, TEXT_LIMIT) };
}

/** The stream's record of `raw`. Event time is judged against the append time, so that a rebuild decides the same. */
export function readSourceRecord(raw: LogRecord, reader: SourceReader): SourceRecord {
  let value: unknown = null;
  let timestampMs = raw.timestampMs;
  let refusal: Refusal | undefined;
  try {
    if (raw.value !== null) {
      value = reader.deserializer.deserialize(raw.value);
      if (reader.timestamp !== undefined) timestampMs = Math.floor(reader.timestamp(value));
    }
    refusal = mistakeOf(raw, value, timestampMs, reader);
  } catch (error) {
    refusal = refusalOf(error, 'unreadable-bytes');
  }
  return {
    topic: raw.topic,
    partition: raw.partition,
    offset: raw.offset,
    key: raw.key,
    value,
    // The time of a refused record is not to be believed: it must not hold up the records behind it.
    timestampMs: refusal === undefined ? timestampMs : believableTime(raw),
    appendTimeMs: raw.appendTimeMs,
    headers: raw.headers,
    raw,
    refusal,
  };
}

const believableTime = ({ timestampMs, appendTimeMs }: LogRecord) =>
  Number.isFinite(timestampMs) ? Math.min(timestampMs, appendTimeMs) : appendTimeMs;

/** What is wrong with a record whose value could be read. */
function mistakeOf(raw: LogRecord, value: unknown, timestampMs: number, reader: SourceReader): Refusal | undefined {
  if (raw.value === null) {
    if (!reader.allowsTombstones)
      return { code: 'unexpected-tombstone', text: 'this topic takes no record without a value' };
  } else if (reader.keyOf !== undefined && reader.keyOf(value) !== raw.key)
    return { code: 'key-mismatch', text: "the record's key is not the one that its value names" };
  if (!Number.isFinite(timestampMs)) return { code: 'invalid-time', text: 'its time is not a number' };
  if (reader.futureLimitMs !== undefined && timestampMs > raw.appendTimeMs + reader.futureLimitMs) {
    const seconds = Math.round((timestampMs - raw.appendTimeMs) / 1000);
    return {
      code: 'timestamp-in-future',
      text: `its time lies ${seconds} s after the log took it, more than ${reader.futureLimitMs / 1000} s`,
    };
  }
  return undefined;
}
