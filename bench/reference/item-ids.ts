// Items as small whole numbers, which are this process's own and never written anywhere: rows and lists are compared and summed by
// number, and an id's text is looked at once, when it is first met. The table is open addressing over the ids' bytes (linear probing,
// at most half full), so that reading a stored row makes no string.

import { partitionOf } from '../../engine/api/index.ts';

/** Formats count an id's bytes in one byte. */
export const MAX_ID_BYTES = 255;

const decoder = new TextDecoder('utf-8', { fatal: true });

export class ItemIds {
  readonly #partitions: number;
  readonly #byText = new Map<string, number>();
  readonly #texts: string[] = [];
  readonly #partition: number[] = [];
  readonly #scratch = Buffer.alloc(MAX_ID_BYTES);
  /** Number + 1 by hash; 0 is a free place. */
  #table = new Int32Array(1 << 12);
  /** Bytes of all ids, one after the other; id `n` is from `starts[n]` to `starts[n + 1]`. */
  arena = new Uint8Array(1 << 16);
  readonly starts: number[] = [0];
  /** The same of the ids as they stand in a list: `,{"id":"a","s":`. Words of four bytes may be read up to the last id's end. */
  jsonArena = new DataView(new ArrayBuffer(1 << 16));
  readonly jsonStarts: number[] = [0];
  /** All 0, one for each item or more: for a row to know where it has which while deltas are added to it. */
  places = new Uint8Array(1 << 10);

  /** `partitions` of the topics whose keys are items. */
  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** Items met so far: their numbers are below. */
  get count(): number {
    return this.#texts.length;
  }

  text(item: number): string {
    return this.#texts[item]!;
  }

  /** Partition of the records whose key is the item. */
  partition(item: number): number {
    return this.#partition[item]!;
  }

  ofText(text: string): number {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const length = Buffer.byteLength(text);
    if (length > MAX_ID_BYTES) throw new RangeError(`an item id has ${length} bytes, more than ${MAX_ID_BYTES}`);
    this.#scratch.write(text);
    return this.ofBytes(this.#scratch, 0, length);
  }

  /** The item whose id is `length` bytes of UTF-8 from `start` on. */
  ofBytes(bytes: Uint8Array, start: number, length: number): number {
    const mask = this.#table.length - 1;
    for (let place = hash(bytes, start, length) & mask; ; place = (place + 1) & mask) {
      const item = this.#table[place]! - 1;
      if (item < 0) return this.#add(bytes, start, length);
      if (this.is(item, bytes, start, length)) return item;
    }
  }

  /** Whether the item has this id. */
  is(item: number, bytes: Uint8Array, start: number, length: number): boolean {
    const from = this.starts[item]!;
    if (this.starts[item + 1]! - from !== length) return false;
    for (let i = 0; i < length; i++) if (this.arena[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #add(bytes: Uint8Array, start: number, length: number): number {
    const id = bytes.subarray(start, start + length);
    const text = decoder.decode(id);
    const item = this.#texts.length;
    this.#texts.push(text);
    if (this.#texts.length > this.places.length) this.places = new Uint8Array(2 * this.#texts.length);
    this.#partition.push(partitionOf(text, this.#partitions));
    this.#byText.set(text, item);
    this.arena = appended(this.arena, this.starts, id);
    const json = Buffer.from(`,{"id":${JSON.stringify(text)},"s":`);
    const { buffer, byteLength } = appended(bytesOf(this.jsonArena), this.jsonStarts, json);
    this.jsonArena = new DataView(buffer, 0, byteLength);
    if (2 * this.#texts.length > this.#table.length) this.#grow();
    else this.#place(item);
    return item;
  }

  #grow(): void {
    this.#table = new Int32Array(2 * this.#table.length);
    for (let item = 0; item < this.#texts.length; item++) this.#place(item);
  }

  #place(item: number): void {
    const mask = this.#table.length - 1;
    const start = this.starts[item]!;
    let place = hash(this.arena, start, this.starts[item + 1]! - start) & mask;
    while (this.#table[place] !== 0) place = (place + 1) & mask;
    this.#table[place] = item + 1;
  }
}

/** FNV-1a over words of four bytes, with the last step of murmur3: ids that count up would crowd together without it. */
function hash(bytes: Uint8Array, start: number, length: number): number {
  let h = 0x811c9dc5 ^ length;
  const end = start + length;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    h = Math.imul(h ^ word, 0x01000193);
    h ^= h >>> 15;
  }
  for (; i < end; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const bytesOf = ({ buffer }: DataView<ArrayBuffer>) => new Uint8Array(buffer);

/** Puts `bytes` behind the last and returns the arena, grown where it must be. */
function appended(arena: Uint8Array<ArrayBuffer>, starts: number[], bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = starts.at(-1)!;
  let grown = arena;
  if (at + bytes.length + 3 > arena.length) {
    grown = new Uint8Array(2 * (at + bytes.length) + 3);
    grown.set(arena);
  }
  grown.set(bytes, at);
  starts.push(at + bytes.length);
  return grown;
}
