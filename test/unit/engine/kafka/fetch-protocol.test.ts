import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { decodeFetch, encodeFetch, fetchRequest } from '../../../../engine/kafka/fetch-protocol.ts';

const require = createRequire(import.meta.url);

interface Encoder {
  readonly buffer: Buffer;
}
/** kafkajs's own encoder of the same version. */
const theirs: (call: object) => {
  encode(): Promise<Encoder>;
} = require('kafkajs/src/protocol/requests/fetch/v11/request.js');

test('a request has the bytes that kafkajs writes for it', async () => {
  const limits = { maxWaitMs: 250, maxBytes: 8_000_000 };
  const targets = [
    { topic: 'clicks', partition: 0, offset: 0, maxBytes: 1_000_000 },
    { topic: 'clicks', partition: 3, offset: 2 ** 45 + 7, maxBytes: 2_000_000 },
    { topic: 'größe', partition: 1, offset: 12, maxBytes: 3 },
    { topic: 'clicks', partition: 1, offset: 5, maxBytes: 1_000_000 },
  ];
  const partition = (i: number) => {
    const { partition, offset, maxBytes } = targets[i]!;
    return { partition, fetchOffset: String(offset), maxBytes };
  };
  const expected = await theirs({
    replicaId: -1,
    maxWaitTime: 250,
    minBytes: 1,
    maxBytes: limits.maxBytes,
    isolationLevel: 1,
    topics: [
      { topic: 'clicks', partitions: [partition(0), partition(1)] },
      { topic: 'größe', partitions: [partition(2)] },
      { topic: 'clicks', partitions: [partition(3)] },
    ],
  }).encode();
  assert.deepEqual(encodeFetch({ ...limits, targets }), Buffer.from(expected.buffer));
  assert.deepEqual((await fetchRequest({ ...limits, targets }).encode()).buffer, Buffer.from(expected.buffer));
});

/** An answer written by hand from the protocol's description. */
function answer(): Buffer {
  const out = Buffer.alloc(200);
  let at = out.writeInt32BE(11, 0); // throttled, ms
  at = out.writeInt16BE(0, at);
  at = out.writeInt32BE(0, at); // session
  at = out.writeInt32BE(1, at); // topics
  at = out.writeInt16BE(2, at);
  at += out.write('ab', at);
  at = out.writeInt32BE(2, at); // partitions
  at = out.writeInt32BE(7, at);
  at = out.writeInt16BE(0, at);
  at = out.writeBigInt64BE(103n, at); // high watermark
  at = out.writeBigInt64BE(102n, at); // last stable offset
  at = out.writeBigInt64BE(101n, at); // log start
  at = out.writeInt32BE(1, at); // aborted
  at = out.writeBigInt64BE(2n ** 40n, at);
  at = out.writeBigInt64BE(9n, at);
  at = out.writeInt32BE(-1, at);
  at = out.writeInt32BE(3, at);
  at += out.write('xyz', at);
  at = out.writeInt32BE(8, at);
  at = out.writeInt16BE(1, at); // offset out of range
  for (let i = 0; i < 3; i++) at = out.writeBigInt64BE(-1n, at);
  at = out.writeInt32BE(-1, at); // no array of aborted
  at = out.writeInt32BE(-1, at);
  at = out.writeInt32BE(-1, at); // no records
  return out.subarray(0, at);
}

test('an answer is read with its errors, aborted transactions and record sets', () => {
  assert.deepEqual(decodeFetch(answer()), {
    clientSideThrottleTime: 11,
    errorCode: 0,
    partitions: [
      {
        topic: 'ab',
        partition: 7,
        errorCode: 0,
        lastStableOffset: 102,
        logStartOffset: 101,
        aborted: [{ producerId: 2 ** 40, firstOffset: 9 }],
        recordSet: Buffer.from('xyz'),
      },
      {
        topic: 'ab',
        partition: 8,
        errorCode: 1,
        lastStableOffset: -1,
        logStartOffset: -1,
        aborted: [],
        recordSet: Buffer.alloc(0),
      },
    ],
  });
});

test('an answer that ends too early is refused', () => {
  const whole = answer();
  for (let length = 0; length < whole.length; length++)
    assert.throws(() => decodeFetch(whole.subarray(0, length)), RangeError, `${length} bytes`);
});
