// How the embedded log writes records, and their place. What one write brings to a partition is cut into batches, and each is one entry
// of the database: to write, find and read an entry costs more than a small record does.
//
//   key    topic (UTF-8) 0x00 partition (u16) base offset (u48), big-endian: byte order is offset order within a partition
//   value  version (u8 = 2) appendTimeMs (u48) records
//
//   record offset behind the base (u16) timestampMs (f64) flags (u8: 1 key, 2 value, 4 headers)
//          [key length (u16) key] [header count (u16) { name length (u16) name, value length (u32) value }]
//          [value length (u32) value]
//
// Topic names hold no 0x00, so a topic's keys never mix with another's. Until version 2 an entry was one record, at the base, and its value
// the rest of the entry: version (u8 = 1) appendTimeMs (u48) timestampMs (f64) flags and so on.

import { EngineError, type Headers, type LogRecord, type TopicPartition } from '../api/index.ts';

const VERSION = 2;
const ONE_RECORD = 1;
const HEADER_BYTES = 7;
const HAS_KEY = 1;
const HAS_VALUE = 2;
const HAS_HEADERS = 4;
/** Offsets fit 48 bits: 280 thousand years at a billion records a year and partition. */
const MAX_OFFSET = 2 ** 48 - 1;
/** A batch ends with the record that takes it to so many bytes, or with so many records. */
const MAX_BATCH_BYTES = 64 * 1024;
const MAX_BATCH_RECORDS = 1_024;

/** Common start of all keys of a partition. */
export function partitionPrefix({ topic, partition }: TopicPartition): Buffer {
  const name = Buffer.byteLength(topic);
  const prefix = Buffer.alloc(name + 3);
  prefix.write(topic, 'utf8');
  prefix.writeUInt16BE(partition, name + 1);
  return prefix;
}

/** Key of the batch that begins at `offset`. */
export function batchKey(prefix: Buffer, offset: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + 6);
  prefix.copy(key);
  key.writeUIntBE(Math.min(offset, MAX_OFFSET), prefix.length, 6);
  return key;
}

/** Base offset in a key of the partition. */
export function baseOf(prefix: Buffer, key: Uint8Array): number {
  return bufferOf(key).readUIntBE(prefix.length, 6);
}

/** Cuts records without gaps into batches. All were appended at one time. */
export function* batchesOf(records: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    bytes += recordBytes(records[i]!);
    if (bytes < MAX_BATCH_BYTES && i + 1 - from < MAX_BATCH_RECORDS) continue;
    yield records.slice(from, i + 1);
    from = i + 1;
    bytes = 0;
  }
  if (from < records.length) yield records.slice(from);
}

/** Most that a record takes. */
function recordBytes({ key, value, headers }: LogRecord): number {
  let bytes = 11 + (key === undefined ? 0 : 2 + 3 * key.length) + (value === null ? 0 : 4 + value.length);
  if (headers === undefined) return bytes;
  bytes += 2;
  for (const name of Object.keys(headers)) bytes += 6 + 3 * (name.length + (headers[name] ?? '').length);
  return bytes;
}

/** A batch as the log stores it: one record or more, in the order of their offsets, the base at or before the first. */
export function encodeBatch(base: number, records: readonly LogRecord[]): Uint8Array {
  let most = HEADER_BYTES;
  for (const record of records) most += recordBytes(record);
  const out = Buffer.allocUnsafe(most);
  out[0] = VERSION;
  out.writeUIntBE(records[0]!.appendTimeMs, 1, 6);
  let at = HEADER_BYTES;
  for (const { offset, timestampMs, key, value, headers } of records) {
    at = out.writeUInt16BE(offset - base, at);
    at = out.writeDoubleBE(timestampMs, at);
    out[at++] =
      (key === undefined ? 0 : HAS_KEY) | (value === null ? 0 : HAS_VALUE) | (headers === undefined ? 0 : HAS_HEADERS);
    if (key !== undefined) {
      const length = out.write(key, at + 2);
      at = out.writeUInt16BE(length, at) + length;
    }
    if (headers !== undefined) at = writeHeaders(out, at, headers);
    if (value === null) continue;
    at = out.writeUInt32BE(value.length, at);
    out.set(value, at);
    at += value.length;
  }
  return out.subarray(0, at);
}

