// The sizing: simulated figures are those of docs/scaling.md, the arithmetic goes the right way, and what is approximated is near what it
// stands for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_ASSUMPTIONS, rebalances, sizeOf, sizeReport } from '../../../../tools/sizing/index.ts';
import { limitsOf } from '../../../../tools/sizing/report.ts';
import { partitionSkew, shardSkew } from '../../../../tools/sizing/simulate.ts';
import { UNITS } from '../../../../tools/sizing/units.ts';
import { distinctDrawn, topShare, zipfShares } from '../../../../tools/sizing/zipf.ts';
import { readPage, tableRows } from '../../docs/pages.ts';

const VISITORS = 200_000;
const page = readPage('docs/scaling.md');
const TARGET = { visitors: 100e6, items: 10e6, eventsPerS: 50e3, requestsPerS: 100e3 };
const SMALL = { visitors: 1e6, items: 1e5, eventsPerS: 1e3, requestsPerS: 2e3 };

test('docs/scaling.md has the skew of partitions that the partitioner gives', () => {
  const rows = tableRows(page, '| partitions | exponent');
  assert.ok(rows.length >= 9);
  for (const [partitions, exponent, fullest, emptiest] of rows) {
    const skew = partitionSkew({
      visitors: VISITORS,
      exponent: Number(exponent),
      partitions: Number(partitions),
    });
    assert.deepEqual([skew.largest.toFixed(2), skew.smallest.toFixed(2)], [fullest, emptiest], partitions);
  }
});

test('and the load of shards that the hash slots give', () => {
  for (const [shards, exponent, stored, read] of tableRows(page, '| shards | exponent')) {
    const skew = shardSkew({ visitors: VISITORS, exponent: Number(exponent), shards: Number(shards) });
    assert.deepEqual([skew.stored.largest.toFixed(2), skew.read.largest.toFixed(2)], [stored, read], shards);
  }
});

test('and the moves that the assignment makes', () => {
  for (const [tasks, instances, standbys, event, ...figures] of tableRows(page, '| tasks | instances')) {
    const found = rebalances({
      tasks: Number(tasks),
      instances: Number(instances),
      standbyReplicas: Number(standbys),
    }).find((one) => one.event === event);
    assert.deepEqual([found!.moved, found!.restored, found!.least].map(String), figures, `${tasks} ${event}`);
  }
});

test('and the machines that the command prints for its example', () => {
  const { tiers } = sizeOf(TARGET);
  const counts = tableRows(page, '| what | number').map(([, count]) => Number(count));
  assert.deepEqual(
    counts,
    tiers.map(({ count }) => count),
  );
});

test('a task never moves without need', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 12 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 0, max: 2 }),
      (instances, tasks, standbyReplicas) => {
        for (const { event, moved, least } of rebalances({ tasks, instances, standbyReplicas }).slice(0, 1))
          assert.equal(moved, least, event);
      },
    ),
    { numRuns: 30 },
  );
});

test('shares after Zipf sum to 1, and what is drawn of many is what is drawn of each', () => {
  for (const [n, s, draws] of [
    [50_000, 1, 30_000],
    [20_000, 0.5, 5_000],
    [100, 0, 50],
  ] as const) {
    const shares = zipfShares(n, s);
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
    const exact = shares.reduce((sum, share) => sum - Math.expm1(-draws * share), 0);
    assert.ok(Math.abs(distinctDrawn(n, s, draws) / exact - 1) < 1e-3, `${n} ${s}`);
    assert.ok(Math.abs(topShare(n, s) / shares[0]! - 1) < 1e-3, `${n} ${s}`);
  }
});

test('more of anything never needs less, and costs more', () => {
  const demand = fc.record({
    visitors: fc.double({ min: 1e3, max: 1e9, noNaN: true }),
    items: fc.double({ min: 100, max: 1e8, noNaN: true }),
    eventsPerS: fc.double({ min: 1, max: 1e5, noNaN: true }),
    requestsPerS: fc.double({ min: 1, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(demand, fc.constantFrom('visitors', 'items', 'requestsPerS'), (less, more) => {
      const [a, b] = [sizeOf(less), sizeOf({ ...less, [more]: 2 * less[more] })];
      assert.ok(b.monthlyCost >= a.monthlyCost);
      for (const [i, { count }] of b.tiers.entries()) assert.ok(count >= a.tiers[i]!.count);
      assert.ok(a.tiers[0]!.count <= a.partitions || a.partitions === 256);
    }),
    { numRuns: 6 },
  );
});

test('what the engine cannot do is said, and what it can is not', () => {
  assert.match(limitsOf(TARGET, sizeOf(TARGET)).join(), /Instances cannot follow/);
  assert.deepEqual(limitsOf(SMALL, sizeOf(SMALL)), []);
  assert.match(limitsOf({ ...SMALL, items: 20e6 }, sizeOf({ ...SMALL, items: 20e6 })).join(), /16 million/);
});

test('the report names every figure that it is multiplied from, with its source', () => {
  const size = sizeOf(SMALL);
  const text = sizeReport(SMALL, DEFAULT_ASSUMPTIONS, size, []);
  for (const { what, source } of Object.values(UNITS)) assert.ok(text.includes(what) && text.includes(source), what);
});

test('a demand that is no number is refused', () => {
  assert.throws(() => sizeOf({ ...SMALL, items: Number.NaN }), RangeError);
  assert.throws(() => sizeOf({ ...SMALL, visitors: -1 }), RangeError);
});
