import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BinaryReader, BinaryWriter, EngineError } from '../../../../engine/api/index.ts';

const uint53 = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(),
  fc.nat(300),
  fc.bigInt(0n, 53n).map((bits) => 2 ** Number(bits) - 1),
);
const isUnreadable = (error: unknown): boolean => error instanceof EngineError && error.code === 'STATE_FORMAT_UNKNOWN';

type Field =
  | { readonly kind: 'u8' | 'varint' | 'uint53' | 'f64' | 'f32'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string };

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.nat(255) }),
  fc.record({ kind: fc.constant('varint' as const), value: uint53 }),
  fc.record({ kind: fc.constant('uint53' as const), value: uint53 }),
  fc.record({ kind: fc.constant('f64' as const), value: fc.double() }),
  fc.record({ kind: fc.constant('f32' as const), value: fc.float() }),
  fc.record({
    kind: fc.constant('text' as const),
    value: fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.string({ unit: 'binary-ascii', maxLength: 60 })),
  }),
);

function write(fields: readonly Field[], writer = new BinaryWriter(4)): Uint8Array {
  for (const field of fields) {
    if (field.kind === 'text') writer.text(field.value);
    else writer[field.kind](field.value);
  }
  return writer.finish();
}

function read(fields: readonly Field[], bytes: Uint8Array): (number | string)[] {
  const reader = new BinaryReader(bytes);
  const values = fields.map(({ kind }) => reader[kind]());
  reader.end();
  return values;
}

describe('binary values', () => {
  it('are read back as they were written, from a view too', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 30 }), (fields) => {
        const bytes = write(fields);
        const padded = new Uint8Array(bytes.length + 6).fill(0xff);
        padded.set(bytes, 3);
        const values = fields.map(({ value }) => value);
        assert.deepEqual(read(fields, padded.subarray(3, 3 + bytes.length)), values);
      }),
    );
  });

  it('that were cut are refused at every length', () => {
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (fields, at) => {
          const bytes = write(fields);
          const length = Math.floor(at * (bytes.length - 1));
          assert.throws(() => read(fields, bytes.subarray(0, length)), isUnreadable);
        },
      ),
    );
  });

  it('of any content never end in anything but a value or the error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(field, { maxLength: 6 }), (bytes, fields) => {
        try {
          read(fields, bytes);
        } catch (error) {
          assert(isUnreadable(error), String(error));
        }
      }),
    );
  });

  it('have these bytes, for ever', () => {
    const writer = new BinaryWriter();
    writer.u8(1);
    writer.varint(0);
    writer.varint(127);
    writer.varint(128);
    writer.varint(2 ** 31);
    writer.varint(Number.MAX_SAFE_INTEGER);
    writer.uint53(0x1f_0203_0405_0607);
    writer.f64(-1.5);
    writer.f32(0.5);
    writer.text('A-é');
    writer.text('');
    writer.bytes(Uint8Array.of(9, 8));
    const hex =
      '01' +
      '00' +
      '7f' +
      '8001' +
      '8080808008' +
      'ffffffffffffff0f' +
      '0706050403021f' +
      '000000000000f8bf' +
      '0000003f';
    assert.equal(Buffer.from(writer.finish()).toString('hex'), `${hex}04412dc3a9000908`);
  });

  it('are copied out of the writer, which begins anew', () => {
    const writer = new BinaryWriter();
    writer.text('first');
    const first = writer.finish();
    assert.equal(writer.length, 0);
    writer.text('other');
    writer.reset();
    writer.u8(7);
    assert.deepEqual([...writer.finish()], [7]);
    assert.equal(new BinaryReader(first).text(), 'first');
  });

  it('are lent out of the writer until the next one is written, which begins anew', () => {
    const writer = new BinaryWriter(4);
    const fields: readonly Field[] = [
      { kind: 'text', value: 'A-1' },
      { kind: 'f64', value: 0.5 },
    ];
    const copied = write(fields);
    for (const field of fields) {
      if (field.kind === 'text') writer.text(field.value);
      else writer[field.kind](field.value);
    }
    assert.deepEqual(Buffer.from(writer.lend()), Buffer.from(copied));
    assert.equal(writer.length, 0);
    assert.deepEqual(Buffer.from(write(fields, writer)), Buffer.from(copied));
  });

  it('are not written when they could not be read back', () => {
    const writer = new BinaryWriter();
    for (const value of [-1, 1.5, 2 ** 53, Number.NaN, Infinity]) {
      assert.throws(() => writer.varint(value), RangeError);
      assert.throws(() => writer.uint53(value), RangeError);
    }
    assert.equal(writer.length, 0);
  });

  it('above 2^53 - 1, too many and left over are refused', () => {
    const above = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    assert.throws(() => new BinaryReader(above).varint(), isUnreadable);
    assert.throws(() => new BinaryReader(Uint8Array.of(...above.subarray(0, 7), 0x7f)).varint(), isUnreadable);
    assert.throws(() => new BinaryReader(above).uint53(), isUnreadable);
    assert.throws(() => new BinaryReader(Uint8Array.of(3, 0, 0)).count(), isUnreadable);
    assert.equal(new BinaryReader(Uint8Array.of(2, 0, 0)).count(), 2);
    assert.throws(() => new BinaryReader(Uint8Array.of(2, 0, 0)).count(2), isUnreadable);
    assert.throws(() => new BinaryReader(Uint8Array.of(0)).end(), isUnreadable);
    assert.throws(() => new BinaryReader(Uint8Array.of(1, 0xff)).text(), isUnreadable);
  });
});
