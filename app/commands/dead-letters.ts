// `freshet dead-letters`: what the engine has refused, and sending it again once the cause is mended.

import type { LogRecord, ProducerRecord } from '../../engine/api/index.ts';
import { DEAD_LETTER_TOPIC } from '../../engine/graph/index.ts';
import { KafkaAppender } from '../../engine/kafka/index.ts';
import { DEAD_LETTER_HEADERS } from '../../engine/runtime/index.ts';
import { sourceTopics } from '../../schemas/index.ts';
import type { Config } from '../config.ts';
import { kafkaClientOptions, sourceTopicName, topicName } from '../kafka.ts';
import { scanTopic } from '../kafka-scan.ts';
import { createLogger } from '../logging.ts';

/** Which dead letters are meant; what is left out excludes nothing. */
export interface DeadLetterFilter {
  /** Source topic, logical name. */
  readonly topic?: string | undefined;
  readonly code?: string | undefined;
  /** Refused at this time or later, epoch ms. */
  readonly sinceMs?: number | undefined;
}

/** A refused record, and where and why it was refused. */
export interface DeadLetter {
  readonly record: LogRecord;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
  readonly text: string;
  /** What of the record is not in the letter, since that would be too large; it is still where it came from. */
  readonly omitted: string | undefined;
}

const RECORDS_PER_APPEND = 500;

/** What the headers of a record in the dead-letter topic say. */
export function readDeadLetter(record: LogRecord): DeadLetter {
  const headers = record.headers ?? {};
  return {
    record,
    topic: headers[DEAD_LETTER_HEADERS.topic] ?? '',
    partition: Number(headers[DEAD_LETTER_HEADERS.partition] ?? -1),
    offset: Number(headers[DEAD_LETTER_HEADERS.offset] ?? -1),
    code: headers[DEAD_LETTER_HEADERS.code] ?? '',
    text: headers[DEAD_LETTER_HEADERS.text] ?? '',
    omitted: headers[DEAD_LETTER_HEADERS.omitted],
  };
}

/** Whether a dead letter is meant. */
export function matches({ topic, code, record }: DeadLetter, filter: DeadLetterFilter): boolean {
  return (
    (filter.topic === undefined || filter.topic === topic) &&
    (filter.code === undefined || filter.code === code) &&
    (filter.sinceMs === undefined || record.appendTimeMs >= filter.sinceMs)
  );
}

/**
 * The record as it was, to be appended to its topic again; `undefined` when it came from none of the shop's topics, or is not in the letter
 * whole. It goes where its key says, or to its old partition without one.
 */
export function asItWas({ record, topic, partition, omitted }: DeadLetter): ProducerRecord | undefined {
  if (!(sourceTopics as readonly string[]).includes(topic) || omitted !== undefined) return undefined;
  const added: ReadonlySet<string> = new Set(Object.values(DEAD_LETTER_HEADERS));
  const headers = Object.fromEntries(Object.entries(record.headers ?? {}).filter(([name]) => !added.has(name)));
  const { key, value, timestampMs } = record;
  return { topic, partition: key === undefined ? partition : undefined, key, value, timestampMs, headers };
}

async function* deadLetters(config: Config, filter: DeadLetterFilter, signal: AbortSignal): AsyncGenerator<DeadLetter> {
  const topic = topicName(config, { name: DEAD_LETTER_TOPIC, internal: false });
  for await (const record of scanTopic(config, topic, createLogger(config.logLevel, 'freshet-dead-letters'), signal)) {
    const letter = readDeadLetter(record);
    if (matches(letter, filter)) yield letter;
  }
}

/**
 * Prints the dead letters that are meant, and how many there are by code. Keys and values may be personal: they are printed only
 * with `values`.
 */
export async function listDeadLetters(
  config: Config,
  filter: DeadLetterFilter & { readonly values: boolean; readonly json: boolean },
  signal: AbortSignal,
): Promise<void> {
  const counts = new Map<string, number>();
  for await (const { record, topic, partition, offset, code, text, omitted } of deadLetters(config, filter, signal)) {
    counts.set(code, (counts.get(code) ?? 0) + 1);
    const at = new Date(record.appendTimeMs).toISOString();
    const content = filter.values
      ? { key: record.key, value: record.value && Buffer.from(record.value).toString('base64') }
      : {};
    if (filter.json)
      process.stdout.write(`${JSON.stringify({ at, topic, partition, offset, code, text, omitted, ...content })}\n`);
    else {
      process.stdout.write(`${at}  ${topic}-${partition}@${offset}  ${code}: ${text}\n`);
      if (omitted !== undefined) process.stdout.write(`    without its ${omitted}: too large for a letter\n`);
      if (filter.values) process.stdout.write(`    key ${record.key ?? 'none'}  value ${content.value ?? 'none'}\n`);
    }
  }
  if (filter.json) return;
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  process.stdout.write(`${total} dead letters\n`);
  for (const [code, count] of [...counts].sort((a, b) => b[1] - a[1])) process.stdout.write(`  ${count} ${code}\n`);
}

/**
 * Appends the dead letters that are meant to their topics again, as they were. They stay in the dead-letter topic; what is sent
 * twice counts once, by its event id.
 */
export async function replayDeadLetters(
  config: Config,
  filter: DeadLetterFilter & { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<void> {
  const appender = new KafkaAppender({
    client: kafkaClientOptions(config, createLogger(config.logLevel, 'freshet-dead-letters')),
    topicName: (topic) => sourceTopicName(config, topic),
  });
  let sent = 0;
  let left = 0;
  let cut = 0;
  let waiting: ProducerRecord[] = [];
  const send = async () => {
    if (waiting.length > 0 && !filter.dryRun) await appender.append(waiting);
    sent += waiting.length;
    waiting = [];
  };
  try {
    for await (const letter of deadLetters(config, filter, signal)) {
      const record = asItWas(letter);
      if (letter.omitted !== undefined) cut += 1;
      else if (record === undefined) left += 1;
      else waiting.push(record);
      if (waiting.length >= RECORDS_PER_APPEND) await send();
    }
    await send();
  } finally {
    await appender.close();
  }
  process.stdout.write(`${sent} dead letters ${filter.dryRun ? 'would be sent' : 'were sent'} again\n`);
  if (cut > 0)
    process.stdout.write(
      `${cut} are too large to be in their letters whole: they lie in their topics, where \`freshet dead-letters list\` says\n`,
    );
  if (left > 0) process.stdout.write(`${left} were made by the engine itself and are left where they are\n`);
}
