// Compression of record batches. Read: none, gzip, snappy, lz4 and zstd, since those who write to a shop's topics choose theirs.
// Written: none, gzip and zstd, which Node has. Sizes are bounded, so that a small batch cannot fill the memory.

import { promisify } from 'node:util';
import { gunzipSync, zstdCompress, zstdDecompressSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';

/** A batch that inflates to more is refused: brokers take batches of 1 MB unless told otherwise. */
export const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

/** Numbers of the codecs in the attributes of a batch (KIP-98, KIP-110). */
const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Name of a codec for texts. */
export function codecName(codec: number): string {
  return NAMES[codec] ?? `number ${codec}`;
}

/**
 * The records of a batch. Without compression that is `bytes` itself.
 * @throws {Error} when the codec is unknown or the bytes are not what it writes.
 */
export function decompress(codec: number, bytes: Buffer): Buffer {
  switch (codec) {
    case 0:
      return bytes;
    case 1:
      return gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
    case 2:
      return decompressSnappy(bytes, MAX_INFLATED_BYTES);
    case 3:
      return decompressLz4(bytes, MAX_INFLATED_BYTES);
    case 4:
      return zstdDecompressSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
    default:
      throw new Error(`unknown codec ${codec}`);
  }
}

const compressZstd = promisify(zstdCompress);

/** Lets kafkajs's producers write zstd. May be called again. */
export function registerCodecs(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { readonly buffer: Buffer }) => compressZstd(encoder.buffer),
    decompress: async (bytes: Buffer) => decompress(4, bytes),
  });
}
