import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryCollector } from '../../../processors/co-occurrence/pair-entries.ts';

/** Collects entries that their number tells apart. */
function collect(collector: EntryCollector, count: number, from = 0) {
  collector.clear();
  for (let n = from; n < from + count; n++) collector.add(n, n + 0.25, n + 0.5, n + 0.75);
  return collector.entries();
}

test('Entries come out as they went in, however many there are', () => {
  for (const count of [0, 1, 1023, 1024, 1025, 5000]) {
    const { partners, f, b, o } = collect(new EntryCollector(), count);
    assert.deepEqual([partners.length, f.length, b.length, o.length], [count, count, count, count]);
    for (let n = 0; n < count; n++) assert.deepEqual([partners[n], f[n], b[n], o[n]], [n, n + 0.25, n + 0.5, n + 0.75]);
  }
});

test('What came out stays as it is when the next record is collected', () => {
  const collector = new EntryCollector();
  const first = collect(collector, 100);
  const second = collect(collector, 50, 1000);
  assert.equal(collector.size, 50);
  assert.equal(first.partners[0], 0);
  assert.equal(first.o[99], 99.75);
  assert.deepEqual([second.partners.length, second.partners[0]], [50, 1000]);
});
