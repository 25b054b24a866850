// A record of a changelog as it is read: its bytes stay where the network put them. A restore reads many records for each that it
// writes, and two views of a buffer cost several times as much as all the rest of a record.

import type { ChangelogRecord } from './shared-log.ts';

export class PackedRecord implements ChangelogRecord {
  readonly bytes: Uint8Array;
  readonly keyAt: number;
  readonly keyLength: number;
  readonly valueAt: number;
  /** -1 where the value is `null`. */
  readonly valueLength: number;

  constructor(bytes: Uint8Array, keyAt: number, keyLength: number, valueAt: number, valueLength: number) {
    this.bytes = bytes;
    this.keyAt = keyAt;
    this.keyLength = keyLength;
    this.valueAt = valueAt;
    this.valueLength = valueLength;
  }

  /** A copy in a buffer of its own. */
  static of({ key, value }: ChangelogRecord): PackedRecord {
    const bytes = Buffer.concat([key, value ?? new Uint8Array(0)]);
    return new PackedRecord(bytes, 0, key.length, key.length, value === null ? -1 : value.length);
  }

  /** A view. */
  get key(): Uint8Array {
    return this.bytes.subarray(this.keyAt, this.keyAt + this.keyLength);
  }

  /** A view; `null` is a tombstone. */
  get value(): Uint8Array | null {
    return this.valueLength < 0 ? null : this.bytes.subarray(this.valueAt, this.valueAt + this.valueLength);
  }
}
