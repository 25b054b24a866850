// Reads the record sets of fetch responses: record batches of format 2, one after the other.
//
//   batch   baseOffset i64 | length i32 | leaderEpoch i32 | magic i8 = 2 | crc u32 | attributes i16 | lastOffsetDelta i32
//           | baseTimestamp i64 | maxTimestamp i64 | producerId i64 | producerEpoch i16 | baseSequence i32 | count i32 | records
//   record  length | attributes i8 | timestampDelta | offsetDelta | key length, key | value length, value
//           | count of headers { name length, name, value length, value }        (numbers without a size are zigzag varints)
//
// Values are views of the response, nothing is copied. A batch whose records compaction has removed still moves the position. The
// marks of transactions are no records, and what an aborted transaction wrote is left out: its producer and first offset are told by
// the response, its end by the abort mark. Source: KIP-98, KIP-32 (timestamps).

import { crc32c } from '@node-rs/crc32';
import { EngineError, type Headers, type LogRecord, PackedRecord, type TopicPartition } from '../api/index.ts';
import { codecName, decompress } from './codecs.ts';

/** A record of a topic whose keys are bytes, not text. */
export class BinaryRecord extends PackedRecord {
  readonly offset: number;

  constructor(
    offset: number,
    bytes: Uint8Array,
    keyAt: number,
    keyLength: number,
    valueAt: number,
    valueLength: number,
  ) {
    super(bytes, keyAt, keyLength, valueAt, valueLength);
    this.offset = offset;
  }
}

/** A transaction that ended in an abort: what `producerId` wrote from `firstOffset` up to its abort mark does not count. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface RecordSetOptions extends TopicPartition {
  /** Records below are left out: a batch may begin before the offset that was asked for. */
  readonly from: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Whether the records are {@link BinaryRecord}s. */
  readonly binaryKeys: boolean;
}

const HEADER_BYTES = 61;
/** What `length` does not count: baseOffset and itself. */
const LENGTH_BYTES = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const FORMAT = 2;
const CODEC_MASK = 7;
const LOG_APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;
/** Type of a control record, in its key after two bytes of version. */
const ABORT_MARK = 0;

/** Records decoded in one step: 1 to 5 ms. */
const STEP_RECORDS = 4096;
/** What a record in memory takes beside its key and value, bytes: about. */
const RECORD_OVERHEAD_BYTES = 160;
/** Keys of so many bytes are tried as ASCII first: cheaper than a call into the UTF-8 decoder. */
const SHORT_KEY = 24;

/**
 * Decodes one record set in steps, so that a large one does not hold up everything else.
 *
 * @throws {EngineError} `BATCH_UNREADABLE` from `step`, with the offset of the batch: another format, a wrong checksum, bytes that
 * are no records. What was decoded before it stays.
 */
export class RecordSetDecoder {
  /** In offset order. {@link BinaryRecord}s where `binaryKeys`. */
  readonly records: (LogRecord | BinaryRecord)[] = [];
  /** Offset to go on from: after the last complete batch. */
  next: number;
  /** About what the records take in memory. */
  bytes = 0;

  readonly #options: RecordSetOptions;
  readonly #set: Buffer;
  #at = 0;
  /** Those that begin after the batch that was read last, by first offset. */
  readonly #aborted: AbortedTransaction[];
  readonly #abortedProducers = new Set<number>();

  // The batch that is being read; its records may lie in a buffer of their own.
  #batch = emptyBatch();
  #cursor = new Cursor(Buffer.alloc(0), 0, 0);
  #left = 0;

