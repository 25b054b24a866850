// Would the engine take this event? A line of JSON goes the way that an event of a producer goes: JSON to record, record to bytes,
// bytes through the topology's own readers, with this moment as the time at which the log takes it. No server, no state: what
// needs them, an item that the catalog does not know for instance, is not found here.

import { LRUCache } from 'lru-cache';
import { type Clock, RefusedRecordError, silentMetrics } from '../engine/api/index.ts';
import {
  DEFAULT_FUTURE_LIMIT_MS,
  readersOf,
  readSourceRecord,
  type SourceReader,
} from '../engine/runtime/source-record.ts';
import { EVENT_IDS } from '../processors/profile/profile.ts';
import {
  createFileSchemaSource,
  createSerdes,
  fromJson,
  itemHash,
  type RefusalCode,
  type SourceSerdes,
  type SourceTopic,
  sourceTopics,
} from '../schemas/index.ts';
import { type LineRefusalCode, lineRefusalCodes } from '../tools/replay/events-file.ts';
import { buildRecommendationTopology } from '../topology/index.ts';

/** Why an event would be refused. */
export interface EventRefusal {
  /** A code of docs/contracts.md, or of a line that holds no event. */
  readonly code: string;
  readonly text: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** What a line came to: its event, as far as it could be read, and why the event would be refused. */
export interface CheckedLine {
  readonly topic: SourceTopic | undefined;
  readonly refusal: EventRefusal | undefined;
  /** Whether its id is among the last of its visitor on earlier lines: it would be dropped and counted. */
  readonly isRepeated: boolean;
}

/** Codes that can come from neither the contracts nor the lines. */
type EdgeCode = 'record-too-large' | 'key-mismatch' | 'unexpected-tombstone' | 'timestamp-in-future';

/** What a producer does about each code. */
const REMEDIES: { readonly [code in RefusalCode | Exclude<LineRefusalCode, 'missing-time'> | EdgeCode]: string } = {
  'not-json': 'Write one JSON object on each line: {"topic": "clicks", "key": "visitor-7", "value": {...}}.',
  'unknown-topic': `Use the topic's name without the application's prefix: ${sourceTopics.join(', ')}.`,
  'missing-key': 'Send the key as text: the id that docs/contracts.md names for the topic.',
  'missing-value': 'Send the event as an object; null, on compacted topics, deletes the key.',
  'record-too-large':
    'Make it smaller: shorten texts, or send a larger order or impression as several events with ids of their own.',
  'key-mismatch': 'Use as the key exactly the id that the value names, or the event reaches the wrong task.',
  'unexpected-tombstone': 'Send a value. Only visitors, catalog, campaigns and settings take null.',
  'timestamp-in-future': "Set the producer's clock (NTP), and check that `at` is UTC in milliseconds.",
  'not-framed': 'Frame the value: byte 0, the schema id in four bytes big-endian, the Avro body.',
  'unknown-schema': 'Register the schema under the subject of its topic and use the id that the registry gives.',
  'unreadable-bytes': 'Write the body with the schema whose id stands before it.',
  'missing-id': 'Send the id that the text names.',
  'invalid-id': 'Use ids of 1 to 256 bytes of UTF-8 without control characters; hash what is longer.',
  'invalid-time': 'Send `at` as whole milliseconds since 1970 (UTC), not as seconds and not as text.',
  'unknown-kind': 'Use one of the symbols of the schema; update Freshet before you send new ones.',
  'negative-quantity': 'Send positive quantities; a return is a purchase event with the status returned.',
  'invalid-price': 'Send a finite number that is not negative, in the currency of the line.',
  'invalid-lines':
    'Send 1 to 2,000 lines; split a larger order into events with the same orderId and ids of their own.',
  'invalid-items': 'Send the 1 to 1,000 items that were shown, with positions from 0 to 9,999.',
  'invalid-rating': 'Send a rating of 1 to 5; scale yours.',
  'invalid-duration': 'Send dwellMs as milliseconds, 0 or more.',
  'invalid-text': 'Shorten the text, or leave it out where it is empty.',
  'too-many-entries': 'Send fewer entries: those that matter most.',
  'invalid-validity': 'Let validFrom be before validTo, both in milliseconds, or leave one out.',
  'invalid-weight': 'Send a weight from 0 to 1,000 and a budget that is finite and not negative.',
  'invalid-body': 'Send the body as the text of one JSON object.',
  'invalid-embedding': 'Send 1 to 4,096 finite numbers.',
  'invalid-consent': 'Send consent: full, limited or none.',
  'unknown-field': 'Leave the field out or correct its name; attributes take what the contract has no field for.',
  'missing-field': 'Send the field.',
  'invalid-field': 'Send the type that the text names.',
};

/**
 * Largest key and value together. Kafka's default limit of 1,048,588 bytes is for a whole batch, with its headers.
 */
const MAX_RECORD_BYTES = 1_000_000;

/** Topics on which a visitor's repeated event id is dropped. */
const DEDUPLICATED: ReadonlySet<SourceTopic> = new Set<SourceTopic>(['clicks', 'purchases', 'impressions']);

/** Visitors whose ids are remembered, in 100 MB at most. Repetitions are no longer told of who had no event for longest. */
const MAX_VISITORS = 100_000;

const TOPICS: ReadonlySet<string> = new Set<string>(sourceTopics);

interface Event {
  readonly topic: SourceTopic;
  readonly key: string;
  readonly value: { readonly [name: string]: unknown } | null;
}

export class EventCheck {
  readonly #clock: Clock;
  readonly #serdes: SourceSerdes = createSerdes(createFileSchemaSource());
  readonly #readers: Map<string, SourceReader>;
  /** Of each visitor the hashes of the last event ids, as the engine keeps them. */
  readonly #eventIds = new LRUCache<string, number[]>({ max: MAX_VISITORS });

