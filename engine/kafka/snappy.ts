// Reads Snappy: the raw format (a varint of the length, then literals and copies), and the framing that Java's producers put around
// it: 0x82 "SNAPPY" 0x00, two versions (int32), then blocks of { length (int32, big-endian), raw Snappy }.
// Source: google/snappy, format_description.txt; the framing of xerial/snappy-java's SnappyOutputStream.

/** First bytes of Java's framing. */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const FRAME_HEADER_BYTES = 16;

/** @throws {Error} when the bytes are not Snappy or hold more than `maxBytes`. */
export function decompressSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!(bytes.length >= FRAME_HEADER_BYTES && bytes.subarray(0, MAGIC.length).equals(MAGIC)))
    return readBlock(bytes, maxBytes);
  const blocks: Buffer[] = [];
  let total = 0;
  let at = FRAME_HEADER_BYTES;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw malformed();
    const length = bytes.readUInt32BE(at);
    at += 4;
    if (length > bytes.length - at) throw malformed();
    const block = readBlock(bytes.subarray(at, at + length), maxBytes - total);
    at += length;
    total += block.length;
    blocks.push(block);
  }
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks, total);
}

function readBlock(bytes: Buffer, maxBytes: number): Buffer {
  let at = 0;
  let size = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || at > 5) throw malformed();
    size += (byte & 127) * shift;
    if (byte < 128) break;
  }
  if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes`);
  const out = Buffer.allocUnsafe(size);
  let to = 0;
  const end = bytes.length;
  while (at < end) {
    const tag = bytes[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let length = (tag >>> 2) + 1;
      if (length > 60) {
        const lengthBytes = length - 60;
        if (at + lengthBytes > end) throw malformed();
        length = bytes.readUIntLE(at, lengthBytes) + 1;
        at += lengthBytes;
      }
      if (length > end - at || length > size - to) throw malformed();
      if (length <= 16) for (let i = 0; i < length; i++) out[to + i] = bytes[at + i]!;
      else bytes.copy(out, to, at, at + length);
      at += length;
      to += length;
      continue;
    }
    let length: number;
    let distance: number;
    if (kind === 1) {
      if (at + 1 > end) throw malformed();
      length = ((tag >>> 2) & 7) + 4;
      distance = ((tag >>> 5) << 8) | bytes[at++]!;
    } else {
      const distanceBytes = kind === 2 ? 2 : 4;
      if (at + distanceBytes > end) throw malformed();
      length = (tag >>> 2) + 1;
      distance = bytes.readUIntLE(at, distanceBytes);
      at += distanceBytes;
    }
    if (distance === 0 || distance > to || length > size - to) throw malformed();
    to = repeat(out, to, distance, length);
  }
  if (to !== size) throw malformed();
  return out;
}

/**
 * Appends `length` bytes that begin `distance` bytes before `to`, and returns the new end. Source and target may overlap: what is
 * written is then read again, which is how both formats write runs.
 */
export function repeat(out: Buffer, to: number, distance: number, length: number): number {
  const end = to + length;
  if (length > 32 && distance >= length) out.copyWithin(to, to - distance, end - distance);
  else for (let i = to; i < end; i++) out[i] = out[i - distance]!;
  return end;
}

const malformed = () => new Error('malformed Snappy');
