import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RespWriter } from '../../../../bench/reference/resp-writer.ts';

test('a command is written as the protocol has it, of texts and bytes of any length', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 400 }))), (values) => {
      const writer = new RespWriter();
      writer.command(values.length);
      const expected = [Buffer.from(`*${values.length}\r\n`)];
      for (const value of values) {
        if (typeof value === 'string') writer.text(value);
        else {
          const start = writer.open(value.length);
          writer.bytes.set(value, start);
          writer.close();
        }
        const bytes = Buffer.from(value as string);
        expected.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
      }
      assert.deepEqual(writer.bytes.subarray(0, writer.end), Buffer.concat(expected));
    }),
  );
});
