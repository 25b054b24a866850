// What a dead letter holds, and that it is never larger than what a broker takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogRecord } from '../../../engine/api/index.ts';
import { encodeBatch } from '../../../engine/kafka/batch-encoder.ts';
import { DEAD_LETTER_HEADERS, deadLetterOf } from '../../../engine/runtime/dead-letters.ts';

/** `max.message.bytes` unless a broker is told otherwise. */
const BROKER_BYTES = 1_048_588;
const REFUSAL = { code: 'unreadable-bytes', text: 'x'.repeat(500) };

const recordOf = (parts: Partial<LogRecord>): LogRecord => ({
  topic: 'clicks',
  partition: 3,
  offset: 17,
  key: 'k',
  value: null,
  timestampMs: 1_000,
  appendTimeMs: 1_001,
  headers: { shop: 'one' },
  ...parts,
});

const letterOf = (record: LogRecord) => deadLetterOf(record, REFUSAL, record.value);

const encodedBytes = (letter: ReturnType<typeof letterOf>) =>
  encodeBatch([{ ...letter, key: letter.key as string | undefined }], {
    producerId: '1',
    producerEpoch: 0,
    sequence: 0,
    compression: 'none',
  }).length;

test('a letter has the record’s key, bytes, headers and time, and says why and where from', () => {
  const value = Buffer.from([0, 1, 2]);
  assert.deepEqual(letterOf(recordOf({ value })), {
    topic: 'dead-letters',
    partition: 3,
    key: 'k',
    value,
    timestampMs: 1_000,
    headers: {
      shop: 'one',
      'dlq.topic': 'clicks',
      'dlq.partition': '3',
      'dlq.offset': '17',
      'dlq.code': 'unreadable-bytes',
      'dlq.text': REFUSAL.text,
    },
  });
});

test('what would make a letter larger than a broker takes is left out, and the letter says what', () => {
  // As large as a broker takes it from its producer.
  const value = Buffer.alloc(BROKER_BYTES - 100);
  const long = 'k'.repeat(value.length);
  const cases = [
    [{ value }, 'value'],
    [{ key: long }, 'key, value, headers'],
    [{ headers: { long } }, 'key, value, headers'],
    [{ value: Buffer.alloc(900_000) }, undefined],
  ] as const;
  for (const [parts, omitted] of cases) {
    const record = recordOf(parts);
    const letter = letterOf(record);
    assert.equal(letter.headers![DEAD_LETTER_HEADERS.omitted], omitted);
    assert.equal(letter.headers![DEAD_LETTER_HEADERS.offset], '17');
    assert.equal(letter.value, omitted === undefined ? record.value : null);
    assert.equal(letter.key, omitted === 'key, value, headers' ? undefined : record.key);
    assert.ok(encodedBytes(letter) <= BROKER_BYTES, `${encodedBytes(letter)} bytes`);
  }
});
