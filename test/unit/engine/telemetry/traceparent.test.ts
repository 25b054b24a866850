import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTraceparent, isSampled, parseTraceparent } from '../../../../engine/api/index.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

test('a traceparent of version 00 is read, and written as it was', () => {
  const text = `00-${TRACE}-${SPAN}-01`;
  const context = parseTraceparent(text);
  assert.deepEqual(context, { traceId: TRACE, spanId: SPAN, flags: 1 });
  assert.equal(formatTraceparent(context!), text);
});

test('what is no traceparent of version 00 is not read', () => {
  for (const text of [
    '',
    `01-${TRACE}-${SPAN}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}-0g`,
    `00-${TRACE}-${SPAN}-01-x`,
    `00-${TRACE}-${SPAN}-01\n`,
    ` 00-${TRACE}-${SPAN}-1`,
    `00_${TRACE}_${SPAN}_01`,
  ])
    assert.equal(parseTraceparent(text), undefined, JSON.stringify(text));
});

test('no text whatever throws', () => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => isSampled(text) === false));
});

test('a trace is sampled when the lowest flag is set, whatever the others say', () => {
  fc.assert(
    fc.property(fc.nat({ max: 255 }), (flags) => {
      const text = formatTraceparent({ traceId: TRACE, spanId: SPAN, flags });
      assert.equal(isSampled(text), flags % 2 === 1);
    }),
  );
});
