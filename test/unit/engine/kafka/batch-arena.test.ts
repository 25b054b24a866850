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

test('the memory of a commit is used again by the next, large or small', () => {
  const arena = new BatchArena();
  const buffersOf = (sizes: readonly number[]) => {
    arena.clear();
    return new Set(sizes.map((size) => arena.take(size).buffer));
  };
  const large = [1_000, 3_000_000, 500_000, 400_000, 200_000, 900_000];
  const first = buffersOf(large);
  for (let i = 0; i < 100; i++) {
    for (const buffer of buffersOf([2_000])) assert.ok(first.has(buffer));
    assert.deepEqual(buffersOf(large), first);
  }
});

test('what no commit uses for a while is let go', () => {
  const arena = new BatchArena();
  const first = arena.take(1_000).buffer;
  const large = arena.take(5_000_000).buffer;
  for (let i = 0; i < 100; i++) {
    arena.clear();
    assert.equal(arena.take(1_000).buffer, first);
  }
  assert.notEqual(arena.take(5_000_000).buffer, large);
});
