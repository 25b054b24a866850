// The engine's binary values with what profiles, rows and deltas need beside them.

import { BinaryReader, BinaryWriter } from '../../engine/api/index.ts';

/** Writes signed numbers (zigzag) and optional texts, too. */
export class ByteWriter extends BinaryWriter {
  /** A whole number from -2^52 to 2^52 - 1. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** A text or its absence, in one byte more. */
  optionalText(value: string | undefined): void {
    this.u8(value === undefined ? 0 : 1);
    if (value !== undefined) this.text(value);
  }
}

/** Reads what {@link ByteWriter} wrote. */
export class ByteReader extends BinaryReader {
  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  optionalText(): string | undefined {
    return this.u8() === 0 ? undefined : this.text();
  }
}