  constructor(clock: Clock) {
    this.#clock = clock;
    const topology = buildRecommendationTopology({
      serdes: this.#serdes,
      cacheMaxBytes: 0,
      partitions: 1,
      metrics: silentMetrics,
    });
    this.#readers = readersOf(topology);
    for (const { topic, deserializer, timestamp, keyOf } of topology.globalStores) {
      if (this.#readers.has(topic)) continue;
      const futureLimitMs = DEFAULT_FUTURE_LIMIT_MS;
      this.#readers.set(topic, { deserializer, timestamp, keyOf, allowsTombstones: true, futureLimitMs });
    }
  }

  /** Checks one line, and remembers its event id. */
  check(line: string): CheckedLine {
    const event = eventOf(line);
    if (typeof event === 'string')
      return { topic: undefined, refusal: refusalOf(event, lineRefusalCodes[event]), isRepeated: false };
    const refusal = this.#refusalOf(event);
    return { topic: event.topic, refusal, isRepeated: refusal === undefined && this.#isRepeated(event) };
  }

  /**
   * The framed value of a line's event.
   * @throws {RefusedRecordError} when the engine would refuse it.
   */
  encode(line: string, serdes: SourceSerdes): Uint8Array {
    const event = eventOf(line);
    if (typeof event === 'string') throw new RefusedRecordError(event, lineRefusalCodes[event]);
    if (event.value === null) throw new RefusedRecordError('unexpected-tombstone', 'a tombstone has no bytes');
    const refusal = this.#refusalOf(event);
    if (refusal !== undefined) throw new RefusedRecordError(refusal.code, refusal.text);
    return serialize(serdes, event.topic, event.value);
  }

  #refusalOf({ topic, key, value }: Event): EventRefusal | undefined {
    const nowMs = this.#clock.nowMs();
    let bytes: Uint8Array | null;
    try {
      bytes = value === null ? null : serialize(this.#serdes, topic, value);
    } catch (error) {
      if (error instanceof RefusedRecordError) return refusalOf(error.code, error.message);
      throw error;
    }
    const size = Buffer.byteLength(key) + (bytes?.length ?? 0);
    if (size > MAX_RECORD_BYTES)
      return refusalOf('record-too-large', `key and value have ${size} bytes, more than ${MAX_RECORD_BYTES}`);
    const raw = {
      topic,
      partition: 0,
      offset: 0,
      key,
      value: bytes,
      timestampMs: nowMs,
      appendTimeMs: nowMs,
      headers: undefined,
    };
    const { refusal } = readSourceRecord(raw, this.#readers.get(topic)!);
    return refusal === undefined ? undefined : refusalOf(refusal.code, refusal.text);
  }

  #isRepeated({ topic, key, value }: Event): boolean {
    if (value === null || !DEDUPLICATED.has(topic)) return false;
    const ids = this.#eventIds.get(key) ?? [];
    const id = itemHash(value.eventId as string);
    if (ids.includes(id)) return true;
    ids.push(id);
    if (ids.length > EVENT_IDS) ids.shift();
    this.#eventIds.set(key, ids);
    return false;
  }
}

function serialize<T extends SourceTopic>(serdes: SourceSerdes, topic: T, value: unknown): Uint8Array {
  return serdes[topic].serialize(fromJson(topic, value));
}

function refusalOf(code: string, text: string): EventRefusal {
  const remedy = (REMEDIES as { readonly [code: string]: string | undefined })[code];
  return { code, text, remedy: remedy ?? 'See docs/contracts.md.' };
}

/** The event of a line, or why there is none. */
function eventOf(line: string): Event | Exclude<LineRefusalCode, 'missing-time'> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return 'not-json';
  }
  if (!isObject(event)) return 'not-json';
  const { topic, key, value } = event;
  if (typeof topic !== 'string' || !isTopic(topic)) return 'unknown-topic';
  if (typeof key !== 'string') return 'missing-key';
  if (value !== null && !isObject(value)) return 'missing-value';
  return { topic, key, value };
}

const isTopic = (topic: string): topic is SourceTopic => TOPICS.has(topic);

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
