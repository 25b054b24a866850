import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatTraceparent, RefusedRecordError, type Serde } from '../../../engine/api/index.ts';
import {
  campaignRuleSerde,
  itemBlockSerde,
  itemCardSerde,
  MAX_LIST_VALUE_BYTES,
  openList,
  type Reason,
  type TopList,
  topListSerde,
  viewOf,
  visitorBlockSerde,
} from '../../../lists/index.ts';
import {
  block,
  campaignRule,
  card,
  emptyList,
  list,
  rankedList,
  tracedList,
  visitorAudience,
  visitorBlock,
} from '../../golden/lists/sample.ts';

const serdes: [name: string, family: string, serde: Serde<unknown>, value: unknown][] = [
  ['list', 'list', topListSerde as Serde<unknown>, list],
  ['traced list', 'list', topListSerde as Serde<unknown>, tracedList],
  ['ranked list', 'list', topListSerde as Serde<unknown>, rankedList],
  ['empty list', 'list', topListSerde as Serde<unknown>, emptyList],
  ['card', 'card', itemCardSerde as Serde<unknown>, card],
  ['item block', 'card', itemBlockSerde as Serde<unknown>, block],
  ['visitor block', 'card', visitorBlockSerde as Serde<unknown>, visitorBlock],
  ['visitor block with an audience', 'card', visitorBlockSerde as Serde<unknown>, visitorAudience],
  ['campaign', 'card', campaignRuleSerde as Serde<unknown>, campaignRule],
];

function isRefused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof RefusedRecordError && error.code === code;
}

const text = fc.string({ maxLength: 20, unit: 'binary' });
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const optional = <V>(arbitrary: fc.Arbitrary<V>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const reason: fc.Arbitrary<Reason> = fc
  .record({
    kind: fc.constantFrom<Reason['kind'][]>('viewed', 'similar', 'popular', 'campaign'),
    itemId: optional(fc.constantFrom('A', 'B', '')),
    title: optional(text),
    campaignId: optional(text),
    segment: optional(fc.constantFrom('global', 'a\nb')),
    part: number,
  })
  .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never);

const topList: fc.Arbitrary<TopList> = fc.record({
  definition: text,
  owner: text,
  variant: text,
  algorithm: text,
  asOf: fc.record({
    at: fc.maxSafeNat(),
    topic: text,
    partition: fc.nat(),
    offset: fc.maxSafeNat(),
    eventIds: fc.array(text, { maxLength: 5 }),
  }),
  items: fc.array(fc.record({ id: text, score: number, reasons: fc.array(reason, { maxLength: 4 }) }), {
    maxLength: 20,
  }),
});
const digits = (count: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: count, maxLength: count })
    .map((hex) => hex.join(''))
    .filter((hex) => !/^0+$/.test(hex));
const traceparent = fc
  .tuple(digits(32), digits(16), fc.nat({ max: 255 }))
  .map(([traceId, spanId, flags]) => formatTraceparent({ traceId, spanId, flags }));

