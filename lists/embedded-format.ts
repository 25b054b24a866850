// How the embedded list store lays out its column family.
//
//   <key, UTF-8>                          -> 0x01, version (8), value           a value
//   <key, UTF-8>                          -> 0x02, version (8), removed at (8)  a tombstone: its version must not be undercut
//   0x00, removed at (8), <key, UTF-8>    -> (nothing)                          finds tombstones by age
//
// Numbers are unsigned, big endian, below 2^53: the index is in order of time. No key begins with 0x00.
import { readUint53, writeUint53 } from './uint53.ts';

/** Where the index of tombstones begins, and everything else behind it. */
export const INDEX_START = Uint8Array.of(0x00);
export const KEYS_START = Uint8Array.of(0x01);

const VALUE = 0x01;
const TOMBSTONE = 0x02;
const HEADER_BYTES = 9;
const INDEX_HEADER_BYTES = 9;

export function encodeListKey(key: string): Buffer {
  return Buffer.from(key, 'utf8');
}

export function decodeListKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

export function encodeValue(version: number, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + value.length);
  bytes[0] = VALUE;
  writeUint53(bytes, 1, version);
  bytes.set(value, HEADER_BYTES);
  return bytes;
}

export function encodeTombstone(version: number, removedAtMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 8);
  bytes[0] = TOMBSTONE;
  writeUint53(bytes, 1, version);
  writeUint53(bytes, HEADER_BYTES, removedAtMs);
  return bytes;
}

/** Version of a stored value or tombstone. */
export function versionOf(stored: Uint8Array): number {
  return readUint53(stored, 1);
}

/** The value behind the header, a view of `stored`; `undefined` for a tombstone. */
export function publishedValue(stored: Uint8Array): Uint8Array | undefined {
  return stored[0] === VALUE ? stored.subarray(HEADER_BYTES) : undefined;
}

/** When a tombstone was written, epoch ms; `undefined` for a value. */
export function removedAtMsOf(stored: Uint8Array): number | undefined {
  return stored[0] === TOMBSTONE ? readUint53(stored, HEADER_BYTES) : undefined;
}

/** Key of the index for a tombstone; with an empty `key` the start of that moment. */
export function encodeIndexKey(removedAtMs: number, key: Uint8Array): Buffer {
  const bytes = Buffer.alloc(INDEX_HEADER_BYTES + key.length);
  writeUint53(bytes, 1, removedAtMs);
  bytes.set(key, INDEX_HEADER_BYTES);
  return bytes;
}

export function decodeIndexKey(bytes: Uint8Array): { readonly removedAtMs: number; readonly key: Uint8Array } {
  return { removedAtMs: readUint53(bytes, 1), key: bytes.subarray(INDEX_HEADER_BYTES) };
}
