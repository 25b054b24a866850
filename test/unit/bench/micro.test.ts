// What the comparison of hot functions with their history says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCases } from '../../../bench/micro/cases.ts';
import { type Entry, parseHistory, slowCases } from '../../../bench/micro/history.ts';

const entry = (ratio: number): Entry => ({
  date: '2026-11-21',
  revision: 'abc',
  node: '24.0.0',
  cpu: 'a',
  ratios: { decode: ratio },
});

test('a function is slow when it takes more than three times the median of its last five records', () => {
  const history = [100, 1, 2, 3, 4, 5].map(entry);
  assert.deepEqual(slowCases(history, { decode: 9 }), []);
  assert.deepEqual(slowCases(history, { decode: 9.01 }), ['decode: 9.01, usually 3.00']);
});

test('a function without a history is not slow', () => {
  assert.deepEqual(slowCases([entry(1)], { encode: 1_000 }), []);
});

test('every hot function has a history, and gives the same result each time', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../bench/micro/history.jsonl'), 'utf8');
  const known = new Set(parseHistory(text).flatMap(({ ratios }) => Object.keys(ratios)));
  for (const { name, run } of createCases()) {
    assert.ok(known.has(name), name);
    const result = run();
    assert.notEqual(result, 0, name);
    assert.equal(run(), result, name);
  }
});