function writeHeaders(out: Buffer, start: number, headers: Headers): number {
  const names = Object.keys(headers);
  let at = out.writeUInt16BE(names.length, start);
  for (const name of names) {
    const ofName = out.write(name, at + 6);
    const ofValue = out.write(headers[name] ?? '', at + 6 + ofName);
    out.writeUInt16BE(ofName, at);
    out.writeUInt32BE(ofValue, at + 2);
    at += 6 + ofName + ofValue;
  }
  return at;
}

/** When the log accepted the batch: what retention looks at without decoding the rest. */
export function appendTimeOf(stored: Uint8Array): number {
  return bufferOf(stored).readUIntBE(1, 6);
}

/**
 * The records back. Their values are views of `stored`.
 * @throws {EngineError} `STATE_FORMAT_UNKNOWN`
 */
export function decodeBatch(place: TopicPartition, base: number, stored: Uint8Array): LogRecord[] {
  const version = stored[0];
  if (version !== VERSION && version !== ONE_RECORD)
    throw new EngineError(
      'STATE_FORMAT_UNKNOWN',
      `the log holds records of format ${version}, this version reads up to ${VERSION}`,
      { context: { topic: place.topic, partition: place.partition, offset: base } },
    );
  const reader = new RecordReader(place, stored);
  if (version === ONE_RECORD) return [reader.read(base, true)];
  const records: LogRecord[] = [];
  while (!reader.isAtEnd) records.push(reader.read(base + reader.distance(), false));
  return records;
}

/** Reads the records of a batch one after the other. */
class RecordReader {
  readonly #place: TopicPartition;
  readonly #bytes: Buffer;
  readonly #view: DataView;
  readonly #appendTimeMs: number;
  #at = HEADER_BYTES;

  constructor(place: TopicPartition, stored: Uint8Array) {
    this.#place = place;
    this.#bytes = bufferOf(stored);
    this.#view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
    this.#appendTimeMs = appendTimeOf(stored);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Of the next record behind the base. */
  distance(): number {
    this.#at += 2;
    return this.#view.getUint16(this.#at - 2);
  }

  /** What follows the distance. `isLast`: the value goes to the end. */
  read(offset: number, isLast: boolean): LogRecord {
    const view = this.#view;
    const bytes = this.#bytes;
    const { topic, partition } = this.#place;
    const timestampMs = view.getFloat64(this.#at);
    const flags = view.getUint8(this.#at + 8);
    let at = this.#at + 9;
    let key: string | undefined;
    if (flags & HAS_KEY) {
      const end = at + 2 + view.getUint16(at);
      key = bytes.toString('utf8', at + 2, end);
      at = end;
    }
    let headers: { [name: string]: string } | undefined;
    if (flags & HAS_HEADERS) {
      headers = {};
      const count = view.getUint16(at);
      at += 2;
      for (let i = 0; i < count; i++) {
        const nameEnd = at + 6 + view.getUint16(at);
        const valueEnd = nameEnd + view.getUint32(at + 2);
        headers[bytes.toString('utf8', at + 6, nameEnd)] = bytes.toString('utf8', nameEnd, valueEnd);
        at = valueEnd;
      }
    }
    let value: Uint8Array | null = null;
    if (flags & HAS_VALUE) {
      const start = isLast ? at : at + 4;
      const end = isLast ? bytes.length : start + view.getUint32(at);
      value = bytes.subarray(start, end);
      at = end;
    }
    this.#at = at;
    return { topic, partition, offset, key, value, timestampMs, appendTimeMs: this.#appendTimeMs, headers };
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
