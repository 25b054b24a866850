// The last of the records of each key, among records that follow one another: of a key that changes often, one write instead of many.
//
// A hash table with open addressing over the keys' bytes: a `Map` would want a string of each key, which costs more than all the rest.
// Keys are copied one behind the other, since those of records lie far apart: to compare with one of them is to wait for memory.

import type { PackedRecord } from '../api/index.ts';

const FIRST_SLOTS = 1024;
const FIRST_KEY_BYTES = 16 * 1024;
/** FNV-1a, 32 bits. Source: draft-eastlake-fnv. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class LatestChanges {
  #records: PackedRecord[] = [];
  /** By index of a record: its key's hash, and where its key ends in `#keys`; it begins where the one before ends. */
  #hashes = new Int32Array(FIRST_SLOTS / 2);
  #ends = new Int32Array(FIRST_SLOTS / 2);
  #keys = new Uint8Array(FIRST_KEY_BYTES);
  /** Index of a record, and 1; 0 is free. Their number is a power of two, and at most half of them are taken. */
  #slots = new Int32Array(FIRST_SLOTS);

  /** One of each key, in the order in which the keys came. Valid until the next change. */
  get records(): readonly PackedRecord[] {
    return this.#records;
  }

  /** Keeps the record, not a copy of it, in the place of an earlier one of the same key. */
  add(record: PackedRecord): void {
    const { bytes, keyAt, keyLength } = record;
    const hash = hashOf(bytes, keyAt, keyLength);
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let taken = this.#slots[slot]!; taken !== 0; taken = this.#slots[slot]!) {
      const index = taken - 1;
      if (this.#hashes[index] === hash && this.#isKey(index, bytes, keyAt, keyLength)) {
        this.#records[index] = record;
        return;
      }
      slot = (slot + 1) & mask;
    }
    const index = this.#records.push(record) - 1;
    this.#hashes[index] = hash;
    this.#slots[slot] = index + 1;
    this.#keepKey(index, bytes, keyAt, keyLength);
    if (2 * this.#records.length >= this.#slots.length) this.#grow();
  }

  clear(): void {
    this.#records = [];
    this.#slots.fill(0);
  }

  #isKey(index: number, bytes: Uint8Array, keyAt: number, keyLength: number): boolean {
    const at = index === 0 ? 0 : this.#ends[index - 1]!;
    if (this.#ends[index]! - at !== keyLength) return false;
    const keys = this.#keys;
    // Keys that differ do so near their ends: the store and the task come first.
    for (let i = keyLength - 1; i >= 0; i--) if (keys[at + i] !== bytes[keyAt + i]) return false;
    return true;
  }

  #keepKey(index: number, bytes: Uint8Array, keyAt: number, keyLength: number): void {
    const at = index === 0 ? 0 : this.#ends[index - 1]!;
    const end = at + keyLength;
    if (end > this.#keys.length) this.#keys = grown(this.#keys, new Uint8Array(2 * end));
    const keys = this.#keys;
    for (let i = 0; i < keyLength; i++) keys[at + i] = bytes[keyAt + i]!;
    this.#ends[index] = end;
  }

  #grow(): void {
    this.#hashes = grown(this.#hashes, new Int32Array(this.#slots.length));
    this.#ends = grown(this.#ends, new Int32Array(this.#slots.length));
    const slots = new Int32Array(2 * this.#slots.length);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#records.length; index++) {
      let slot = this.#hashes[index]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

function hashOf(bytes: Uint8Array, at: number, length: number): number {
  let hash = FNV_OFFSET;
  const end = at + length;
  for (let i = at; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  // The low bits choose the slot: what the high ones have of the first bytes is added to them.
  return hash ^ (hash >>> 15);
}

/** `larger`, with what was in `array`. */
function grown<T extends Int32Array | Uint8Array>(array: T, larger: T): T {
  larger.set(array);
  return larger;
}
