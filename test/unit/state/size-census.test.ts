import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ScanFrom, SizeCensus } from '../../../state/size-census.ts';

/** A database of numbered keys of four bytes with values of six, on a clock that a visit of an entry moves by `msPerEntry`. */
function numbered(keys: { [columnFamily: string]: number }, msPerEntry: number) {
  let visited = 0;
  const scanFrom: ScanFrom = function* (columnFamily, after) {
    const first = after === undefined ? 0 : Buffer.from(after).readUInt32BE() + 1;
    for (let i = first; i < keys[columnFamily]!; i++) {
      visited++;
      const key = Buffer.alloc(4);
      key.writeUInt32BE(i);
      yield [key, new Uint8Array(6)];
    }
  };
  return new SizeCensus(Object.keys(keys), scanFrom, () => visited * msPerEntry);
}

describe('the census of sizes', () => {
  it('is exact at each call for a small database', () => {
    const keys = { a: 10, b: 0 };
    const census = numbered(keys, 0.001);
    assert.deepEqual(census.take(), [
      { columnFamily: 'a', bytes: 100, keys: 10 },
      { columnFamily: 'b', bytes: 0, keys: 0 },
    ]);
    keys.a = 3;
    keys.b = 1;
    assert.deepEqual(
      census.take().map(({ keys }) => keys),
      [3, 1],
    );
  });

  it('counts a large database for a bounded time per call, and keeps the last whole count meanwhile', () => {
    const census = numbered({ a: 25_000, b: 7 }, 0.001);
    const seen = Array.from({ length: 6 }, () => census.take().map(({ keys }) => keys));
    assert.deepEqual(seen.slice(0, 3), [
      [5_000, 7],
      [10_000, 7],
      [15_000, 7],
    ]);
    for (const counts of seen.slice(4)) assert.deepEqual(counts, [25_000, 7]);
  });

  it('comes to an end however slow the database is', () => {
    const census = numbered({ a: 2_500 }, 1_000);
    const seen = Array.from({ length: 3 }, () => census.take()[0]?.keys);
    assert.deepEqual(seen, [1_000, 2_000, 2_500]);
  });
});
