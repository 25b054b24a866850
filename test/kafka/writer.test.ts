import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import {
  type ChangelogRecord,
  EngineError,
  type ProducerRecord,
  partitionOf,
  silentLogger,
  type TaskWriter,
} from '../../engine/api/index.ts';
import { encodeBatch } from '../../engine/kafka/batch-encoder.ts';
import { BrokerRequests } from '../../engine/kafka/broker-requests.ts';
import { ClaimNote, type Noted } from '../../engine/kafka/claim-note.ts';
import type { ProducerIdentity } from '../../engine/kafka/describe-transaction.ts';
import { claimTask, type TaskWriterOptions } from '../../engine/kafka/task-writer.ts';
import { TransactionalProducer } from '../../engine/kafka/transactional-producer.ts';
import { createTopics, kafkaBehindProxy, needsServers, suiteOwner } from '../support/kafka-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { clientOptions, Following, openReader } from './reading.ts';

/** What is older than a topic's retention may be taken away by the broker at any time. */
const MADE_MS = Date.now();
const CHANGELOG = 'changelog';
const OUTPUT = 'shop-output';
const PARTITIONS = 4;
const never = new AbortController().signal;

describe('the writer of a task', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let proxy: TcpProxy;
  let taskId = -1;
  let suite = 0;

  before(async () => {
    // So that a test can write what no transaction of the coordinator's knows.
    const properties = { 'transaction.partition.verification.enable': 'false' };
    ({ kafka, proxy } = await kafkaBehindProxy(owner, { properties }));
    await newTopics();
  });

  /** Topics of their own for every four tests: each test has a task to itself. */
  async function newTopics(): Promise<void> {
    suite += 1;
    await createTopics(kafka.directBootstrap, [
      { topic: `${CHANGELOG}-${suite}`, config: { 'cleanup.policy': 'compact' } },
      { topic: `${OUTPUT}-${suite}` },
      { topic: `other-${suite}` },
    ]);
  }

  async function nextTask(): Promise<void> {
    taskId += 1;
    if (taskId < PARTITIONS) return;
    taskId = 0;
    await newTopics();
  }

  function claim(overrides: Partial<TaskWriterOptions> = {}): Promise<TaskWriter> {
    return claimTask({
      client: clientOptions(proxy.address),
      applicationId: `app-${suite}`,
      taskId,
      changelogTopic: `${CHANGELOG}-${suite}`,
      topics: new Map([['output', `${OUTPUT}-${suite}`]]),
      transactionTimeoutMs: 10_000,
      claimTimeoutMs: 20_000,
      maxBatchBytes: 900_000,
      compression: 'none',
      nowMs: Date.now,
      ...overrides,
    });
  }

  /** Committed end of a partition, when the marks of all transactions that were acknowledged are there. */
  async function endOf(topic: string, partition: number): Promise<number> {
    const requests = new BrokerRequests(clientOptions(kafka.directBootstrap));
    await requests.connect([topic]);
    const list = async (isolationLevel: number): Promise<number> => {
      const topics = [{ topic, partitions: [{ partition, timestamp: -1 }] }];
      const answer = await requests.send(requests.leader(topic, partition), 'ListOffsets', {
        replicaId: -1,
        isolationLevel,
        topics,
      });
      return Number(answer.responses[0]!.partitions[0]!.offset);
    };
    let committed = -1;
    for (let end = 0; committed < end; ) {
      end = await list(0);
      committed = await list(1);
    }
    await requests.disconnect();
    return committed;
  }

  /** Values of all committed changelog records of the task, as text. */
  async function changelog(): Promise<string[]> {
    const topic = `${CHANGELOG}-${suite}`;
    const end = await endOf(topic, taskId);
    const reader = openReader(owner, kafka.directBootstrap, { binaryTopics: new Set([topic]) });
    const values: string[] = [];
    for (let offset = 0; offset < end; ) {
      const part = reader.fetchBinary({ topic, partition: taskId }, offset, 10_000);
      values.push(...part.records.map(({ value }) => Buffer.from(value!).toString('latin1')));
      if (part.next === offset) await reader.appended(1000, never);
      offset = part.next;
    }
    await reader.close();
    return values;
  }

  async function outputs(): Promise<Following> {
    const topic = `${OUTPUT}-${suite}`;
    const ends = await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => endOf(topic, partition)));
    const reader = openReader(owner, kafka.directBootstrap);
    const following = new Following(
      reader,
      topic,
      ends.map(() => 0),
      10_000,
    );
    while (following.positions.some((position, partition) => position < ends[partition]!))
      if (following.fetch() === 0) await reader.appended(1000, never);
    await reader.close();
    return following;
  }

  const change = (value: string, key = 'position'): ChangelogRecord => ({
    key: Buffer.from(key),
    value: Buffer.from(value, 'latin1'),
  });
  const output = (key: string, value: string): ProducerRecord => ({
    topic: 'output',
    key,
    value: Buffer.from(value),
    timestampMs: MADE_MS,
    headers: { source: 'test' },
  });

  async function codeOf(commit: Promise<number>): Promise<string> {
    try {
      await commit;
    } catch (error) {
      assert.ok(error instanceof EngineError, String(error));
      return error.code;
    }
    return 'none';
  }

  test('a commit appends to the changelog and the outputs, and says where the changelog ends', async () => {
    await nextTask();
    const writer = await claim();
    owner.after(() => writer.close());
    const end = await writer.commit([change('1', 'a'), change('2', 'b')], [output('k1', 'x'), output('k2', 'y')]);
    assert.equal(end, 2);
    // An offset between the two commits is the mark of the first.
    assert.equal(await writer.commit([change('3')], []), 4);
    assert.deepEqual(await changelog(), ['1', '2', '3']);
    const { records } = await outputs();
    for (const key of ['k1', 'k2']) {
      const found = records[partitionOf(key, PARTITIONS)]!.find((record) => record.key === key);
      assert.deepEqual(found?.headers, { source: 'test' });
      assert.equal(found?.timestampMs, MADE_MS);
    }
  });

  test('a second claim fences the first writer, whose commit leaves nothing', async () => {
    await nextTask();
    const first = await claim();
    owner.after(() => first.close());
    await first.commit([change('first')], []);
    const second = await claim();
    owner.after(() => second.close());
    assert.equal(await codeOf(first.commit([change('late')], [output('k', 'late')])), 'TASK_FENCED');
    await second.commit([change('second')], []);
    assert.deepEqual(await changelog(), ['first', 'second']);
  });

  test('what an owner that died in the middle of a transaction has produced is never seen', async () => {
    await nextTask();
    const topic = `${CHANGELOG}-${suite}`;
    const requests = new BrokerRequests(clientOptions(proxy.address));
    await requests.connect([topic]);
    const producer = await TransactionalProducer.claim(
      { requests, transactionalId: `app-${suite}-task-${taskId}`, transactionTimeoutMs: 60_000 },
      performance.now() + 20_000,
      async () => 'claim',
    );
    await producer.begin([{ topic, partitions: [taskId] }]);
    const batch = encodeBatch([{ key: 'position', value: Buffer.from('dead'), timestampMs: MADE_MS }], {
      ...producer.next(topic, taskId, 1),
      compression: 'none',
    });
    await producer.produce(requests.leader(topic, taskId), [{ topic, partition: taskId, batch }]);
    await requests.disconnect();
    // Its transaction would last for a minute: the claim ends it.
    const startedMs = performance.now();
    const writer = await claim();
    owner.after(() => writer.close());
    assert.ok(performance.now() - startedMs < 5000, 'the claim waited for the timeout of the transaction');
    await writer.commit([change('alive')], []);
    assert.deepEqual(await changelog(), ['alive']);
  });

  for (const [outcome, claimed, expected] of [
    ['committed', 'at the next claim', ['before', 'unmarked', 'after']],
    ['aborted', 'at the next claim', ['after']],
    ['committed', 'when the next owner died in its claim', ['before', 'unmarked', 'after']],
    ['aborted', 'when the next owner died in its claim', ['after']],
    ['committed', 'when the next owner died as it set the marks', ['before', 'unmarked', 'after']],
    ['aborted', 'when the next owner died as it set the marks', ['after']],
  ] as const)
    test(`what a transaction that was ${outcome} left without its mark ends as it had ended, ${claimed}`, async () => {
      await nextTask();
      const places = [`${CHANGELOG}-${suite}`, `${OUTPUT}-${suite}`].map((topic) => ({ topic, partitions: [taskId] }));
      const requests = new BrokerRequests(clientOptions(proxy.address));
      await requests.connect(places.map(({ topic }) => topic));
      const producer = await TransactionalProducer.claim(
        { requests, transactionalId: `app-${suite}-task-${taskId}`, transactionTimeoutMs: 60_000 },
        performance.now() + 20_000,
        async () => 'claim',
      );
      const produce = async (value: string): Promise<void> => {
        for (const { topic } of places) {
          const place = { ...producer.next(topic, taskId, 1), compression: 'none' } as const;
          const batch = encodeBatch([{ key: value, value: Buffer.from(value), timestampMs: MADE_MS }], place);
          await producer.produce(requests.leader(topic, taskId), [{ topic, partition: taskId, batch }]);
        }
      };
      await producer.begin(places);
      await produce('before');
      await producer.mark(places, outcome);
      // The marks come a moment later, and would end what is written before them.
      for (const { topic } of places) await endOf(topic, taskId);
      // As if the coordinator, which knows nothing of it, had left its partitions out.
      await produce('unmarked');
      await requests.disconnect();
      if (claimed === 'when the next owner died in its claim') {
        // The broker has obeyed; from here on its coordinator knows of no transaction.
        const drop = proxy.dropResponses(({ apiName }) => apiName === 'InitProducerId', { how: 'cut' });
        await assert.rejects(claim({ claimTimeoutMs: 1_000 }), { code: 'BROKER_UNAVAILABLE' });
        assert.ok(drop.count > 0);
        drop.stop();
      }
      const marking =
        claimed === 'when the next owner died as it set the marks'
          ? proxy.dropResponses(({ apiName }) => apiName === 'AddPartitionsToTxn', { times: 1, how: 'cut' })
          : undefined;
      // A claim that is cut off is repeated, and knows no more than what another process would find.
      const writer = await claim();
      if (marking !== undefined) assert.equal(marking.count, 1);
      owner.after(() => writer.close());
      await writer.commit([change('after')], [{ ...output('k', 'after'), partition: taskId }]);
      assert.deepEqual(await changelog(), expected);
      const values = (await outputs()).records[taskId]!.map(({ value }) => Buffer.from(value!).toString('latin1'));
      assert.deepEqual(values, expected);
    });

  /** Has the next transaction begin without some of its partitions: the coordinator does not mark them, as if it had left them out. */
  function leaveOut(t: TestContext, topics: readonly string[]): void {
    const { begin } = TransactionalProducer.prototype;
    t.mock.method(
      TransactionalProducer.prototype,
      'begin',
      function (this: TransactionalProducer, places: Parameters<typeof begin>[0]) {
        return begin.call(this, [
          ...places.filter(({ topic }) => !topics.includes(topic)),
          { topic: `other-${suite}`, partitions: [0] },
        ]);
      },
      { times: 1 },
    );
  }

  for (const left of ['the changelog', 'an output'] as const) {
    const topic = () => (left === 'the changelog' ? `${CHANGELOG}-${suite}` : `${OUTPUT}-${suite}`);

    test(`no other commit begins behind one of which ${left} was left without a mark, and the next claim sets it`, async (t) => {
      await nextTask();
      const writer = await claim();
      leaveOut(t, [topic()]);
      await writer.commit([change('acknowledged')], [{ ...output('k', 'acknowledged'), partition: taskId }]);
      // An idle owner is told, too.
      await waitFor('the look', () => writer.isUnsettled);
      const begun = t.mock.method(TransactionalProducer.prototype, 'begin');
      const next = writer.commit([change('next')], [{ ...output('k', 'next'), partition: taskId }]);
      assert.equal(await codeOf(next), 'COMMIT_UNCERTAIN');
      assert.equal(begun.mock.callCount(), 0);
      begun.mock.restore();
      await writer.close();
      const after = await claim();
      owner.after(() => after.close());
      await after.commit([change('after')], [{ ...output('k', 'after'), partition: taskId }]);
      assert.deepEqual(await changelog(), ['acknowledged', 'after']);
      const values = (await outputs()).records[taskId]!.map(({ value }) => Buffer.from(value!).toString('latin1'));
      assert.deepEqual(values, ['acknowledged', 'after']);
    });
  }

  test('a producer that a note has named begins no other transaction, which a late reader of the note would end', async (t) => {
    await nextTask();
    const named: ProducerIdentity[] = [];
    const { write } = ClaimNote.prototype;
    t.mock.method(ClaimNote.prototype, 'write', function (this: ClaimNote, noted: Noted) {
      if (noted.marking !== undefined) named.push(noted.marking);
      return write.call(this, noted);
    });
    const first = await claim();
    leaveOut(t, [`${CHANGELOG}-${suite}`]);
    await first.commit([change('1')], []);
    await first.close();
    const writer = await claim({ maxBatchBytes: 100 });
    owner.after(() => writer.close());
    assert.equal(named.length, 1);
    const requests = new BrokerRequests(clientOptions(proxy.address));
    owner.after(() => requests.disconnect());
    await requests.connect([]);
    const transactionalId = `app-${suite}-task-${taskId}`;
    const coordinator = await requests.coordinator('transaction', transactionalId);
    const late = () => requests.send(coordinator, 'EndTxn', { transactionalId, ...named[0]!, transactionResult: true });
    // Two requests: half of it would be there.
    const { produce } = TransactionalProducer.prototype;
    let refused = 0;
    t.mock.method(
      TransactionalProducer.prototype,
      'produce',
      async function (this: TransactionalProducer, ...batches: Parameters<typeof produce>) {
        const produced = await produce.apply(this, batches);
        await assert.rejects(late(), { type: 'INVALID_PRODUCER_EPOCH' });
        refused += 1;
        return produced;
      },
    );
    await writer.commit([change('2-first'.padEnd(80), 'a'), change('2-second'.padEnd(80), 'b')], []);
    assert.equal(refused, 2);
    assert.deepEqual(
      (await changelog()).map((value) => value.trim()),
      ['1', '2-first', '2-second'],
    );
  });

  test('owners who claim a task at once set the marks that are missing, and lose nothing', async (t) => {
    await nextTask();
    const first = await claim();
    leaveOut(t, [`${CHANGELOG}-${suite}`, `${OUTPUT}-${suite}`]);
    await first.commit([change('1')], [{ ...output('k', '1'), partition: taskId }]);
    await first.close();
    const writers = await Promise.all([claim(), claim(), claim()]);
    const codes: string[] = [];
    for (const writer of writers) {
      owner.after(() => writer.close());
      codes.push(await codeOf(writer.commit([change('2')], [{ ...output('k', '2'), partition: taskId }])));
    }
    assert.deepEqual(codes.sort(), ['TASK_FENCED', 'TASK_FENCED', 'none']);
    assert.deepEqual(await changelog(), ['1', '2']);
    const values = (await outputs()).records[taskId]!.map(({ value }) => Buffer.from(value!).toString('latin1'));
    assert.deepEqual(values, ['1', '2']);
  });

  test('an owner who died before it set marks is waited for once', async () => {
    await nextTask();
    const requests = new BrokerRequests(clientOptions(proxy.address));
    owner.after(() => requests.disconnect());
    await requests.connect([]);
    const note = new ClaimNote(requests, `app-${suite}`, { topic: `${CHANGELOG}-${suite}`, partition: taskId });
    await note.write({ outcome: 'committed', marking: { producerId: '987654', producerEpoch: 3 } });
    const first = await claim();
    assert.deepEqual(await note.read(), { outcome: 'committed' });
    await first.commit([change('1')], []);
    await first.close();
    const startedMs = performance.now();
    const next = await claim();
    owner.after(() => next.close());
    assert.ok(performance.now() - startedMs < 2_000, 'it was waited for once more');
  });

  test('marks that the coordinator has aborted for their age are told of: what was acknowledged is lost', async () => {
    await nextTask();
    const topic = `${CHANGELOG}-${suite}`;
    const requests = new BrokerRequests(clientOptions(proxy.address));
    await requests.connect([topic]);
    const claiming = { requests, transactionalId: `app-${suite}-task-${taskId}`, transactionTimeoutMs: 60_000 };
    const note = new ClaimNote(requests, `app-${suite}`, { topic, partition: taskId });
    const producer = await TransactionalProducer.claim(claiming, performance.now() + 20_000, async () => 'claim');
    await note.write({ outcome: 'committed', marking: producer.identity });
    await producer.mark([{ topic, partitions: [taskId] }], 'aborted');
    await requests.disconnect();
    const lost: unknown[] = [];
    const logger = { ...silentLogger, error: (event: string, fields: unknown) => lost.push({ event, fields }) };
    const writer = await claim({ client: { ...clientOptions(proxy.address), logger } });
    owner.after(() => writer.close());
    assert.deepEqual(lost[0], { event: 'kafka.commit-lost', fields: { taskId } });
  });

  test('a writer that is closed while its last commit is looked at commits nothing more', async () => {
    await nextTask();
    const writer = await claim();
    await writer.commit([change('1')], []);
    const drop = proxy.dropResponses(({ apiName }) => apiName === 'DescribeProducers', { times: 1 });
    const commit = codeOf(writer.commit([change('2')], []));
    await drop.done;
    await writer.close();
    assert.equal(await commit, 'COMMIT_UNCERTAIN');
    assert.deepEqual(await changelog(), ['1']);
  });

  test('a commit whose marks nobody could look for says so until the next', async () => {
    await nextTask();
    const writer = await claim();
    owner.after(() => writer.close());
    const drop = proxy.dropResponses(({ apiName }) => apiName === 'DescribeProducers', { times: 1, how: 'cut' });
    await writer.commit([change('1')], []);
    await waitFor('the look to fail', () => writer.isUnsettled);
    assert.equal(drop.count, 1);
    await writer.commit([change('2')], []);
    assert.equal(writer.isUnsettled, false);
    assert.deepEqual(await changelog(), ['1', '2']);
  });

  test('a commit whose last answer is lost is uncertain, and there', async () => {
    await nextTask();
    const writer = await claim({ client: { ...clientOptions(proxy.address), requestTimeoutMs: 2_000 } });
    await writer.commit([change('1')], []);
    const drop = proxy.dropResponses(({ apiName }) => apiName === 'EndTxn', { times: 1 });
    assert.equal(await codeOf(writer.commit([change('2')], [])), 'COMMIT_UNCERTAIN');
    assert.equal(drop.count, 1);
    await assert.rejects(writer.commit([change('again')], []), TypeError);
    await writer.close();
    const next = await claim();
    owner.after(() => next.close());
    assert.deepEqual(await changelog(), ['1', '2']);
    await next.commit([change('3')], []);
    assert.deepEqual(await changelog(), ['1', '2', '3']);
  });

  for (const how of ['swallow', 'cut'] as const)
    test(`a commit whose produce is not acknowledged (${how}) is uncertain, and not there after a claim`, async () => {
      await nextTask();
      const writer = await claim({ client: { ...clientOptions(proxy.address), requestTimeoutMs: 2_000 } });
      const drop = proxy.dropResponses(({ apiName }) => apiName === 'Produce', { times: 1, how });
      assert.equal(await codeOf(writer.commit([change('lost')], [output('k', 'lost')])), 'COMMIT_UNCERTAIN');
      assert.equal(drop.count, 1);
      await writer.close();
      const next = await claim();
      owner.after(() => next.close());
      await next.commit([change('kept')], [output('k', 'kept')]);
      assert.deepEqual(await changelog(), ['kept']);
      const values = (await outputs()).records.flat().map(({ value }) => Buffer.from(value!).toString());
      assert.ok(!values.includes('lost') && values.includes('kept'));
    });

  test('a commit of many megabytes goes in several batches, in order', async () => {
    await nextTask();
    const writer = await claim({ maxBatchBytes: 100_000 });
    owner.after(() => writer.close());
    const many = Array.from({ length: 3000 }, (_, i) =>
      change(String(i).padStart(6, '0').padEnd(1000, '.'), `key-${i}`),
    );
    const large = output('large', 'x'.repeat(500_000));
    assert.equal(await writer.commit(many, [large]), 3000);
    const read = await changelog();
    assert.deepEqual(
      read.map((value) => Number(value.slice(0, 6))),
      many.map((_, i) => i),
    );
    assert.equal(await writer.commit([change('next')], []), 3002);
  });

  test('of a commit in several batches that is cut off in the middle nothing is there', async () => {
    await nextTask();
    const writer = await claim({ maxBatchBytes: 100_000 });
    const many = Array.from({ length: 1000 }, (_, i) => change('x'.repeat(1000), `key-${i}`));
    let produced = 0;
    proxy.dropResponses(({ apiName }) => apiName === 'Produce' && ++produced === 4, { times: 1, how: 'cut' });
    assert.equal(await codeOf(writer.commit(many, [])), 'COMMIT_UNCERTAIN');
    await writer.close();
    const next = await claim();
    owner.after(() => next.close());
    await next.commit([change('after')], []);
    assert.deepEqual(await changelog(), ['after']);
  });

  for (const compression of ['gzip', 'zstd'] as const)
    test(`batches compressed by ${compression} are read back`, async () => {
      await nextTask();
      const writer = await claim({ compression });
      owner.after(() => writer.close());
      const many = Array.from({ length: 500 }, (_, i) => change(`value ${i}`, `key-${i}`));
      assert.equal(await writer.commit(many, []), 500);
      assert.deepEqual(
        await changelog(),
        many.map(({ value }) => Buffer.from(value!).toString('latin1')),
      );
    });

  test('a commit without a changelog record is refused, and the writer lives on', async () => {
    await nextTask();
    const writer = await claim();
    owner.after(() => writer.close());
    await assert.rejects(writer.commit([], [output('k', 'v')]), RangeError);
    assert.equal(await writer.commit([change('1')], []), 1);
  });

  test('a record that the broker refuses fails the commit, and the next owner goes on', async () => {
    await nextTask();
    const writer = await claim();
    assert.equal(await codeOf(writer.commit([change('x'.repeat(2_000_000))], [])), 'COMMIT_REFUSED');
    await writer.close();
    const next = await claim();
    owner.after(() => next.close());
    assert.equal(await codeOf(next.commit([change('small')], [])), 'none');
    assert.deepEqual(await changelog(), ['small']);
  });

  test('a commit that waits for an answer fails when the writer is closed', async () => {
    await nextTask();
    const writer = await claim();
    proxy.dropResponses(({ apiName }) => apiName === 'Produce', { times: 1 });
    const commit = codeOf(writer.commit([change('1')], []));
    setTimeout(() => void writer.close(), 100);
    assert.equal(await commit, 'COMMIT_UNCERTAIN');
  });

  test('a claim waits for a broker that comes back, and gives up on one that does not', async () => {
    await nextTask();
    proxy.cut();
    proxy.refuse();
    await assert.rejects(claim({ claimTimeoutMs: 300 }), { code: 'BROKER_UNAVAILABLE' });
    setTimeout(() => proxy.accept(), 500);
    const writer = await claim();
    owner.after(() => writer.close());
    assert.equal(await codeOf(writer.commit([change('1')], [])), 'none');
  });
});
