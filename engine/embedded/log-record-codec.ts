// How the embedded log writes a record and its place.
//
//   key    topic (UTF-8) 0x00 partition (u16) offset (u48), big-endian: byte order is offset order within a partition
//   value  version (u8 = 1) appendTimeMs (u48) timestampMs (f64) flags (u8: 1 key, 2 value, 4 headers)
//          [key length (u16) key] [header count (u16) { name length (u16) name, value length (u32) value }]
//          [value: the rest]
//
// Topic names hold no 0x00, so a topic's keys never mix with another's.

import { EngineError, type Headers, type LogRecord, type ProducerRecord, type TopicPartition } from '../api/index.ts';

const VERSION = 1;
const HAS_KEY = 1;
const HAS_VALUE = 2;
const HAS_HEADERS = 4;
/** Offsets fit 48 bits: 280 thousand years at a billion records a year and partition. */
const MAX_OFFSET = 2 ** 48 - 1;

/** Common start of all keys of a partition. */
export function partitionPrefix({ topic, partition }: TopicPartition): Buffer {
  const name = Buffer.byteLength(topic);
  const prefix = Buffer.alloc(name + 3);
  prefix.write(topic, 'utf8');
  prefix.writeUInt16BE(partition, name + 1);
  return prefix;
}

/** Key of the record at `offset`. */
export function recordKey(prefix: Buffer, offset: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + 6);
  prefix.copy(key);
  key.writeUIntBE(Math.min(offset, MAX_OFFSET), prefix.length, 6);
  return key;
}

/** Offset in a key of the partition. */
export function offsetOf(prefix: Buffer, key: Uint8Array): number {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(prefix.length, 6);
}

function headerBytes(headers: Headers): Buffer {
  const parts: Buffer[] = [];
  const names = Object.keys(headers);
  const count = Buffer.allocUnsafe(2);
  count.writeUInt16BE(names.length);
  parts.push(count);
  for (const name of names) {
    const nameBytes = Buffer.from(name);
    const valueBytes = Buffer.from(headers[name] ?? '');
    const lengths = Buffer.allocUnsafe(6);
    lengths.writeUInt16BE(nameBytes.length, 0);
    lengths.writeUInt32BE(valueBytes.length, 2);
    parts.push(lengths, nameBytes, valueBytes);
  }
  return Buffer.concat(parts);
}

/** A record as the log stores it. */
export function encodeRecord(record: ProducerRecord, appendTimeMs: number): Buffer {
  const key = record.key === undefined ? undefined : Buffer.from(record.key);
  const headers = record.headers === undefined ? undefined : headerBytes(record.headers);
  const fixed = 16 + (key === undefined ? 0 : 2 + key.length) + (headers?.length ?? 0);
  const out = Buffer.allocUnsafe(fixed + (record.value?.length ?? 0));
  out[0] = VERSION;
  out.writeUIntBE(appendTimeMs, 1, 6);
  out.writeDoubleBE(record.timestampMs, 7);
  out[15] = (key ? HAS_KEY : 0) | (record.value ? HAS_VALUE : 0) | (headers ? HAS_HEADERS : 0);
  let at = 16;
  if (key !== undefined) {
    at = out.writeUInt16BE(key.length, at);
    at += key.copy(out, at);
  }
  if (headers !== undefined) at += headers.copy(out, at);
  if (record.value !== null) out.set(record.value, at);
  return out;
}

/** When the log accepted the record: what retention looks at without decoding the rest. */
export function appendTimeOf(stored: Uint8Array): number {
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength).readUIntBE(1, 6);
}

/** The record back. Its value is a view of `stored`. */
export function decodeRecord(place: TopicPartition, offset: number, stored: Uint8Array): LogRecord {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (bytes[0] !== VERSION)
    throw new EngineError(
      'STATE_FORMAT_UNKNOWN',
      `the log holds a record of format ${bytes[0]}, this version reads ${VERSION}`,
      {
        context: { topic: place.topic, partition: place.partition, offset },
      },
    );
  const flags = bytes[15] ?? 0;
  let at = 16;
  let key: string | undefined;
  if (flags & HAS_KEY) {
    const length = bytes.readUInt16BE(at);
    key = bytes.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
  }
  let headers: { [name: string]: string } | undefined;
  if (flags & HAS_HEADERS) {
    headers = {};
    const count = bytes.readUInt16BE(at);
    at += 2;
    for (let i = 0; i < count; i++) {
      const nameEnd = at + 6 + bytes.readUInt16BE(at);
      const valueEnd = nameEnd + bytes.readUInt32BE(at + 2);
      headers[bytes.toString('utf8', at + 6, nameEnd)] = bytes.toString('utf8', nameEnd, valueEnd);
      at = valueEnd;
    }
  }
  return {
    topic: place.topic,
    partition: place.partition,
    offset,
    key,
    value: flags & HAS_VALUE ? bytes.subarray(at) : null,
    timestampMs: bytes.readDoubleBE(7),
    appendTimeMs: bytes.readUIntBE(1, 6),
    headers,
  };
}
