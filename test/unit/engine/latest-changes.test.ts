import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PackedRecord } from '../../../engine/api/index.ts';
import { LatestChanges } from '../../../engine/runtime/latest-changes.ts';

/** Of few bytes, so that keys come again and begin or end alike. */
const keys = fc.uint8Array({ maxLength: 4, max: 3 });
const records = fc.array(fc.record({ key: keys, value: fc.option(fc.uint8Array({ maxLength: 3 })) }), {
  maxLength: 200,
});

/** As in an answer: among other bytes. */
function packed(key: Uint8Array, value: Uint8Array | null): PackedRecord {
  const none = Buffer.alloc(0);
  const bytes = Buffer.concat([Buffer.from([1, 2, 3]), key, Buffer.from([9]), value ?? none, Buffer.from([7])]);
  return new PackedRecord(bytes, 3, key.length, 4 + key.length, value?.length ?? -1);
}

const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex');
const plain = (latest: LatestChanges) => latest.records.map(({ key, value }) => [hex(key), hex(value)]);

test('the last record of each key is kept, in the order in which the keys came, before and after it is cleared', () => {
  fc.assert(
    fc.property(fc.array(records, { minLength: 1, maxLength: 3 }), (rounds) => {
      const latest = new LatestChanges();
      for (const round of rounds) {
        const expected = new Map<string | null, string | null>();
        for (const { key, value } of round) {
          latest.add(packed(key, value));
          expected.set(hex(key), hex(value));
        }
        assert.deepEqual(plain(latest), [...expected]);
        latest.clear();
        assert.deepEqual(latest.records, []);
      }
    }),
  );
});

test('it grows with its keys, and finds each of them', () => {
  const latest = new LatestChanges();
  const key = (i: number) => Buffer.from(`rows\0item-${i}`);
  for (const value of [1, 2]) for (let i = 0; i < 5_000; i++) latest.add(packed(key(i), Buffer.from([value])));
  assert.equal(latest.records.length, 5_000);
  assert.deepEqual(plain(latest)[4_321], [hex(key(4_321)), '02']);
  assert.ok(latest.records.every(({ value }) => value![0] === 2));
});
