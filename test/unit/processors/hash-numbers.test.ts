import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HashNumbers } from '../../../processors/hash-numbers.ts';
import { itemHash } from '../../../schemas/item-hash.ts';

/** Hashes that meet in the low bits of the table, and others. */
const hash = fc.oneof(
  fc.nat(20).map((high) => high * 2 ** 32 + 7),
  fc.nat(20),
  fc.maxSafeNat(),
  fc.constantFrom(0, 2 ** 53 - 1, 2 ** 31, 2 ** 32 - 1),
);

test('hashes have the numbers in whose order they were added, as in a map', () => {
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 200 }), (hashes) => {
      const numbers = new HashNumbers();
      const expected = new Map<number, number>();
      for (const one of hashes) {
        assert.equal(numbers.get(one), expected.get(one) ?? -1);
        if (expected.has(one)) continue;
        assert.equal(numbers.add(one), expected.size);
        expected.set(one, expected.size);
      }
      for (const [one, number] of expected) assert.equal(numbers.get(one), number);
    }),
  );
});

test('a table that has grown several times knows all of them still', () => {
  const numbers = new HashNumbers();
  const hashOf = (i: number) => itemHash(`item ${i}`);
  for (let i = 0; i < 20_000; i++) numbers.add(hashOf(i));
  for (let i = 0; i < 20_000; i++) assert.equal(numbers.get(hashOf(i)), i);
  assert.equal(numbers.get(hashOf(20_000)), -1);
});
