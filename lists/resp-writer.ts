// Redis's protocol (RESP) written straight to bytes that are used again: a call with hundreds of values makes no object of each.

const CR = 13;
const LF = 10;
const ZERO = 48;
/** `$` or `*`, the digits of a length and two line ends. */
const FRAME_BYTES = 16;

export class RespWriter {
  bytes = Buffer.allocUnsafeSlow(1 << 18);
  end = 0;

  /** Begins a command of so many arguments, its name among them. */
  command(argumentCount: number): void {
    this.reserve(FRAME_BYTES);
    this.#length(42, argumentCount);
  }

  text(value: string): void {
    this.reserve(FRAME_BYTES + 3 * value.length);
    const length = Buffer.byteLength(value);
    this.#length(36, length);
    this.end += this.bytes.write(value, this.end);
    this.#line();
  }

  /** Begins an argument of so many bytes and returns where they belong; `close` ends it. */
  open(length: number): number {
    this.reserve(FRAME_BYTES + length);
    this.#length(36, length);
    const start = this.end;
    this.end += length;
    return start;
  }

  close(): void {
    this.#line();
  }

  reserve(count: number): void {
    if (this.end + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(2 * (this.end + count));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
  }

  #length(type: number, value: number): void {
    const { bytes } = this;
    bytes[this.end++] = type;
    let power = 1;
    while (power * 10 <= value) power *= 10;
    for (; power >= 1; power /= 10) bytes[this.end++] = ZERO + (Math.floor(value / power) % 10);
    this.#line();
  }

  #line(): void {
    this.bytes[this.end++] = CR;
    this.bytes[this.end++] = LF;
  }
}
