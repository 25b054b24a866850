import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchSize } from '../../../engine/runtime/batch-size.ts';

const USUAL = 10;

function after(...batches: { records: number; tookMs?: number; left?: number }[]): BatchSize {
  const size = new BatchSize(USUAL);
  for (const { records, tookMs = 1, left = 0 } of batches) {
    size.took(tookMs);
    size.adapt(records, left);
  }
  return size;
}

test('full batches double, up to eight times the usual size', () => {
  assert.equal(after().most, USUAL);
  assert.equal(after({ records: 10 }).most, 20);
  assert.equal(after({ records: 10 }, { records: 20 }, { records: 40 }).most, 80);
  assert.equal(after({ records: 10 }, { records: 20 }, { records: 40 }, { records: 80 }).most, 80);
});

test('they grow while one takes less than two seconds, and shrink where one takes more than four', () => {
  assert.equal(after({ records: 10, tookMs: 1_999 }).most, 20);
  assert.equal(after({ records: 10, tookMs: 2_000 }).most, 10);
  assert.equal(after({ records: 10 }, { records: 20, tookMs: 4_000 }).most, 20);
  assert.equal(after({ records: 10 }, { records: 20, tookMs: 4_001 }).most, 10);
});

test('they shrink to their usual size, and no further, when nothing much is left', () => {
  const grown = [{ records: 10 }, { records: 20 }];
  assert.equal(after(...grown, { records: 3 }).most, 20);
  assert.equal(after(...grown, { records: 3 }, { records: 3 }).most, 10);
  assert.equal(after({ records: 3 }, { records: 0, tookMs: 9_000 }).most, 10);
});

test('a small batch of one topic says nothing of a backlog that another topic has', () => {
  const grown = [{ records: 10 }, { records: 20 }];
  assert.equal(after(...grown, { records: 3, left: 40 }).most, 40);
  assert.equal(after(...grown, { records: 3, left: USUAL }).most, 40);
  assert.equal(after(...grown, { records: 3, left: USUAL - 1 }).most, 20);
});

test('full batches stand for several, slow ones for one, others for none', () => {
  const size = after({ records: 10 });
  assert.equal(size.behindBy(20), 2);
  assert.equal(size.behindBy(19), 0);
  size.took(100);
  assert.equal(size.behindBy(1), 0);
  size.took(101);
  assert.equal(size.behindBy(1), 1);
});
