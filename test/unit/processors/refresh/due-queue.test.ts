import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DueQueue } from '../../../../processors/refresh/due-queue.ts';

test('the most urgent comes first, and of one urgency what has waited longest', () => {
  const queue = new DueQueue(3);
  for (const [slot, urgency] of [
    [7, 3],
    [1, 2],
    [8, 3],
    [2, 1],
    [3, 1],
  ] as const)
    queue.add(slot, urgency);
  assert.equal(queue.size, 5);
  assert.deepEqual(
    Array.from({ length: 6 }, () => queue.take()),
    [2, 3, 1, 7, 8, undefined],
  );
});

test('a slot that becomes more urgent is taken once, at its better place', () => {
  const queue = new DueQueue(3);
  queue.add(1, 3);
  queue.add(2, 3);
  queue.add(2, 1);
  queue.add(2, 3);
  assert.equal(queue.size, 2);
  assert.deepEqual([queue.take(), queue.take(), queue.take()], [2, 1, undefined]);
});

test('whatever is added and removed, each waiting slot is taken once, none that was removed', () => {
  const operation = fc.record({
    slot: fc.nat(600),
    what: fc.oneof(fc.constantFrom('remove', 'take'), fc.integer({ min: 1, max: 3 })),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const queue = new DueQueue(3);
      const waiting = new Map<number, number>();
      const take = () => {
        const slot = queue.take();
        if (slot === undefined) return assert.equal(waiting.size, 0);
        assert.equal(waiting.get(slot), Math.min(...waiting.values()));
        waiting.delete(slot);
      };
      for (const { slot, what } of operations) {
        if (what === 'take') take();
        else if (what === 'remove') {
          queue.remove(slot);
          waiting.delete(slot);
        } else {
          queue.add(slot, what as number);
          waiting.set(slot, Math.min(waiting.get(slot) ?? 3, what as number));
        }
        assert.equal(queue.size, waiting.size);
      }
      while (waiting.size > 0) take();
      assert.equal(queue.take(), undefined);
    }),
  );
});
