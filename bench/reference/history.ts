// A user's last interactions, newest first, and their bytes:
//
//   version u8 = 1 | count u8 | ( ms before the first varint (first: at f64) | weight u8 | id length u8, id )*

import { BinaryReader, EngineError, type Serde } from '../../engine/api/index.ts';
import type { ItemIds } from './item-ids.ts';
import { HISTORY } from './limits.ts';

export class History {
  readonly items: number[] = [];
  /** Epoch ms. */
  readonly at: number[] = [];
  readonly weights: number[] = [];

  /** Puts an interaction in front; the oldest beyond the limit goes. */
  push(item: number, at: number, weight: number): void {
    if (this.items.length === HISTORY) {
      this.items.pop();
      this.at.pop();
      this.weights.pop();
    }
    this.items.unshift(item);
    this.at.unshift(at);
    this.weights.unshift(weight);
  }

  /** Whether a newer entry holds the same item. */
  isRepeated(index: number): boolean {
    const item = this.items[index];
    for (let newer = 0; newer < index; newer++) if (this.items[newer] === item) return true;
    return false;
  }
}

const VERSION = 1;
/** Bytes of a History with 20 entries in three arrays. */
export const HISTORY_BYTES = 600;

export function historySerde(ids: ItemIds): Serde<History> {
  const scratch = Buffer.alloc(16 + HISTORY * (10 + 256));
  return {
    serialize({ items, at, weights }) {
      scratch[0] = VERSION;
      scratch[1] = items.length;
      let end = 2;
      const { arena, starts } = ids;
      for (let i = 0; i < items.length; i++) {
        if (i === 0) end = scratch.writeDoubleLE(at[0]!, end);
        // Events may come late: zigzag.
        else end = writeVarint(scratch, end, zigzag(at[0]! - at[i]!));
        scratch[end++] = weights[i]!;
        const from = starts[items[i]!]!;
        const to = starts[items[i]! + 1]!;
        scratch[end++] = to - from;
        for (let k = from; k < to; k++) scratch[end++] = arena[k]!;
      }
      const bytes = Buffer.allocUnsafe(end);
      scratch.copy(bytes, 0, 0, end);
      return bytes;
    },
    deserialize(bytes) {
      const reader = new BinaryReader(bytes);
      if (reader.u8() !== VERSION) throw new EngineError('STATE_FORMAT_UNKNOWN', 'a history of another format');
      const history = new History();
      const count = reader.u8();
      for (let i = 0; i < count; i++) {
        const first = history.at[0];
        history.at.push(first === undefined ? reader.f64() : first - unzigzag(reader.varint()));
        history.weights.push(reader.u8());
        const length = reader.u8();
        history.items.push(ids.ofBytes(bytes, bytes.length - reader.remaining, length));
        reader.bytes(length);
      }
      reader.end();
      return history;
    },
  };
}

const zigzag = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number) => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

function writeVarint(bytes: Buffer, start: number, value: number): number {
  let rest = value;
  let at = start;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128;
  bytes[at++] = rest;
  return at;
}
