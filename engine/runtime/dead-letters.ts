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
} as const;

/** How a refusal is counted. */
export function deadLetterAttributes(topic: string, code: string): MetricAttributes {
  return { 'messaging.destination.name': topic, 'error.type': code };
}

/** The dead letter of a record. It lies in the partition that the record came from. */
export function deadLetterOf(
  record: StreamRecord | LogRecord,
  refusal: Refusal,
  value: Uint8Array | null,
): ProducerRecord {
  return {
    topic: DEAD_LETTER_TOPIC,
    partition: record.partition,
    key: record.key,
    value,
    timestampMs: record.timestampMs,
    headers: {
      ...record.headers,
      [DEAD_LETTER_HEADERS.topic]: record.topic,
      [DEAD_LETTER_HEADERS.partition]: String(record.partition),
      [DEAD_LETTER_HEADERS.offset]: String(record.offset),
      [DEAD_LETTER_HEADERS.code]: refusal.code,
      [DEAD_LETTER_HEADERS.text]: refusal.text,
    },
  };
}
