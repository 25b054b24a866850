import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Recency } from '../../../../processors/refresh/recency.ts';

test('whatever is used and removed, the oldest is the one that was used longest ago', () => {
  const operation = fc.record({ slot: fc.nat(20), isUse: fc.boolean() });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const recency = new Recency();
      const order = new Set<number>();
      for (const { slot, isUse } of operations) {
        order.delete(slot);
        if (isUse) {
          order.add(slot);
          recency.use(slot);
        } else recency.remove(slot);
        assert.equal(recency.oldest, [...order][0]);
      }
      for (const slot of order) {
        assert.equal(recency.oldest, slot);
        recency.remove(slot);
      }
      assert.equal(recency.oldest, undefined);
    }),
  );
});
