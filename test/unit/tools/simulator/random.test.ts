import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../../tools/simulator/random.ts';

test('the same seed gives the same numbers and another seed gives others', () => {
  const draw = (...seed: (number | string)[]) => {
    const random = new Random(...seed);
    return Array.from({ length: 100 }, () => random.uint32());
  };
  assert.deepEqual(draw(1, 'a'), draw(1, 'a'));
  assert.notDeepEqual(draw(1, 'a'), draw(2, 'a'));
  assert.notDeepEqual(draw(1, 'a'), draw(1, 'b'));
});

test('numbers are spread evenly over their range', () => {
  const random = new Random(3);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i += 1) counts[random.between(0, 9)]! += 1;
  // 10,000 expected, standard deviation 95: five of them.
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 475, `${counts}`);
});

test('a uuid has version 4, variant 1 and does not come twice', () => {
  const random = new Random(4);
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i += 1) {
    const uuid = random.uuid();
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    seen.add(uuid);
  }
  assert.equal(seen.size, 10_000);
});
