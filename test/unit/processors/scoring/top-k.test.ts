import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TopK } from '../../../../processors/scoring/top-k.ts';

test('the best k come out in order, equal scores by text, whatever order they went in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(6), { maxLength: 60 }),
      fc.integer({ min: 0, max: 20 }),
      fc.nat(),
      (values, k, seed) => {
        const scores = Float64Array.from(values);
        const textOf = (candidate: number) => `t${(candidate * 37) % 61}`;
        const candidates = values.map((_, i) => i);
        const expected = [...candidates]
          .sort((a, b) => scores[b]! - scores[a]! || (textOf(a) < textOf(b) ? -1 : 1))
          .slice(0, k);
        const shuffled = [...candidates].sort((a, b) => ((a * 7919 + seed) % 101) - ((b * 7919 + seed) % 101));
        const top = new TopK(textOf);
        top.clear(k);
        for (const candidate of shuffled)
          if (scores[candidate]! >= top.threshold) top.offer(candidate, scores[candidate]!);
        const into = new Int32Array(k);
        assert.equal(top.drain(into), expected.length);
        assert.deepEqual([...into].slice(0, expected.length), expected);
        assert.equal(top.size, 0);
      },
    ),
  );
});
