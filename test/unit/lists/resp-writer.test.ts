import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RespWriter } from '../../../lists/resp-writer.ts';

type Argument = string | Uint8Array;

/** The protocol's specification, word by word: an array of bulk strings. */
function specified(commands: readonly (readonly Argument[])[]): Buffer {
  const parts: Buffer[] = [];
  for (const args of commands) {
    parts.push(Buffer.from(`*${args.length}\r\n`));
    for (const argument of args) {
      const bytes = Buffer.from(argument as string);
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
  }
  return Buffer.concat(parts);
}

function write(writer: RespWriter, commands: readonly (readonly Argument[])[]): void {
  for (const args of commands) {
    writer.command(args.length);
    for (const argument of args) {
      if (typeof argument === 'string') writer.text(argument);
      else {
        const start = writer.open(argument.length);
        writer.bytes.set(argument, start);
        writer.close();
      }
    }
  }
}

const argument: fc.Arbitrary<Argument> = fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 2_000 }));

describe('RespWriter', () => {
  it('writes commands as the protocol has them', () => {
    const commands = fc.array(fc.array(argument, { minLength: 1, maxLength: 12 }), { maxLength: 5 });
    fc.assert(
      fc.property(commands, (made) => {
        const writer = new RespWriter();
        write(writer, made);
        assert.deepEqual(writer.bytes.subarray(0, writer.end), specified(made));
      }),
    );
  });

  it('grows without losing what is there, and begins anew in the same memory', () => {
    const large = [[Buffer.alloc(200_000, 1), Buffer.alloc(400_000, 2), 'end']];
    const writer = new RespWriter();
    write(writer, large);
    assert.deepEqual(writer.bytes.subarray(0, writer.end), specified(large));
    const { bytes } = writer;
    writer.end = 0;
    write(writer, [['PING']]);
    assert.equal(writer.bytes, bytes);
    assert.deepEqual(writer.bytes.subarray(0, writer.end), specified([['PING']]));
  });

  it('writes lengths of any number of digits', () => {
    for (const length of [0, 9, 10, 99, 100, 1_000, 99_999, 100_000]) {
      const writer = new RespWriter();
      write(writer, [[Buffer.alloc(length, 7)]]);
      assert.deepEqual(writer.bytes.subarray(0, writer.end), specified([[Buffer.alloc(length, 7)]]));
    }
  });
});
