import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BatchArena } from '../../../../engine/kafka/batch-arena.ts';

test('pieces that were taken since the last clearing share no byte, whatever their sizes', () => {
  const commits = fc.array(fc.array(fc.nat(300_000), { maxLength: 8 }), { maxLength: 6 });
  fc.assert(
    fc.property(commits, (sizes) => {
      const arena = new BatchArena();
      for (const ofCommit of sizes) {
        arena.clear();
        const pieces = ofCommit.map((size, number) => arena.take(size).fill(number + 1));
        for (const [number, piece] of pieces.entries()) {
          assert.equal(piece.length, ofCommit[number]);
          assert.ok(piece.every((byte) => byte === number + 1));
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('the memory of a commit is used again by the next, unless it was a large one', () => {
  const arena = new BatchArena();
  const small = arena.take(1_000).buffer;
  arena.clear();
  assert.equal(arena.take(1_000).buffer, small);
  const large = arena.take(5 * 1024 * 1024).buffer;
  arena.clear();
  assert.notEqual(arena.take(1_000).buffer, large);
});
