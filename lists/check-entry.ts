// What may be published, the same for every list store.
import type { SinkEntry } from '../engine/api/index.ts';
import { MAX_LIST_KEY_BYTES, MAX_LIST_VALUE_BYTES } from './list-store.ts';

/** @throws {RangeError} as `ListStore.publish` says. */
export function checkEntry({ key, value, version }: SinkEntry): void {
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes === 0 || keyBytes > MAX_LIST_KEY_BYTES || key.startsWith('\0') || !key.isWellFormed()) {
    throw new RangeError(
      `a key of ${keyBytes} bytes cannot be published: 1 to ${MAX_LIST_KEY_BYTES}, without a leading NUL`,
    );
  }
  if (value !== null && (value.length === 0 || value.length > MAX_LIST_VALUE_BYTES)) {
    throw new RangeError(`a value of ${value.length} bytes cannot be published: 1 to ${MAX_LIST_VALUE_BYTES}`);
  }
  if (!Number.isSafeInteger(version) || version < 0) throw new RangeError(`${version} is not a version`);
}
