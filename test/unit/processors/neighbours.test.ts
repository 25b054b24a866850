import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type NeighbourRecord, neighbourSerde, roundedMass } from '../../../processors/neighbours.ts';
import { neighbour } from './records.ts';

const golden: NeighbourRecord = {
  ...neighbour('é1', { a: { f: 1.5 }, b: { b: 2, o: 0.25 } }),
  hash: 2 ** 53 - 2,
  landmarkMs: 86_400_000,
  n: 3,
  recent: 1.25,
  p: 0.5,
  forward: 1.5,
  backward: 2,
  together: 0.25,
  lastSeenMs: 86_400_123,
  repeatRate: 0.5,
  vector: Int8Array.of(-128, 0, 127),
  vectorScale: 0.25,
  partners: Float64Array.of(2 ** 52 + 7, 5),
};

const GOLDEN_HEX =
  '0303c3a931feffffffffff1f0000000070999441000000ec71999441000040400000a03f0000003f0000c03f000000' +
  '400000803e0000003f030000803e80007f02' +
  '01070000000000103fc006' +
  '0500000000000040003e80';

test('a neighbour record has the bytes of version 3', () => {
  assert.equal(Buffer.from(neighbourSerde.serialize(golden)).toString('hex'), GOLDEN_HEX);
  assert.deepEqual(neighbourSerde.deserialize(Buffer.from(GOLDEN_HEX, 'hex')), golden);
});

test('a neighbour record of version 2 is read, with nothing recent', () => {
  const older = `02${GOLDEN_HEX.slice(2).replace('0000a03f', '')}`;
  assert.deepEqual(neighbourSerde.deserialize(Buffer.from(older, 'hex')), { ...golden, recent: 0 });
});

test('a neighbour record comes back from its bytes as it was', () => {
  const mass = fc.float({ min: Math.fround(0.001), max: 1e6, noNaN: true }).map(roundedMass);
  const partner = fc.record({ hash: fc.maxSafeNat(), f: mass, b: mass, o: mass });
  fc.assert(
    fc.property(fc.string(), fc.array(partner, { maxLength: 80 }), fc.float({ noNaN: true }), (itemId, partners, n) => {
      fc.pre(itemId.isWellFormed());
      const record: NeighbourRecord = {
        ...golden,
        itemId,
        n,
        partners: Float64Array.from(partners, ({ hash }) => hash),
        f: Float32Array.from(partners, ({ f }) => f),
        b: Float32Array.from(partners, ({ b }) => b),
        o: Float32Array.from(partners, ({ o }) => o),
      };
      assert.deepEqual(neighbourSerde.deserialize(neighbourSerde.serialize(record)), record);
    }),
  );
});

test('a mass is kept to half a percent, and what was kept is kept as it is', () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(1e-30), max: Math.fround(1e30), noNaN: true }), (mass) => {
      const kept = roundedMass(mass);
      assert.ok(Math.abs(kept - mass) <= 0.004 * mass);
      assert.equal(roundedMass(kept), kept);
    }),
  );
});

test('a record of 100 partners with two masses each takes 1.3 kB', () => {
  const partners = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`partner-${i}`, { f: i + 1, b: 1 }]));
  assert.ok(neighbourSerde.serialize(neighbour('item-1', partners)).length < 1300);
});

test('bytes that are cut short, empty or of another version are refused with a code', () => {
  const bytes = neighbourSerde.serialize(golden);
  for (let length = 1; length < bytes.length; length++) {
    assert.throws(() => neighbourSerde.deserialize(bytes.subarray(0, length)), { code: 'STATE_FORMAT_UNKNOWN' });
  }
  assert.throws(() => neighbourSerde.deserialize(new Uint8Array(0)), { code: 'STATE_FORMAT_UNKNOWN' });
  assert.throws(() => neighbourSerde.deserialize(Uint8Array.of(9)), { code: 'STATE_FORMAT_UNKNOWN' });
});
