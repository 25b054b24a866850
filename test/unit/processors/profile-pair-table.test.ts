import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PairTable } from '../../../processors/profile/pair-table.ts';

test('A pair table equals a map of sums, through growth, clearing and use again', () => {
  const table = new PairTable();
  const additions = fc.array(
    fc.tuple(fc.nat({ max: 300 }), fc.nat({ max: 300 }), fc.nat({ max: 2 }), fc.integer({ min: 1, max: 9 })),
    {
      maxLength: 6000,
      size: 'max',
    },
  );
  fc.assert(
    fc.property(additions, (list) => {
      table.clear();
      const expected = new Map<string, number>();
      for (const [first, second, which, amount] of list) {
        table.add(first, second, which as 0 | 1 | 2, amount);
        const name = `${first} ${second} ${which}`;
        expected.set(name, (expected.get(name) ?? 0) + amount);
      }
      const { starts, entries } = table.byFirst(301);
      let found = 0;
      for (let first = 0; first <= 300; first++) {
        for (const entry of entries.subarray(starts[first], starts[first + 1])) {
          assert.equal(table.first[entry], first);
          for (let which = 0; which < 3; which++) {
            const sum = table.sums[which]![entry]!;
            if (sum === 0) continue;
            assert.equal(sum, expected.get(`${first} ${table.second[entry]} ${which}`));
            found++;
          }
        }
      }
      assert.equal(found, expected.size);
    }),
    { numRuns: 30 },
  );
});
