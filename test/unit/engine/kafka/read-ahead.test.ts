import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReadAhead } from '../../../../engine/kafka/read-ahead.ts';

test('records come out once, in order, from wherever a reader goes on, with positions that never pass a record', () => {
  fc.assert(
    fc.property(
      fc.nat(50),
      fc.array(
        fc.oneof(
          fc.record({ gaps: fc.array(fc.nat(2), { maxLength: 6 }), tail: fc.nat(3) }),
          fc.record({ take: fc.integer({ min: 1, max: 8 }), skip: fc.nat(2) }),
        ),
        { maxLength: 30 },
      ),
      (start, actions) => {
        const buffer = new ReadAhead<{ offset: number }>(start);
        let waiting: number[] = [];
        let at = start;
        for (const action of actions) {
          if ('gaps' in action) {
            let offset = buffer.end;
            const records = action.gaps.map((gap) => {
              offset += gap;
              return { offset: offset++ };
            });
            waiting.push(...records.map((record) => record.offset));
            buffer.add(records, offset + action.tail, records.length * 10);
          } else {
            at = Math.min(at + action.skip, buffer.end);
            waiting = waiting.filter((offset) => offset >= at);
            assert.equal(buffer.hasFrom(at), waiting.length > 0);
            const { records, next } = buffer.take(at, action.take)!;
            const expected = waiting.splice(0, action.take);
            assert.deepEqual(
              records.map((record) => record.offset),
              expected,
            );
            assert.ok(next >= (expected.at(-1) ?? at - 1) + 1);
            assert.ok(next <= (waiting[0] ?? buffer.end), 'no record is passed');
            if (waiting.length === 0) assert.equal(next, buffer.end, 'offsets without records are passed');
            at = next;
          }
          assert.equal(buffer.recordCount, waiting.length);
          assert.ok(Math.abs(buffer.bytes - waiting.length * 10) < 1e-6);
        }
      },
    ),
  );
});

test('offsets that were handed out or lie beyond the end are not held', () => {
  const buffer = new ReadAhead<{ offset: number }>(10);
  buffer.add([{ offset: 12 }, { offset: 15 }], 20, 2);
  assert.equal(buffer.take(10, 1)!.next, 13);
  assert.ok(buffer.holds(13) && buffer.holds(20));
  assert.ok(!buffer.holds(12) && !buffer.holds(21));
  assert.equal(buffer.take(12, 1), undefined);
});
