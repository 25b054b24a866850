// What a transactional producer repeats, with a coordinator whose answers are the test's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerRequests, errorOfCode } from '../../../../engine/kafka/broker-requests.ts';
import { TransactionalProducer } from '../../../../engine/kafka/transactional-producer.ts';

const NOT_COORDINATOR = 16;
const INVALID_PRODUCER_EPOCH = 47;
const CONCURRENT_TRANSACTIONS = 51;
const TRANSACTIONAL_ID_NOT_FOUND = 105;

/** A producer that has claimed its id from broker 1. */
async function producerOf() {
  const sent: { readonly node: number; readonly name: string; readonly args: object }[] = [];
  /** What the next requests of a name end with; without any they succeed. */
  const failures: { EndTxn?: Error[]; [name: string]: Error[] | undefined } = {};
  let coordinator = 1;
  const requests = {
    coordinator: async () => coordinator,
    sendOwn: async () => ({ errorCode: TRANSACTIONAL_ID_NOT_FOUND }),
    send: async (node: number, name: string, args: object) => {
      sent.push({ node, name, args });
      const failure = failures[name]?.shift();
      if (failure !== undefined) throw failure;
      return { producerId: '7', producerEpoch: 3 };
    },
  } as unknown as BrokerRequests;
  const options = { requests, transactionalId: 'shop-task-0', transactionTimeoutMs: 10_000 };
  const producer = await TransactionalProducer.claim(options, performance.now() + 10_000, async () => 'claim');
  sent.length = 0;
  const move = (node: number) => {
    coordinator = node;
  };
  return { producer, sent, failures, move };
}

const END = {
  transactionalId: 'shop-task-0',
  producerId: '7',
  producerEpoch: 3,
  transactionResult: true,
};

test('a coordinator that is busy is told again that the transaction is committed, until it takes it', async () => {
  const { producer, sent, failures } = await producerOf();
  failures.EndTxn = [errorOfCode(CONCURRENT_TRANSACTIONS), errorOfCode(CONCURRENT_TRANSACTIONS)];
  await producer.commit();
  assert.deepEqual(sent, Array(3).fill({ node: 1, name: 'EndTxn', args: END }));
});

test('where the coordinator has moved, the new one is told', async () => {
  const { producer, sent, failures, move } = await producerOf();
  failures.EndTxn = [errorOfCode(NOT_COORDINATOR)];
  move(2);
  await producer.commit();
  assert.deepEqual(
    sent.map(({ node, name }) => [node, name]),
    [
      [1, 'EndTxn'],
      [2, 'EndTxn'],
    ],
  );
});

test('an end is told once where the id has another owner, or nobody knows what was taken', async () => {
  for (const failure of [errorOfCode(INVALID_PRODUCER_EPOCH), new Error('the connection was closed')]) {
    const { producer, sent, failures } = await producerOf();
    failures.EndTxn = [failure];
    await assert.rejects(producer.commit(), failure);
    assert.equal(sent.length, 1);
  }
});

test('an abort is told once: the next claim aborts what goes on', async () => {
  const { producer, sent, failures } = await producerOf();
  const failure = errorOfCode(CONCURRENT_TRANSACTIONS);
  failures.EndTxn = [failure];
  await assert.rejects(producer.mark([{ topic: 'rows', partitions: [0] }], 'aborted'), failure);
  assert.deepEqual(
    sent.map(({ name }) => name),
    ['AddPartitionsToTxn', 'EndTxn'],
  );
});
