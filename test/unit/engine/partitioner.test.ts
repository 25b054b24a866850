import assert from 'node:assert/strict';
import { test } from 'node:test';
import { murmur2, partitionOf } from '../../../engine/api/index.ts';

// Test vectors of Apache Kafka's own UtilsTest.
const VECTORS: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

test('murmur2 agrees with the Java client, so that producers in any language agree on the partition', () => {
  for (const [key, hash] of VECTORS) {
    assert.equal(murmur2(Buffer.from(key)), hash, key);
    for (const partitions of [1, 4, 7]) assert.equal(partitionOf(key, partitions), (hash & 0x7fffffff) % partitions);
  }
});

test('a key is hashed by its UTF-8 bytes, however long it is', () => {
  for (const key of ['ключ', '鍵', '🔑', 'é'.repeat(900), 'long '.repeat(1000), ''])
    assert.equal(partitionOf(key, 1000), (murmur2(Buffer.from(key)) & 0x7fffffff) % 1000);
});
