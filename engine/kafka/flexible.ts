// Flexible versions of Kafka's protocol (KIP-482), which kafkajs does not know: lengths are unsigned varints plus one, and each
// structure ends with tagged fields, none of which are needed here.

/** In place of tagged fields; also at the end of a flexible request's header, which is written before the body. */
export const NO_TAGS = Buffer.of(0);

/** The length of an array, in front of its elements. */
export function compactLength(count: number): Buffer {
  const bytes: number[] = [];
  let value = count + 1;
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

export function compactText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([compactLength(bytes.length), bytes]);
}

/** Reads an answer from its header on, field by field. */
export class FlexibleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.tags();
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  int64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  /** Empty where it is null. */
  text(): string {
    const end = Math.max(0, this.#varint() - 1) + this.#at;
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return text;
  }

  /** Empty where it is null. */
  array<T>(element: () => T): T[] {
    const elements: T[] = [];
    for (let left = this.#varint(); left > 1; left--) elements.push(element());
    return elements;
  }

  tags(): void {
    for (let left = this.#varint(); left > 0; left--) {
      this.#varint();
      const length = this.#varint();
      this.#at += length;
    }
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes.readUInt8(this.#at++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}
