// A list as Redis holds it, written straight to bytes: {"at":1,"items":[{"id":"a","s":1.2345},...]}; an item's without `at`.

import type { ItemIds } from './item-ids.ts';

const OPEN = Buffer.from('{"items":[');
const OPEN_AT = Buffer.from('{"at":');
const ITEMS = Buffer.from(',"items":[');
const ZERO = 48;
/** Numbers below 10,000 in four digits, as words of four bytes. */
const DIGITS = Int32Array.from({ length: 10_000 }, (_, n) => Buffer.from(String(n).padStart(4, '0')).readInt32LE());

export class JsonList {
  readonly #ids: ItemIds;
  #bytes = Buffer.alloc(1 << 14);
  #view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length);
  #end = 0;
  #isFirst = true;

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  /** Begins a list. `at`: epoch ms of the owner's last event; `undefined` for an item's list. */
  open(at: number | undefined): void {
    this.#end = 0;
    this.#isFirst = true;
    if (at === undefined) this.#put(OPEN);
    else {
      this.#put(OPEN_AT);
      this.#number(at);
      this.#put(ITEMS);
    }
  }

  /** `score` of 0 or more, in four decimals. */
  entry(item: number, score: number): void {
    const { jsonArena, jsonStarts } = this.#ids;
    // The first one's comma is left out.
    const from = jsonStarts[item]! + (this.#isFirst ? 1 : 0);
    const to = jsonStarts[item + 1]!;
    this.#isFirst = false;
    if (this.#end + to - from + 64 > this.#bytes.length) this.#grow(to - from);
    const view = this.#view;
    // By words, the last of which may reach beyond; what follows is written over that.
    let end = this.#end;
    for (let k = from; k < to; k += 4, end += 4) view.setInt32(end, jsonArena.getInt32(k, true), true);
    this.#end += to - from;
    const scaled = Math.round(score * 10_000);
    const whole = Math.floor(scaled / 10_000);
    this.#number(whole);
    end = this.#end;
    view.setInt8(end, 46);
    view.setInt32(end + 1, DIGITS[scaled - whole * 10_000]!, true);
    view.setInt8(end + 5, 125);
    this.#end = end + 6;
  }

  #grow(by: number): void {
    const grown = Buffer.alloc(2 * (this.#bytes.length + by));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  /** A copy of the finished list. */
  close(): Uint8Array {
    this.#bytes[this.#end++] = 93;
    this.#bytes[this.#end++] = 125;
    const list = Buffer.allocUnsafe(this.#end);
    this.#bytes.copy(list, 0, 0, this.#end);
    return list;
  }

  #put(text: Uint8Array): void {
    let end = this.#end;
    for (let i = 0; i < text.length; i++) this.#bytes[end++] = text[i]!;
    this.#end = end;
  }

  #number(value: number): void {
    if (value < 10) {
      this.#bytes[this.#end++] = ZERO + value;
      return;
    }
    const bytes = this.#bytes;
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits += 1;
    let rest = value;
    for (let at = this.#end + digits - 1; at >= this.#end; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - 10 * next);
      rest = next;
    }
    this.#end += digits;
  }
}
