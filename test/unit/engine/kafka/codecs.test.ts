// Fixtures: `text` is written by snappy-java 1.1.10 (raw and its stream) and by Kafka's own LZ4 writer; `long` by the lz4 program
// with blocks of 64 kB that build on each other, checksums and the content's size (-9 -BD -B4 -BX --content-size).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { decompress } from '../../../../engine/kafka/codecs.ts';
import { decompressLz4 } from '../../../../engine/kafka/lz4.ts';
import { decompressSnappy } from '../../../../engine/kafka/snappy.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'compressed', name));
const MAX_BYTES = 10_000_000;

/** `count` times "record", a number and, in every fifth, a run. */
const text = (count: number, run: number) =>
  Buffer.from(
    Array.from({ length: count }, (_, i) => `record ${(i * i) % 97} ${i % 5 === 0 ? 'a'.repeat(run) : ''}`).join(''),
  );

test('snappy is read raw and in the framing of Java', () => {
  assert.deepEqual(decompressSnappy(fixture('text.snappy'), MAX_BYTES), text(400, 76));
  assert.deepEqual(decompressSnappy(fixture('text.xerial.snappy'), MAX_BYTES), text(400, 76));
  assert.deepEqual(decompressSnappy(fixture('random.snappy'), MAX_BYTES), fixture('random.bin'));
});

test('lz4 is read with blocks that stand alone, that are not compressed, and that build on each other', () => {
  assert.deepEqual(decompressLz4(fixture('text.lz4'), MAX_BYTES), text(400, 76));
  assert.deepEqual(decompressLz4(fixture('random.lz4'), MAX_BYTES), fixture('random.bin'));
  assert.deepEqual(decompressLz4(fixture('long.linked.lz4'), MAX_BYTES), text(12_000, 60));
});

test('what is larger than allowed is refused', () => {
  assert.throws(() => decompressSnappy(fixture('text.snappy'), 10_000), /more than 10000 bytes/);
  assert.throws(() => decompressSnappy(fixture('text.xerial.snappy'), 10_000), /more than/);
  assert.throws(() => decompressLz4(fixture('text.lz4'), 10_000), /more than 10000 bytes/);
});

test('cut or changed bytes end in an error or in other bytes, never in a crash, a hang or more than allowed', () => {
  const names = ['text.snappy', 'text.xerial.snappy', 'text.lz4', 'long.linked.lz4'];
  const sources = names.map((name) => ({
    bytes: fixture(name),
    read: name.endsWith('lz4') ? decompressLz4 : decompressSnappy,
  }));
  fc.assert(
    fc.property(
      fc.constantFrom(...sources),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
        maxLength: 5,
      }),
      ({ bytes, read }, keep, changes) => {
        const changed = Buffer.from(bytes.subarray(0, Math.ceil(bytes.length * (1 - keep))));
        for (const [at, value] of changes) changed[Math.floor(at * changed.length)] = value;
        try {
          assert.ok(read(changed, MAX_BYTES).length <= MAX_BYTES);
        } catch (error) {
          assert.match(String(error), /malformed|more than/);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('gzip, zstd and no compression are read by their numbers, an unknown number is refused', () => {
  const bytes = text(50, 10);
  assert.equal(decompress(0, bytes), bytes);
  assert.deepEqual(decompress(1, gzipSync(bytes)), bytes);
  assert.deepEqual(decompress(2, fixture('text.snappy')), text(400, 76));
  assert.deepEqual(decompress(3, fixture('text.lz4')), text(400, 76));
  assert.deepEqual(decompress(4, zstdCompressSync(bytes)), bytes);
  assert.throws(() => decompress(5, bytes), /unknown codec 5/);
});