  constructor(set: Buffer, options: RecordSetOptions) {
    this.#set = set;
    this.#options = options;
    this.next = options.from;
    this.#aborted = [...options.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** Decodes some more. `false` when nothing is left but perhaps the beginning of a batch. */
  step(): boolean {
    if (this.#left === 0 && !this.#nextBatch()) return false;
    const count = Math.min(this.#left, STEP_RECORDS);
    try {
      this.#readRecords(count);
    } catch (cause) {
      throw this.#unreadable(this.#batch.baseOffset, 'its records are malformed', cause);
    }
    this.#left -= count;
    if (this.#left === 0) this.#endBatch();
    return true;
  }

  /** Prepares the next batch. `false` when there is no complete one. */
  #nextBatch(): boolean {
    const set = this.#set;
    const start = this.#at;
    if (set.length - start < LENGTH_BYTES) return false;
    const baseOffset = readInt64(set, start);
    const end = start + LENGTH_BYTES + set.readInt32BE(start + 8);
    if (set.length > start + MAGIC_AT && set[start + MAGIC_AT] !== FORMAT)
      throw this.#unreadable(baseOffset, `it has message format ${set[start + MAGIC_AT]}, only ${FORMAT} is read`);
    if (end > set.length) return false;
    if (end < start + HEADER_BYTES) throw this.#unreadable(baseOffset, 'its length is wrong');
    if (crc32c(set.subarray(start + ATTRIBUTES_AT, end)) !== set.readUInt32BE(start + CRC_AT))
      throw this.#unreadable(baseOffset, 'its checksum is wrong');
    const attributes = set.readInt16BE(start + ATTRIBUTES_AT);
    const producerId = readInt64(set, start + 43);
    this.#batch = {
      baseOffset,
      lastOffset: baseOffset + set.readInt32BE(start + 23),
      baseTimestampMs: readInt64(set, start + 27),
      appendTimeMs: (attributes & LOG_APPEND_TIME) === 0 ? undefined : readInt64(set, start + 35),
    };
    this.#at = end;
    const count = set.readInt32BE(start + 57);
    this.#left = this.#isLeftOut(attributes, producerId, start) ? 0 : count;
    if (this.#left > 0) {
      let body: Buffer;
      try {
        body = decompress(attributes & CODEC_MASK, set.subarray(start + HEADER_BYTES, end));
      } catch (cause) {
        const codec = codecName(attributes & CODEC_MASK);
        throw this.#unreadable(baseOffset, `its compression (${codec}) cannot be undone`, cause);
      }
      this.#cursor = new Cursor(body, 0, body.length);
    }
    return true;
  }

  /** Whether the batch holds no records for us: marks, an aborted transaction, or all of it below the offset asked for. */
  #isLeftOut(attributes: number, producerId: number, start: number): boolean {
    while (this.#aborted.length > 0 && this.#aborted[0]!.firstOffset <= this.#batch.lastOffset)
      this.#abortedProducers.add(this.#aborted.shift()!.producerId);
    if ((attributes & CONTROL) !== 0) {
      // Marks are never compressed: the one record's key lies 5 bytes or more into the records.
      if (this.#set.readInt32BE(start + 57) > 0 && this.#controlType(start) === ABORT_MARK)
        this.#abortedProducers.delete(producerId);
      return true;
    }
    if ((attributes & TRANSACTIONAL) !== 0 && this.#abortedProducers.has(producerId)) return true;
    return this.#batch.lastOffset < this.#options.from;
  }

  #controlType(start: number): number {
    try {
      const cursor = new Cursor(this.#set, start + HEADER_BYTES, this.#at);
      cursor.varint();
      cursor.take(1);
      cursor.varlong();
      cursor.varint();
      if (cursor.varint() < 4) throw new Error('a short key');
      return this.#set.readInt16BE(cursor.take(4) + 2);
    } catch (cause) {
      throw this.#unreadable(this.#batch.baseOffset, 'its mark of a transaction is malformed', cause);
    }
  }

  #readRecords(count: number): void {
    const { topic, partition, from, binaryKeys } = this.#options;
    const { baseOffset, lastOffset, baseTimestampMs, appendTimeMs } = this.#batch;
    const cursor = this.#cursor;
    const { bytes } = cursor;
    const records = this.records;
    for (let i = 0; i < count; i++) {
      const length = cursor.varint();
      const end = cursor.at + length;
      cursor.take(1);
      const timestampMs = baseTimestampMs + cursor.varlong();
      const offset = baseOffset + cursor.varint();
      if (offset < baseOffset || offset > lastOffset) throw new Error('an offset lies outside of the batch');
      const keyLength = cursor.varint();
      const keyAt = keyLength < 0 ? cursor.at : cursor.take(keyLength);
      const valueLength = cursor.varint();
      const valueAt = valueLength < 0 ? cursor.at : cursor.take(valueLength);
      const headerCount = cursor.varint();
      const headers = headerCount > 0 ? readHeaders(cursor, headerCount, binaryKeys) : undefined;
      if (cursor.at !== end || length < 0) throw new Error('the length of a record is wrong');
      if (offset < from) continue;
      this.bytes += RECORD_OVERHEAD_BYTES + (keyLength > 0 ? keyLength : 0) + (valueLength > 0 ? valueLength : 0);
      if (binaryKeys) {
        records.push(new BinaryRecord(offset, bytes, keyAt, Math.max(0, keyLength), valueAt, valueLength));
      } else {
        records.push({
          topic,
          partition,
          offset,
          key: keyLength < 0 ? undefined : readText(bytes, keyAt, keyAt + keyLength),
          value: valueLength < 0 ? null : bytes.subarray(valueAt, valueAt + valueLength),
          timestampMs: appendTimeMs ?? timestampMs,
          appendTimeMs: appendTimeMs ?? timestampMs,
          headers,
        });
      }
    }
  }

  #endBatch(): void {
    // What is read next begins after the batch, whatever records compaction has left of it.
    if (this.#batch.lastOffset >= this.next) this.next = this.#batch.lastOffset + 1;
    this.#cursor = new Cursor(Buffer.alloc(0), 0, 0);
  }

  #unreadable(offset: number, reason: string, cause?: unknown): EngineError {
    const { topic, partition } = this.#options;
    return new EngineError(
      'BATCH_UNREADABLE',
      `the batch at ${topic}-${partition} offset ${offset} cannot be read: ${reason}`,
      {
        context: { topic, partition, offset },
        cause,
      },
    );
  }
}

interface Batch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly baseTimestampMs: number;
  /** When the broker accepted the batch, where the topic is set so: then it is every record's time (KIP-32). */
  readonly appendTimeMs: number | undefined;
}

const emptyBatch = (): Batch => ({ baseOffset: 0, lastOffset: -1, baseTimestampMs: 0, appendTimeMs: undefined });

/** A place in a buffer that never passes `end`. */
class Cursor {
  readonly bytes: Buffer;
  at: number;
  readonly #end: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  /** Passes `count` bytes and returns where they begin. */
  take(count: number): number {
    const at = this.at;
    if (count < 0 || count > this.#end - at) throw new Error('the bytes end too early');
    this.at = at + count;
    return at;
  }

  /** Zigzag, 32 bits. */
  varint(): number {
    const { bytes } = this;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.take(1)]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return (value >>> 1) ^ -(value & 1);
    }
    throw new Error('a number is too long');
  }

  /** Zigzag, 64 bits; exact up to 2^53. */
  varlong(): number {
    const { bytes } = this;
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = bytes[this.take(1)]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
    throw new Error('a number is too long');
  }
}

/** Of names that appear twice the last counts; a header without a value is empty. */
function readHeaders(cursor: Cursor, count: number, skip: boolean): Headers | undefined {
  const headers: { [name: string]: string } = {};
  for (let i = 0; i < count; i++) {
    const nameLength = cursor.varint();
    const nameAt = cursor.take(nameLength);
    const valueLength = cursor.varint();
    const valueAt = valueLength < 0 ? cursor.at : cursor.take(valueLength);
    if (skip) continue;
    const name = readText(cursor.bytes, nameAt, nameAt + nameLength);
    headers[name] = valueLength < 0 ? '' : cursor.bytes.toString('utf8', valueAt, valueAt + valueLength);
  }
  return skip ? undefined : headers;
}

function readText(bytes: Buffer, start: number, end: number): string {
  if (end - start > SHORT_KEY) return bytes.toString('utf8', start, end);
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte > 127) return bytes.toString('utf8', start, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** A number of 64 bits; exact up to 2^53, which offsets and times stay below. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
