// The pair deltas of a batch for the rows of one partition, as one record:
//
//   version u8 = 1 | ids u32 | deltas u32 | ( id length u8, id )* | ( row u32, neighbour u32, weight f32 )*
//
// Rows and neighbours are places among the record's own ids: each id is written once, however many deltas name it. Little endian.

import { EngineError, type Serde } from '../../engine/api/index.ts';
import type { ItemIds } from './item-ids.ts';

const VERSION = 1;
const HEADER_BYTES = 9;
const DELTA_BYTES = 12;
/** Ids of a record at most, so that it stays below what a topic takes. */
const MAX_BYTES = 600_000;

/** Collects deltas for one partition. */
export class DeltaBatch {
  readonly #ids: ItemIds;
  /** Place of an item among the record's ids, if its round is the present one. */
  #places = new Int32Array(1024);
  #rounds = new Int32Array(1024);
  #round = 1;
  #idCount = 0;
  #idBytes = Buffer.alloc(1 << 14);
  #idEnd = 0;
  #deltas = Buffer.alloc(1 << 16);
  #view = new DataView(this.#deltas.buffer, this.#deltas.byteOffset, this.#deltas.length);
  #count = 0;

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether what is there should be sent. */
  get isFull(): boolean {
    return HEADER_BYTES + this.#idEnd + DELTA_BYTES * this.#count > MAX_BYTES;
  }

  add(row: number, neighbour: number, weight: number): void {
    const at = this.#count * DELTA_BYTES;
    if (at === this.#deltas.length - (this.#deltas.length % DELTA_BYTES)) this.#growDeltas();
    this.#view.setUint32(at, this.#place(row), true);
    this.#view.setUint32(at + 4, this.#place(neighbour), true);
    this.#view.setFloat32(at + 8, weight, true);
    this.#count += 1;
  }

  #place(item: number): number {
    if (item >= this.#rounds.length) this.#growPlaces(item);
    if (this.#rounds[item] === this.#round) return this.#places[item]!;
    this.#rounds[item] = this.#round;
    this.#places[item] = this.#idCount;
    const { arena, starts } = this.#ids;
    const from = starts[item]!;
    const to = starts[item + 1]!;
    if (this.#idEnd + 1 + to - from > this.#idBytes.length) {
      const grown = Buffer.alloc(2 * this.#idBytes.length);
      grown.set(this.#idBytes);
      this.#idBytes = grown;
    }
    this.#idBytes[this.#idEnd++] = to - from;
    for (let k = from; k < to; k++) this.#idBytes[this.#idEnd++] = arena[k]!;
    return this.#idCount++;
  }

  #growPlaces(item: number): void {
    const places = new Int32Array(2 * item);
    const rounds = new Int32Array(2 * item);
    places.set(this.#places);
    rounds.set(this.#rounds);
    this.#places = places;
    this.#rounds = rounds;
  }

  #growDeltas(): void {
    const grown = Buffer.alloc(2 * this.#deltas.length);
    grown.set(this.#deltas);
    this.#deltas = grown;
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.length);
  }

  /** The record's value. The batch is empty again. */
  take(): Uint8Array {
    const deltasAt = HEADER_BYTES + this.#idEnd;
    const bytes = Buffer.allocUnsafe(deltasAt + DELTA_BYTES * this.#count);
    bytes[0] = VERSION;
    bytes.writeUInt32LE(this.#idCount, 1);
    bytes.writeUInt32LE(this.#count, 5);
    this.#idBytes.copy(bytes, HEADER_BYTES, 0, this.#idEnd);
    this.#deltas.copy(bytes, deltasAt, 0, DELTA_BYTES * this.#count);
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#round += 1;
    this.#idCount = 0;
    this.#idEnd = 0;
    this.#count = 0;
  }
}

/** The deltas of several records, in the order in which they were made; its arrays are used again. */
export class Deltas {
  rows = new Int32Array(4096);
  neighbours = new Int32Array(4096);
  weights = new Float32Array(4096);
  count = 0;
  #items = new Int32Array(1024);

  /**
   * Adds those of a record.
   * @throws {EngineError} `STATE_FORMAT_UNKNOWN`, {RangeError} for bytes that no batch has given.
   */
  read(bytes: Uint8Array, ids: ItemIds): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes[0] !== VERSION) throw new EngineError('STATE_FORMAT_UNKNOWN', 'deltas of another format');
    const idCount = view.getUint32(1, true);
    const more = view.getUint32(5, true);
    if (idCount > this.#items.length) this.#items = new Int32Array(2 * idCount);
    let at = HEADER_BYTES;
    for (let i = 0; i < idCount; i++) {
      const length = bytes[at]!;
      this.#items[i] = ids.ofBytes(bytes, at + 1, length);
      at += 1 + length;
    }
    if (at + DELTA_BYTES * more !== bytes.length) throw new RangeError('deltas are cut off');
    this.#reserve(this.count + more);
    for (let i = this.count; i < this.count + more; i++, at += DELTA_BYTES) {
      this.rows[i] = this.#items[view.getUint32(at, true)]!;
      this.neighbours[i] = this.#items[view.getUint32(at + 4, true)]!;
      this.weights[i] = view.getFloat32(at + 8, true);
    }
    this.count += more;
  }

  #reserve(count: number): void {
    if (count <= this.rows.length) return;
    const [rows, neighbours, weights] = [this.rows, this.neighbours, this.weights];
    this.rows = new Int32Array(2 * count);
    this.neighbours = new Int32Array(2 * count);
    this.weights = new Float32Array(2 * count);
    this.rows.set(rows);
    this.neighbours.set(neighbours);
    this.weights.set(weights);
  }
}

/** Values that are bytes already. */
export const bytesSerde: Serde<Uint8Array> = {
  serialize: (bytes) => bytes,
  deserialize: (bytes) => bytes,
};
