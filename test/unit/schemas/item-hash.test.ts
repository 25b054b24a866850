import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { itemHash } from '../../../schemas/index.ts';

// Persisted in state and on the wire: when one of these fails, the function is wrong, not the vector.
const vectors: readonly (readonly [string, number])[] = [
  ['', 1867418179748032],
  ['a', 8141875037284084],
  ['ab', 3448920238631162],
  ['abc', 4569568740683702],
  ['abcd', 444690036245719],
  ['abcde', 5789141450722954],
  ['85123A', 2144991098279173],
  ['22423', 5536976268084282],
  ['20725', 7181792369028091],
  ['SKU-1000001', 7427047210978654],
  ['4006381333931', 1364313311977570],
  ['ärtikel', 8976572226940218],
  ['größe-XXL', 577834639612925],
  ['日本語', 6342611762571220],
  ['😀', 7620505517813408],
  ['a😀', 2429701487601512],
  ['ab😀c', 5154062101730943],
  ['6f1c1e9e-3f5b-4d6c-9a55-0c1b8a7f2d11', 1275862471712628],
  ['x'.repeat(256), 4407864560648710],
];

test('the hash of an id never changes', () => {
  for (const [id, hash] of vectors) assert.equal(itemHash(id), hash, JSON.stringify(id));
});

test('a lone surrogate hashes as the replacement character, as its UTF-8 encoding would', () => {
  assert.equal(itemHash('a\ud800b'), itemHash('a\ufffdb'));
  assert.equal(itemHash('\udc00'), itemHash('\ufffd'));
});

test('the hash of any text equals that of its UTF-8 bytes taken four at a time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (id) => itemHash(id) === hashOfBytes(Buffer.from(id))),
    {
      numRuns: 500,
    },
  );
});

/** Counting numbers, padded, behind a prefix, pairs, UUIDs that differ at the end, text outside ASCII. */
const shapes: readonly ((i: number) => string)[] = [
  (i) => String(i),
  (i) => String(i).padStart(13, '0'),
  (i) => `SKU-${i}`,
  (i) => `${i % 1000}-${Math.floor(i / 1000)}`,
  (i) => `6f1c1e9e-0000-4000-8000-${i.toString(16).padStart(12, '0')}`,
  (i) => `größe-😀-${i}`,
];

test('1.2 million ids of six shapes have as many hashes, which are safe integers of 53 bits', () => {
  const hashes = new Set<number>();
  let largest = 0;
  for (const shape of shapes) {
    for (let i = 0; i < 200_000; i++) {
      const hash = itemHash(shape(i));
      hashes.add(hash);
      if (hash > largest) largest = hash;
    }
  }
  assert.equal(hashes.size, 1_200_000);
  assert.ok(largest <= Number.MAX_SAFE_INTEGER && largest > Number.MAX_SAFE_INTEGER * 0.999);
});

test('every bit of an id turns every bit of the hash in about half of the cases', () => {
  const samples = 4000;
  const flips = new Float64Array(53);
  for (let i = 0; i < samples; i++) {
    const id = `item-${i}-${i * 7919}`;
    const at = i % id.length;
    // Bits 0 to 2 of an ASCII character: it stays one.
    const turned = id.slice(0, at) + String.fromCharCode(id.charCodeAt(at) ^ (1 << (i % 3))) + id.slice(at + 1);
    const change = BigInt(itemHash(id)) ^ BigInt(itemHash(turned));
    for (let bit = 0; bit < 53; bit++) flips[bit]! += Number((change >> BigInt(bit)) & 1n);
  }
  // Five standard deviations of a fair coin: 0.5 / sqrt(4000) * 5.
  for (let bit = 0; bit < 53; bit++) {
    assert.ok(Math.abs(flips[bit]! / samples - 0.5) < 0.04, `bit ${bit}: ${flips[bit]}`);
  }
});

/** The same function over bytes, in exact integers and without the string's fast path. */
function hashOfBytes(bytes: Uint8Array): number {
  const wrap = (value: bigint) => BigInt.asUintN(32, value);
  const rotate = (value: bigint, by: bigint) => wrap(value << by) | (value >> (32n - by));
  let a = 0x2f0b4c47n;
  let b = 0x61c88647n;
  for (let at = 0; at < bytes.length; at += 4) {
    let word = 0n;
    for (let i = 0; i < 4 && at + i < bytes.length; i++) word |= BigInt(bytes[at + i]!) << BigInt(8 * i);
    a = wrap(rotate(a ^ wrap(word * 0x9e3779b1n), 13n) * 0x85ebca77n + 0x27d4eb2fn);
    b = wrap(rotate(b ^ wrap(rotate(word, 16n) * 0xc2b2ae3dn), 17n) * 0x165667b1n + 0x52dce729n);
  }
  const finish = (lane: bigint) => {
    let h = wrap((lane ^ (lane >> 16n)) * 0x85ebca6bn);
    h = wrap((h ^ (h >> 13n)) * 0xc2b2ae35n);
    return h ^ (h >> 16n);
  };
  a ^= BigInt(bytes.length);
  b ^= BigInt(bytes.length);
  a = wrap(a + b);
  b = wrap(b + a);
  a = finish(a);
  b = finish(b);
  a = wrap(a + b);
  b = wrap(b + a);
  return Number(((b >> 11n) << 32n) | a);
}
