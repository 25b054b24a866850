// Reads LZ4 frames (magic 0x184D2204, flags, blocks, end mark), with blocks that stand alone or build on the ones before. The
// checksums are not looked at: the batch around has its own.
// Source: lz4/lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md.

import { repeat } from './snappy.ts';

const MAGIC = 0x184d2204;
const HAS_DICTIONARY = 1;
const HAS_CONTENT_CHECKSUM = 4;
const HAS_CONTENT_SIZE = 8;
const HAS_BLOCK_CHECKSUM = 16;
const UNCOMPRESSED = 0x8000_0000;

/** @throws {Error} when the bytes are not one or more LZ4 frames, or hold more than `maxBytes`. */
export function decompressLz4(bytes: Buffer, maxBytes: number): Buffer {
  const output: Output = { bytes: Buffer.allocUnsafe(Math.min(maxBytes, 4 * bytes.length + 64)), length: 0, maxBytes };
  let at = 0;
  while (at < bytes.length) at = readFrame(bytes, at, output);
  return output.bytes.subarray(0, output.length);
}

/** Grows as it is written. */
interface Output {
  bytes: Buffer;
  length: number;
  readonly maxBytes: number;
}

/** Appends the frame at `at` and returns where it ends. */
function readFrame(bytes: Buffer, start: number, output: Output): number {
  if (bytes.length - start < 7 || bytes.readUInt32LE(start) !== MAGIC) throw malformed();
  const flags = bytes[start + 4]!;
  if (flags >>> 6 !== 1 || (flags & HAS_DICTIONARY) !== 0) throw malformed();
  // Flags, block size, header checksum.
  let at = start + 4 + 2 + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8) + 1;
  for (;;) {
    if (at + 4 > bytes.length) throw malformed();
    const word = bytes.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const length = word & 0x7fff_ffff;
    if (length > bytes.length - at) throw malformed();
    if (word >= UNCOMPRESSED) {
      reserve(output, length);
      bytes.copy(output.bytes, output.length, at, at + length);
      output.length += length;
    } else {
      readBlock(bytes, at, at + length, output);
    }
    at += length + ((flags & HAS_BLOCK_CHECKSUM) === 0 ? 0 : 4);
  }
  at += (flags & HAS_CONTENT_CHECKSUM) === 0 ? 0 : 4;
  if (at > bytes.length) throw malformed();
  return at;
}

/** Sequences of { token, literals, distance, length of the copy }; the last has literals only. */
function readBlock(bytes: Buffer, start: number, end: number, output: Output): void {
  let at = start;
  while (at < end) {
    const token = bytes[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (at >= end) throw malformed();
        more = bytes[at++]!;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - at) throw malformed();
    reserve(output, literals);
    if (literals <= 16)
      for (let i = 0, out = output.bytes, to = output.length; i < literals; i++) out[to + i] = bytes[at + i]!;
    else bytes.copy(output.bytes, output.length, at, at + literals);
    at += literals;
    output.length += literals;
    if (at === end) return;
    if (at + 2 > end) throw malformed();
    const distance = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: number;
      do {
        if (at >= end) throw malformed();
        more = bytes[at++]!;
        length += more;
      } while (more === 255);
    }
    if (distance === 0 || distance > output.length) throw malformed();
    reserve(output, length);
    output.length = repeat(output.bytes, output.length, distance, length);
  }
}

function reserve(output: Output, count: number): void {
  const needed = output.length + count;
  if (needed <= output.bytes.length) return;
  if (needed > output.maxBytes) throw new Error(`more than ${output.maxBytes} bytes`);
  const grown = Buffer.allocUnsafe(Math.min(output.maxBytes, Math.max(needed, 2 * output.bytes.length)));
  output.bytes.copy(grown, 0, 0, output.length);
  output.bytes = grown;
}

const malformed = () => new Error('malformed LZ4');
