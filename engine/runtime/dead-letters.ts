// A refused record on its way to the dead-letter topic: its own bytes, key and headers, and why and where in headers.

import type { LogRecord, MetricAttributes, ProducerRecord, StreamRecord } from '../api/index.ts';
import { DEAD_LETTER_TOPIC } from '../graph/topology.ts';
import type { Refusal } from './source-record.ts';

/** Names of the headers that a dead letter carries beside those it came with. */
export const DEAD_LETTER_HEADERS = {
  topic: 'dlq.topic',
  partition: 'dlq.partition',
  offset: 'dlq.offset',
  code: 'dlq.code',
  text: 'dlq.text',
  omitted: 'dlq.omitted',
} as const;

/** Most bytes of a letter. With what a batch adds, brokers take it: 1,048,588 bytes unless they are told otherwise. */
const MOST_BYTES = 1_000_000;

/** How a refusal is counted. */
export function deadLetterAttributes(topic: string, code: string): MetricAttributes {
  return { 'messaging.destination.name': topic, 'error.type': code };
}

/**
 * The dead letter of a record. It lies in the partition that the record came from. A record nearly as large as a broker takes would, with
 * its reasons, be larger than that, and its task could never commit: what does not fit is left out, and a header says so.
 */
export function deadLetterOf(
  record: StreamRecord | LogRecord,
  refusal: Refusal,
  value: Uint8Array | null,
): ProducerRecord {
  const reasons = {
    [DEAD_LETTER_HEADERS.topic]: record.topic,
    [DEAD_LETTER_HEADERS.partition]: String(record.partition),
    [DEAD_LETTER_HEADERS.offset]: String(record.offset),
    [DEAD_LETTER_HEADERS.code]: refusal.code,
    [DEAD_LETTER_HEADERS.text]: refusal.text,
  };
  const { partition, key, timestampMs } = record;
  const place = { topic: DEAD_LETTER_TOPIC, partition, timestampMs };
  const whole = { ...place, key, value, headers: { ...record.headers, ...reasons } };
  if (bytesOf(whole) <= MOST_BYTES) return whole;
  const withoutValue = { ...whole, value: null, headers: { ...whole.headers, [DEAD_LETTER_HEADERS.omitted]: 'value' } };
  if (bytesOf(withoutValue) <= MOST_BYTES) return withoutValue;
  const headers = { ...reasons, [DEAD_LETTER_HEADERS.omitted]: 'key, value, headers' };
  return { ...place, key: undefined, value: null, headers };
}

function bytesOf({ key, value, headers = {} }: ProducerRecord): number {
  let bytes = Buffer.byteLength(key ?? '') + (value?.length ?? 0);
  for (const [name, text] of Object.entries(headers)) bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}
