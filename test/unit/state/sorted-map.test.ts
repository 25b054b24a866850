import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SortedMap } from '../../../state/sorted-map.ts';

describe('the sorted map', () => {
  it('equals a sorted Map through random changes, over many chunks', () => {
    const numbers = fc.array(fc.tuple(fc.nat(5_000), fc.integer({ min: 0, max: 3 })), {
      minLength: 3_000,
      maxLength: 6_000,
    });
    fc.assert(
      fc.property(numbers, fc.nat(5_000), fc.nat(5_000), (changes, from, to) => {
        const sorted = new SortedMap<number>();
        const model = new Map<string, number>();
        for (const [number, action] of changes) {
          const key = String(number).padStart(4, '0');
          assert.equal(sorted.get(key), model.get(key));
          if (action === 0) {
            assert.equal(sorted.delete(key), model.get(key));
            model.delete(key);
          } else {
            assert.equal(sorted.set(key, number), model.get(key));
            model.set(key, number);
          }
        }
        assert.equal(sorted.size, model.size);
        const all = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
        assert.deepEqual(sorted.slice('', undefined, Infinity, false), all);
        assert.deepEqual(sorted.slice('', undefined, Infinity, true), all.toReversed());
        const [gte, lt] = [String(from).padStart(4, '0'), String(to).padStart(4, '0')];
        const range = all.filter(([key]) => key >= gte && key < lt);
        assert.deepEqual(sorted.slice(gte, lt, Infinity, false), range);
        assert.deepEqual(sorted.slice(gte, lt, 7, true), range.toReversed().slice(0, 7));
      }),
      { numRuns: 15 },
    );
  });

  it('is empty again after everything was deleted', () => {
    const sorted = new SortedMap<number>();
    for (let i = 0; i < 2_000; i++) sorted.set(String(i), i);
    for (let i = 0; i < 2_000; i++) sorted.delete(String(i));
    assert.equal(sorted.size, 0);
    assert.deepEqual(sorted.slice('', undefined, Infinity, false), []);
    sorted.set('k', 1);
    assert.equal(sorted.get('k'), 1);
  });
});
