// A list as Redis holds it, written straight to bytes: {"at":1,"items":[{"id":"a","s":1.2345},...]}; an item's without `at`.

import type { ItemIds } from './item-ids.ts';

const OPEN = Buffer.from('{"items":[');
const OPEN_AT = Buffer.from('{"at":');
const ITEMS = Buffer.from(',"items":[');
const ZERO = 48;

export class JsonList {
  readonly #ids: ItemIds;
  #bytes = Buffer.alloc(1 << 14);
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
    const from = jsonStarts[item]!;
    const to = jsonStarts[item + 1]!;
    if (this.#end + to - from + 64 > this.#bytes.length) {
      const grown = Buffer.alloc(2 * (this.#bytes.length + to - from));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const bytes = this.#bytes;
    let end = this.#end;
    if (!this.#isFirst) bytes[end++] = 44;
    this.#isFirst = false;
    for (let k = from; k < to; k++) bytes[end++] = jsonArena[k]!;
    this.#end = end;
    const scaled = Math.round(score * 10_000);
    const whole = Math.floor(scaled / 10_000);
    this.#number(whole);
    const rest = scaled - whole * 10_000;
    end = this.#end;
    bytes[end] = 46;
    bytes[end + 1] = ZERO + ((rest / 1000) | 0);
    bytes[end + 2] = ZERO + (((rest / 100) | 0) % 10);
    bytes[end + 3] = ZERO + (((rest / 10) | 0) % 10);
    bytes[end + 4] = ZERO + (rest % 10);
    bytes[end + 5] = 125;
    this.#end = end + 6;
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