describe('codecs', () => {
  it('give back every list as it was, whatever its texts and numbers', () => {
    fc.assert(
      fc.property(topList, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as TopList;
        assert.deepEqual(topListSerde.deserialize(topListSerde.serialize(plain)), plain);
      }),
    );
  });

  it('give back the trace of a list, for 25 bytes more than without', () => {
    fc.assert(
      fc.property(topList, traceparent, (value, trace) => {
        const plain = JSON.parse(JSON.stringify(value)) as TopList;
        const traced = topListSerde.serialize({ ...plain, traceparent: trace });
        assert.deepEqual(topListSerde.deserialize(traced), { ...plain, traceparent: trace });
        assert.equal(traced.length, topListSerde.serialize(plain).length + 25);
      }),
    );
  });

  it('refuse to write a trace that is no traceparent', () => {
    assert.throws(() => topListSerde.serialize({ ...list, traceparent: 'x'.repeat(55) }), RangeError);
  });

  it('name a cause once, however many items share it', () => {
    const title = 'a title that is long enough to be found twice';
    const items = ['A', 'B', 'C'].map((id) => ({
      id,
      score: 1,
      reasons: [{ kind: 'viewed' as const, itemId: 'X', title, part: 1 }],
    }));
    const encoded = String(Buffer.from(topListSerde.serialize({ ...list, items })));
    assert.equal(encoded.split(title).length - 1, 1);
  });

  it('give each item and what is common to all, in whatever order they are asked for', () => {
    fc.assert(
      fc.property(topList, fc.infiniteStream(fc.nat()), fc.boolean(), (value, picks, ranked) => {
        const plain = JSON.parse(JSON.stringify(value)) as TopList;
        const steps = ['score', 'variety'];
        const items = plain.items.map((item, i) =>
          ranked ? { ...item, ranks: { score: i + 1, variety: 300 * i } } : item,
        );
        const whole: TopList = { ...plain, items, ...(ranked && { steps }) };
        const bytes = topListSerde.serialize(whole);
        for (const view of [openList(bytes), viewOf(whole)]) {
          assert.deepEqual(
            view.ids,
            items.map(({ id }) => id),
          );
          assert.deepEqual(
            Array.from(view.scores),
            items.map(({ score }) => score),
          );
          const campaigns = items.flatMap(({ reasons }) => reasons.flatMap(({ campaignId }) => campaignId ?? []));
          assert.deepEqual(new Set(view.campaignIds), new Set(campaigns));
          assert.equal(view.campaignIds.length, new Set(campaigns).size);
          for (let left = items.length; left > 0; left--) {
            const place = picks.next().value % items.length;
            assert.deepEqual(view.itemAt(place), items[place]);
          }
        }
      }),
    );
  });

  it('read from a view into a larger buffer', () => {
    const encoded = topListSerde.serialize(list);
    const padded = new Uint8Array(encoded.length + 20).fill(0x7b);
    padded.set(encoded, 10);
    assert.deepEqual(topListSerde.deserialize(padded.subarray(10, 10 + encoded.length)), list);
  });

  for (const [name, family, serde, value] of serdes) {
    it(`refuse a ${name} of another version, and say which`, () => {
      const bytes = Uint8Array.from(serde.serialize(value));
      bytes[0] = 9;
      assert.throws(() => serde.deserialize(bytes), { name: 'RefusedRecordError', message: /version 9, this reads 1/ });
      assert.throws(() => serde.deserialize(new Uint8Array()), isRefused(`${family}-format-unknown`));
    });

    it(`refuse a ${name} that was cut, at any byte`, () => {
      const bytes = serde.serialize(value);
      for (let length = 1; length < bytes.length; length++) {
        assert.throws(() => serde.deserialize(bytes.subarray(0, length)), isRefused(`${family}-malformed`));
      }
    });

    it(`refuse other bytes than those of a ${name}`, () => {
      for (const json of ['null', '1', '"text"', '{"items":1}', '{"n":[],"c":[],"i":[]}', '{"id":1}']) {
        assert.throws(() => serde.deserialize(Buffer.from(`\x01${json}`)), isRefused(`${family}-malformed`), json);
      }
    });
  }

  it('refuse a list whose bytes were changed to name a cause or a kind that is not there, or went on after its end', () => {
    const items = [{ id: 'A', score: 1, reasons: [{ kind: 'viewed' as const, part: 1 }] }];
    const bytes = Buffer.from(topListSerde.serialize({ ...emptyList, items }));
    // From the end: part (8), cause (1), count of reasons (1), score (8), id (2), count of items (1), fields (1), kind (1).
    for (const [fromEnd, value] of [
      [9, 1],
      [23, 200],
    ] as const) {
      const changed = Buffer.from(bytes);
      changed[bytes.length - fromEnd] = value;
      assert.throws(() => topListSerde.deserialize(changed), isRefused('list-malformed'));
    }
    assert.throws(() => topListSerde.deserialize(Buffer.concat([bytes, Buffer.of(0)])), isRefused('list-malformed'));
  });

  it('have a code for every kind of reason', () => {
    const kinds: { [Kind in Reason['kind']]: true } = {
      viewed: true,
      carted: true,
      bought: true,
      wished: true,
      liked: true,
      similar: true,
      'bought-together': true,
      popular: true,
      trending: true,
      repeat: true,
      campaign: true,
      'buy-again': true,
      content: true,
      preference: true,
      new: true,
      variety: true,
      model: true,
      searched: true,
      reranked: true,
    };
    const reasons = (Object.keys(kinds) as Reason['kind'][]).map((kind) => ({ kind, part: 1 }));
    const value = { ...emptyList, items: [{ id: 'A', score: 15, reasons }] };
    assert.deepEqual(topListSerde.deserialize(topListSerde.serialize(value)), value);
  });

  it('write a list as ever after one that could not be written', () => {
    const broken = { ...list, items: [{ id: 'A', score: Number.NaN, reasons: [] }] };
    const before = topListSerde.serialize(list);
    assert.throws(() => topListSerde.serialize(broken), RangeError);
    assert.deepEqual(topListSerde.serialize(list), before);
  });

  it('refuse to write what could not be read: a score that is no number, a value that is too large', () => {
    for (const score of [Number.NaN, Infinity]) {
      assert.throws(() => topListSerde.serialize({ ...list, items: [{ id: 'A', score, reasons: [] }] }), RangeError);
    }
    const items = [{ id: 'x'.repeat(MAX_LIST_VALUE_BYTES), score: 1, reasons: [] }];
    assert.throws(() => topListSerde.serialize({ ...list, items }), RangeError);
  });
});
