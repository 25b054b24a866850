// How a store's string keys become database keys: the keyspace's prefix, then the key's UTF-8 bytes. UTF-8 keeps the order of code
// points, so a scan by bytes is a scan by key.

/** Longest key, UTF-8 bytes. An id is tens of bytes; the limit keeps a broken producer out of the index blocks. */
export const MAX_KEY_BYTES = 1024;

/** @throws {RangeError} when the key is longer than {@link MAX_KEY_BYTES} or not well-formed (it would not come back as it was). */
export function checkKey(key: string): void {
  // A UTF-16 unit takes at most three bytes, so nearly every key passes without being measured.
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw new RangeError(`a key of ${Buffer.byteLength(key)} bytes is longer than ${MAX_KEY_BYTES}`);
  }
  if (!key.isWellFormed()) throw new RangeError('a key holds half of a surrogate pair');
}

/** Bytes of their own: `prefix`, then `key` in UTF-8. */
export function encodeKey(prefix: Uint8Array, key: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(prefix.length + Buffer.byteLength(key));
  bytes.set(prefix);
  bytes.write(key, prefix.length);
  return bytes;
}

export function decodeKey(prefixLength: number, bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8', prefixLength);
}

/** The first key behind all keys that start with `prefix`; `undefined` when there is none (all bytes 0xff, or no byte). */
export function prefixEnd(prefix: Uint8Array): Uint8Array | undefined {
  for (let last = prefix.length - 1; last >= 0; last--) {
    const byte = prefix[last]!;
    if (byte === 0xff) continue;
    // Not `slice`, which on a Buffer is a view of the same bytes.
    const end = Uint8Array.from(prefix.subarray(0, last + 1));
    end[last] = byte + 1;
    return end;
  }
  return undefined;
}

/** The first key behind `key`. */
export function successor(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
