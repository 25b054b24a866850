// Compact binary values: what state codecs are written with. Little endian; counts and small numbers as LEB128 varints; 53-bit
// hashes in seven bytes; texts as a varint length and UTF-8. The reader checks every bound, so a cut or foreign value ends in an
// error and never in a wrong number. What is written here is on disks: a format may be added, none may change.
import { EngineError } from './errors.ts';

const TWO_32 = 0x1_0000_0000;
/** 2^53 - 1 takes eight groups of seven bits. */
const MAX_VARINT_BYTES = 8;
/** Texts of so many characters are tried as ASCII, without a call into the encoder: ids are short, and nearly all ASCII. */
const SHORT_TEXT = 40;
/** Texts of so many are read character by character. Of more, V8 keeps an object for each that was added, and one call takes less. */
const BRIEF_TEXT = 10;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

/** Small copies share their memory, so that V8 has less to make, to clear and to collect: most live no longer than a commit. */
const SHARED_BYTES = 8_192;
const SMALL_BYTES = 4_096;
const TINY_BYTES = 64;
let shared = new ArrayBuffer(SHARED_BYTES);
let sharedEnd = 0;

function sharedRoom(bytes: number): Uint8Array {
  if (sharedEnd + bytes > SHARED_BYTES) {
    shared = new ArrayBuffer(SHARED_BYTES);
    sharedEnd = 0;
  }
  const start = sharedEnd;
  sharedEnd += bytes;
  return new Uint8Array(shared, start, bytes);
}

/**
 * Writes one value after the other into one buffer that it keeps and grows.
 *
 * @example
 * const writer = new BinaryWriter();
 * writer.u8(1);
 * writer.text('A-1');
 * const bytes = writer.finish();
 */
export class BinaryWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** @param capacityBytes to begin with; it doubles when it is full. */
  constructor(capacityBytes = 4096) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the last `finish`. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written. The writer is empty again. */
  finish(): Uint8Array {
    const length = this.#length;
    this.#length = 0;
    // V8 keeps the tiniest within the object.
    if (length <= TINY_BYTES || length > SMALL_BYTES) return this.#bytes.slice(0, length);
    const bytes = sharedRoom(length);
    bytes.set(this.#bytes.subarray(0, length));
    return bytes;
  }

  /** What was written, without a copy: of use until the next value is written. The writer is empty again. */
  lend(): Uint8Array {
    const lent = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return lent;
  }

  /** Forgets what was written: after an error half-way through a value. */
  reset(): void {
    this.#length = 0;
  }

  /** 0 to 255. */
  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /**
   * A whole number from 0 to 2^53 - 1; one byte up to 127.
   * @throws {RangeError} for any other number: it could not be read back.
   */
  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    // Nearly all: counts, and places in small tables.
    if ((value & 127) === value) {
      this.#bytes[this.#length++] = value;
      return;
    }
    if (!(Number.isSafeInteger(value) && value >= 0))
      throw new RangeError(`${value} is not a whole number of 0 or more`);
    let rest = value;
    // Division while it does not fit into 32 bits, shifts after that.
    while (rest > 0x7fff_ffff) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      this.#bytes[this.#length++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number from 0 to 2^53 - 1 in seven bytes: for hashes, which would take eight as varints. */
  uint53(value: number): void {
    if (!(Number.isSafeInteger(value) && value >= 0))
      throw new RangeError(`${value} is not a whole number of 0 or more`);
    this.#reserve(8);
    this.#view.setUint32(this.#length, value % TWO_32, true);
    this.#view.setUint32(this.#length + 4, Math.floor(value / TWO_32), true);
    this.#length += 7;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Rounded to binary32. */
  f32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  /** Half of a surrogate pair becomes U+FFFD. */
  text(value: string): void {
    const length = value.length;
    if (length <= SHORT_TEXT) {
      this.#reserve(1 + length);
      const bytes = this.#bytes;
      const start = this.#length;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 127) break;
        bytes[start + 1 + i] = unit;
      }
      if (i === length) {
        bytes[start] = length;
        this.#length = start + 1 + length;
        return;
      }
    }
    const utf8 = encoder.encode(value);
    this.varint(utf8.length);
    this.bytes(utf8);
  }

  /** The bytes alone, without their number. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Reads what a {@link BinaryWriter} wrote, in the same order. Every method throws an {@link EngineError} `STATE_FORMAT_UNKNOWN`
 * when the bytes end too early or cannot have been written by the writer's method of the same name.
 */
export class BinaryReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Place of the next byte. */
  get place(): number {
    return this.#at;
  }

  /** Goes on at a place where this reader has been. */
  goTo(place: number): void {
    this.#at = place;
  }

  /** To be called when a value is complete: throws when bytes are left over. */
  end(): void {
    if (this.remaining !== 0) throw unreadable(`${this.remaining} bytes are left over`);
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) throw unreadable('a number is above 2^53 - 1');
        return value;
      }
      factor *= 128;
    }
    throw unreadable('a number has more than eight bytes');
  }

  /** A varint that counts things of at least `minBytes` each which follow: never more than the rest can hold. */
  count(minBytes = 1): number {
    const count = this.varint();
    if (count * minBytes > this.remaining) throw unreadable(`${count} things do not fit into ${this.remaining} bytes`);
    return count;
  }

  uint53(): number {
    const at = this.#take(7);
    const high = this.#bytes[at + 4]! | (this.#bytes[at + 5]! << 8) | (this.#bytes[at + 6]! << 16);
    if (high > 0x1f_ffff) throw unreadable('a number is above 2^53 - 1');
    return this.#view.getUint32(at, true) + high * TWO_32;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  text(): string {
    const length = this.varint();
    const start = this.#take(length);
    const end = start + length;
    if (length <= BRIEF_TEXT) {
      let text = '';
      let i = start;
      for (; i < end; i++) {
        const byte = this.#bytes[i]!;
        if (byte > 127) break;
        text += String.fromCharCode(byte);
      }
      if (i === end) return text;
    } else if (length <= SHORT_TEXT) {
      let i = start;
      while (i < end && this.#bytes[i]! < 128) i++;
      if (i === end) return latin1Slice.call(this.#bytes, start, end);
    }
    try {
      return decoder.decode(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw unreadable('a text is not UTF-8', cause);
    }
  }

  /** A copy of `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return Uint8Array.prototype.slice.call(this.#bytes, start, start + length);
  }

  #take(count: number): number {
    if (count > this.remaining) throw unreadable(`${count} bytes are wanted and ${this.remaining} are left`);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

function unreadable(text: string, cause?: unknown): EngineError {
  return new EngineError('STATE_FORMAT_UNKNOWN', `a stored value cannot be read: ${text}`, { cause });
}
