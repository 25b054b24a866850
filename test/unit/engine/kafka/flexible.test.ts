import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compactLength, compactText, FlexibleReader, NO_TAGS } from '../../../../engine/kafka/flexible.ts';

const int64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
};

test('texts and arrays of any length are read as they were written, with tagged fields between them left out', () => {
  const structure = fc.record({
    name: fc.string({ maxLength: 300 }),
    ids: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 200 }),
    tags: fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(structure, { maxLength: 140 }), (structures) => {
      const tagged = (tags: readonly Uint8Array[]): Buffer[] => [
        Buffer.of(tags.length),
        // A tag's number and its length are plain unsigned varints: one byte below 128, two above.
        ...tags.flatMap((tag, i) => {
          const length = tag.length < 128 ? [tag.length] : [(tag.length & 127) | 128, tag.length >> 7];
          return [Buffer.of(i, ...length), Buffer.from(tag)];
        }),
      ];
      const bytes = Buffer.concat([
        NO_TAGS,
        compactLength(structures.length),
        ...structures.flatMap(({ name, ids, tags }) => [
          compactText(name),
          compactLength(ids.length),
          ...ids.map(int64),
          ...tagged(tags),
        ]),
        Buffer.of(0, 7),
      ]);
      const reader = new FlexibleReader(bytes);
      const read = reader.array(() => {
        const name = reader.text();
        const ids = reader.array(() => reader.int64());
        reader.tags();
        return { name, ids };
      });
      assert.deepEqual(
        read,
        structures.map(({ name, ids }) => ({ name: Buffer.from(name).toString('utf8'), ids })),
      );
      assert.equal(reader.int16(), 7);
    }),
  );
});

test('a text and an array that are null are empty', () => {
  const reader = new FlexibleReader(Buffer.of(0, 0, 0, 0, 7));
  assert.equal(reader.text(), '');
  assert.deepEqual(
    reader.array(() => 1),
    [],
  );
  assert.equal(reader.int16(), 7);
});
