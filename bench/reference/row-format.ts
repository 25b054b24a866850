// The bytes of rows and of slots of deltas; see row-store.ts.
//
//   row    total f64 | count u16 | weighted ids           Little endian.

import { EngineError } from '../../engine/api/index.ts';
import type { Added } from './added.ts';
import type { ItemIds } from './item-ids.ts';
import { ItemRow } from './item-row.ts';
import { ROW_LIMIT } from './limits.ts';
import { MAX_ENTRY_BYTES, readEntries, writeEntry } from './weighted-ids.ts';

const VERSION = 1;
const HEADER_BYTES = 5;
const ROW_AT = HEADER_BYTES + 10;

export class RowFormat {
  readonly #ids: ItemIds;
  #scratch = Buffer.alloc(ROW_AT + ROW_LIMIT * MAX_ENTRY_BYTES);
  #items = new Int32Array(ROW_LIMIT);
  #weights = new Float32Array(ROW_LIMIT);

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  base(row: ItemRow, number: number): Uint8Array {
    const scratch = this.#header(number);
    scratch.writeDoubleLE(row.total, HEADER_BYTES);
    scratch.writeUInt16LE(row.count, HEADER_BYTES + 8);
    let end = ROW_AT;
    for (let i = 0; i < row.count; i++) end = writeEntry(scratch, end, this.#ids, row.items[i]!, row.weights[i]!);
    return copyOf(scratch, end);
  }

  readBase(bytes: Uint8Array): { readonly row: ItemRow; readonly number: number } {
    const number = numberOf(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const count = view.getUint16(HEADER_BYTES + 8, true);
    const row = new ItemRow(Math.max(1, count));
    row.total = view.getFloat64(HEADER_BYTES, true);
    row.count = count;
    const end = readEntries(bytes, ROW_AT, count, this.#ids, row.items, row.weights);
    if (end !== bytes.length) throw new RangeError('bytes follow a row');
    return { row, number };
  }

  /** What was added to a row from place `first` on. */
  slot(base: number, added: Added, first: number): Uint8Array {
    let scratch = this.#header(base);
    let end = HEADER_BYTES + 2;
    let count = 0;
    for (let place = first; place >= 0; place = added.next[place]!, count++) {
      if (end + MAX_ENTRY_BYTES > scratch.length) scratch = this.#grow();
      end = writeEntry(scratch, end, this.#ids, added.neighbours[place]!, added.weights[place]!);
    }
    // More than the number holds are more bytes than a base has: the store writes that.
    scratch.writeUInt16LE(Math.min(count, 0xffff), HEADER_BYTES);
    return copyOf(scratch, end);
  }

  #grow(): Buffer {
    const grown = Buffer.alloc(2 * this.#scratch.length);
    grown.set(this.#scratch);
    this.#scratch = grown;
    return grown;
  }

  /** Adds a slot's deltas to the row. `false`: they belong to another base and are in the row already. */
  addSlot(bytes: Uint8Array, base: number, row: ItemRow): boolean {
    if (numberOf(bytes) !== base) return false;
    const count = bytes[HEADER_BYTES]! | (bytes[HEADER_BYTES + 1]! << 8);
    if (count > this.#items.length) {
      this.#items = new Int32Array(count);
      this.#weights = new Float32Array(count);
    }
    readEntries(bytes, HEADER_BYTES + 2, count, this.#ids, this.#items, this.#weights);
    row.addAll(this.#items, this.#weights, 0, count, this.#ids.places);
    return true;
  }

  #header(number: number): Buffer {
    this.#scratch[0] = VERSION;
    this.#scratch.writeUInt32LE(number, 1);
    return this.#scratch;
  }
}

function numberOf(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION)
    throw new EngineError('STATE_FORMAT_UNKNOWN', 'a row of another format');
  return (bytes[1]! | (bytes[2]! << 8) | (bytes[3]! << 16) | (bytes[4]! << 24)) >>> 0;
}

function copyOf(scratch: Buffer, end: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(end);
  scratch.copy(bytes, 0, 0, end);
  return bytes;
}
