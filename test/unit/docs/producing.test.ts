// What docs/producing.md says of partitions and of the lines of a file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventCheck } from '../../../app/event-check.ts';
import { partitionOf, systemClock } from '../../../engine/api/index.ts';
import { readPage } from './pages.ts';

const { text } = readPage('docs/producing.md');

test('the partitions that a client can be held against are those of the partitioner', () => {
  const [, sentence] = /with 4 partitions (.*?)\./.exec(text)!;
  const vectors = [...sentence!.matchAll(/`([^`]+)`(?: lies)? in (\d)/g)];
  assert.equal(vectors.length, 4);
  for (const [, key, partition] of vectors) assert.equal(partitionOf(key!, 4), Number(partition), key);
});

test('the line of the example is an event in order', () => {
  const [, line] = /```json\n(.*?)\n```/.exec(text)!;
  assert.equal(new EventCheck(systemClock).check(line!).refusal, undefined);
});
