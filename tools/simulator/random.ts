// A small seeded generator, so that a seed names a shop: the same seed gives the same numbers on every machine.
// Source: sfc32 of Chris Doty-Humphrey's PractRand (128 bits of state, one of them a counter, so its period is at least 2^32).

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Uniform numbers and what is made from them. Each call moves the state, so the order of calls is part of the result. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `parts` are safe integers or strings; other parts give an unrelated sequence. */
  constructor(...parts: readonly (number | string)[]) {
    // FNV-1a over the text of the parts, with three different starts.
    const text = parts.join('\u0000');
    this.#a = fnv1a(text, 0x811c9dc5);
    this.#b = fnv1a(text, 0x9e3779b9);
    this.#c = fnv1a(text, 0x85ebca6b);
    // The first outputs still resemble the seed.
    for (let i = 0; i < 12; i += 1) this.uint32();
  }

  /** 0 to 2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** At least 0, below 1. */
  next(): number {
    return this.uint32() / 4294967296;
  }

  /** Whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of `values`, which must not be empty. */
  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)]!;
  }

  /** An index below `count`; low ones are more likely (density falls as 1/sqrt), as with bestsellers. */
  skewedIndex(count: number): number {
    const u = this.next();
    return Math.floor(u * u * count);
  }

  /** A version 4 UUID of these numbers. */
  uuid(): string {
    const a = this.uint32();
    const b = this.uint32();
    const c = this.uint32();
    const d = this.uint32();
    return `${hex8(a)}-${hex4(b >>> 16)}-${hex4((b & 0x0fff) | 0x4000)}-${hex4(((c >>> 16) & 0x3fff) | 0x8000)}-${hex4(c & 0xffff)}${hex8(d)}`;
  }
}

function fnv1a(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}

function hex4(value: number): string {
  return HEX[value >>> 8]! + HEX[value & 255]!;
}

function hex8(value: number): string {
  return hex4(value >>> 16) + hex4(value & 0xffff);
}
