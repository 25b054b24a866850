// The reader against a real broker: what is in the log, and nothing else, comes out.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { EngineError, type LogRecord } from '../../engine/api/index.ts';
import { createTopics, FAST_COMPACTION, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { Following, kafkaOf, openReader } from './reading.ts';

const never = new AbortController().signal;

describe('the reader of a log', needsServers(), () => {
  const owner = suiteOwner();
  let server: KafkaServer;
  let kafka: Kafka;
  let producer: Producer;

  before(async () => {
    server = await kafkaServer(owner, { properties: FAST_COMPACTION });
    kafka = kafkaOf(server.bootstrap);
    producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
    await producer.connect();
    owner.after(() => producer.disconnect());
  });

  const send = (topic: string, values: readonly string[], partition = 0) =>
    producer.send({ topic, messages: values.map((value) => ({ key: value, value, partition })) });
  const transactional = async (id: string) => {
    const created = kafka.producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1 });
    await created.connect();
    owner.after(() => created.disconnect());
    return created;
  };
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i));

  test('records come in offset order with keys, headers and times, from any offset, in parts as asked for', async (t) => {
    await createTopics(server.bootstrap, [
      { topic: 'plain', partitions: 2, config: { 'message.timestamp.type': 'LogAppendTime' } },
    ]);
    const before = Date.now();
    await producer.send({
      topic: 'plain',
      messages: [
        { key: 'ключ', value: 'a', headers: { source: 'shop', none: '' }, partition: 1, timestamp: '5' },
        { key: null, value: null, partition: 1, timestamp: '6' },
        { key: '', value: '', partition: 1 },
      ],
    });
    const reader = openReader(t, server.bootstrap);
    const following = new Following(reader, 'plain', [0, 0], 2);
    await following.until(() => following.positions[1] === 3);
    const [first, second, third] = following.records[1]!;
    assert.deepEqual(
      [first!.key, Buffer.from(first!.value!).toString(), first!.headers],
      ['ключ', 'a', { source: 'shop', none: '' }],
    );
    assert.deepEqual([second!.key, second!.value, second!.headers], [undefined, null, undefined]);
    assert.deepEqual([third!.key, third!.value?.length], ['', 0]);
    assert.ok(first!.appendTimeMs >= before - 1000 && first!.appendTimeMs <= Date.now() + 1000);
    assert.equal(first!.timestampMs, first!.appendTimeMs);
    assert.deepEqual(following.records[0], []);
    assert.deepEqual(reader.offsets({ topic: 'plain', partition: 1 }), { start: 0, end: 3, oldestMs: undefined });
    // Back, and on from the middle.
    following.positions[1] = 1;
    following.records[1] = [];
    await following.until(() => following.positions[1] === 3);
    assert.deepEqual(following.records[1], [second, third]);
  });

  test("every codec is read, also Java's snappy and lz4", async (t) => {
    const codecs = ['gzip', 'snappy', 'lz4', 'zstd'];
    // The broker writes batches anew in the topic's codec.
    const topics = codecs.map((codec) => ({
      topic: `codec-${codec}`,
      partitions: 1,
      config: { 'compression.type': codec },
    }));
    await createTopics(server.bootstrap, [...topics, { topic: 'codec-producer', partitions: 1 }]);
    const values = numbers(0, 2000).map(
      (value) => `${value} ${'x'.repeat(Number(value) % 100)} ${Math.sin(Number(value))}`,
    );
    for (const { topic } of topics) await send(topic, values);
    for (const compression of [kafkajs.CompressionTypes.GZIP, kafkajs.CompressionTypes.ZSTD])
      await producer.send({ topic: 'codec-producer', compression, messages: values.map((value) => ({ value })) });
    const reader = openReader(t, server.bootstrap);
    for (const { topic } of topics) {
      const following = new Following(reader, topic);
      await following.until(() => following.positions[0] === 2000);
      assert.deepEqual(following.values(), values, topic);
    }
    const following = new Following(reader, 'codec-producer');
    await following.until(() => following.positions[0] === 4000);
    assert.deepEqual(following.values(), [...values, ...values]);
  });

  test('only committed transactions are seen, however they interleave, and positions pass the marks', async (t) => {
    await createTopics(server.bootstrap, [{ topic: 'transactions', partitions: 1 }]);
    const reader = openReader(t, server.bootstrap);
    const following = new Following(reader, 'transactions');
    following.fetch();
    const [a, b] = [await transactional('a'), await transactional('b')];
    const expected: string[] = [];
    // Zero bytes as key: what an abort mark's key looks like.
    const message = (value: string) => [{ key: Buffer.alloc(4), value }];
    let number = 0;
    for (let round = 0; round < 8; round++) {
      const [ta, tb] = [await a.transaction(), await b.transaction()];
      const aborts = [round % 2 === 0, round % 3 === 0] as const;
      const committed: string[][] = [[], []];
      for (let i = 0; i < 4; i++) {
        const which = i % 2;
        const value = String(number++);
        await (which === 0 ? ta : tb).send({ topic: 'transactions', messages: message(value) });
        committed[which]!.push(value);
      }
      await (aborts[0] ? ta.abort() : ta.commit());
      await (aborts[1] ? tb.abort() : tb.commit());
      expected.push(...committed.flatMap((values, which) => (aborts[which] ? [] : values)));
    }
    const end = 8 * 6;
    await following.until(() => following.positions[0] === end);
    assert.deepEqual(following.values().sort(), expected.sort());
    assert.deepEqual(reader.offsets({ topic: 'transactions', partition: 0 }), { start: 0, end, oldestMs: undefined });
    // The same from its middle, with aborted transactions that began before it.
    const later = new Following(openReader(t, server.bootstrap), 'transactions', [9]);
    await later.until(() => later.positions[0] === end);
    assert.deepEqual(
      later.values(),
      following.records[0]!.filter(({ offset }) => offset >= 9).map(({ value }) => Buffer.from(value!).toString()),
    );
    // An open transaction holds up the end for readers.
    const open = await a.transaction();
    await open.send({ topic: 'transactions', messages: message('open') });
    await send('transactions', ['after']);
    await reader.appended(300, never);
    assert.equal(following.fetch(), 0);
    assert.equal(following.positions[0], end);
    await open.commit();
    await following.until(() => following.positions[0] === end + 3);
    assert.deepEqual(following.values().slice(-2), ['open', 'after']);
  });

  test('a compacted topic is read across its holes, as bytes where keys are bytes', async (t) => {
    const config = {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.01',
      'delete.retention.ms': '0',
    };
    await createTopics(server.bootstrap, [{ topic: 'compacted', partitions: 1, config }]);
    const tx = await transactional('compacting');
    const newest = new Map<string, string | null>();
    let end = 0;
    const write = async (round: number) => {
      const t = await tx.transaction();
      const messages = Array.from({ length: 20 }, (_, i) => {
        const key = `key-${(round + i * i) % 25}`;
        const value = i % 7 === 0 ? null : `${round}-${i}`;
        newest.set(key, value);
        return { key, value };
      });
      await t.send({ topic: 'compacted', messages });
      await t.commit();
      end += messages.length + 1;
    };
    for (let round = 0; round < 10; round++) await write(round);
    const read = async () => {
      const reader = openReader(t, server.bootstrap, { binaryTopics: new Set(['compacted']) });
      const state = new Map<string, string | null>();
      let count = 0;
      let offset = 0;
      const deadline = performance.now() + 10_000;
      while (offset < end) {
        const { records, next } = reader.fetchBinary({ topic: 'compacted', partition: 0 }, offset, 7);
        for (const { key, value } of records)
          state.set(Buffer.from(key).toString(), value === null ? null : Buffer.from(value).toString());
        count += records.length;
        offset = next;
        if (performance.now() > deadline) throw new Error(`stuck at ${offset} of ${end}`);
        if (records.length === 0) await reader.appended(100, never);
      }
      await reader.close();
      return { state, count, offset };
    };
    // Until the cleaner has been there: a segment is closed by a write after its time.
    const deadline = performance.now() + 30_000;
    for (let round = 10; ; round++) {
      await write(round);
      const { state, count, offset } = await read();
      for (const [key, value] of newest) assert.equal(state.get(key) ?? null, value, key);
      assert.equal(offset, end);
      if (count < (end * 20) / 21 / 2) break;
      assert.ok(performance.now() < deadline, `${count} records are left: nothing was compacted`);
    }
  });

  test('an offset that the log has not is an error of that partition alone, until another is asked for', async (t) => {
    await createTopics(server.bootstrap, [{ topic: 'cut', partitions: 2 }]);
    await send('cut', numbers(0, 100));
    await send('cut', numbers(0, 10), 1);
    const admin = kafka.admin();
    await admin.connect();
    // It learns the leaders by this, which it needs next.
    await admin.fetchTopicOffsets('cut');
    await admin.deleteTopicRecords({ topic: 'cut', partitions: [{ partition: 0, offset: '40' }] });
    await admin.disconnect();
    const reader = openReader(t, server.bootstrap);
    const other = { topic: 'cut', partition: 1, offset: 0, maxRecords: 5 };
    const askAt = (offset: number) => reader.fetch([other, { topic: 'cut', partition: 0, offset, maxRecords: 10 }]);
    for (const offset of [39, 101]) {
      await assert.rejects(
        async () => {
          for (let i = 0; i < 100; i++) {
            askAt(offset);
            await reader.appended(100, never);
          }
        },
        (error) =>
          error instanceof EngineError &&
          error.code === 'OFFSET_OUT_OF_RANGE' &&
          error.message === `cut-0 has no offset ${offset}: it holds 40 to 100` &&
          error.context.partition === 0,
      );
      assert.throws(() => askAt(offset), /has no offset/, 'it stays so');
    }
    assert.deepEqual(reader.offsets({ topic: 'cut', partition: 0 }), { start: 40, end: 100, oldestMs: undefined });
    const following = new Following(reader, 'cut', [40]);
    await following.until(() => following.positions[0] === 100);
    assert.deepEqual(following.values(), numbers(40, 100));
  });

  test('an unknown topic is an error that ends when the topic is there, and hides no other topic', async (t) => {
    await createTopics(server.bootstrap, [{ topic: 'known', partitions: 1 }]);
    await send('known', ['a']);
    const reader = openReader(t, server.bootstrap);
    const late = new Following(reader, 'late');
    const known = new Following(reader, 'known');
    late.fetch();
    await known.until(() => known.positions[0] === 1);
    await assert.rejects(
      late.until(() => false),
      (error) => error instanceof EngineError && error.code === 'TOPIC_UNKNOWN' && /late-0/.test(error.message),
    );
    await createTopics(server.bootstrap, [{ topic: 'late', partitions: 1 }]);
    await send('late', ['b']);
    const deadline = performance.now() + 10_000;
    while (late.values().length === 0 && performance.now() < deadline) {
      try {
        late.fetch();
      } catch (error) {
        assert.ok(error instanceof EngineError && error.code === 'TOPIC_UNKNOWN');
      }
      await reader.appended(50, never);
    }
    assert.deepEqual(late.values(), ['b']);
  });

  test('what is looked at first is waited for, and a failure of that loses nothing', async (t) => {
    await createTopics(server.bootstrap, [{ topic: 'shown', partitions: 1 }]);
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    const reader = openReader(t, server.bootstrap, {
      onFetched: (_topic: string, records: readonly LogRecord[]) => {
        seen.push(...records.map(({ offset }) => offset));
        return gate.promise;
      },
    });
    await send('shown', ['a', 'b']);
    const following = new Following(reader, 'shown');
    const deadline = performance.now() + 5000;
    while (seen.length < 2 && performance.now() < deadline) {
      assert.equal(following.fetch(), 0);
      await reader.appended(20, never);
    }
    assert.equal(following.fetch(), 0);
    gate.reject(new Error('no registry'));
    await following.until(() => following.positions[0] === 2);
    assert.deepEqual(
      [following.values(), seen],
      [
        ['a', 'b'],
        [0, 1],
      ],
    );
  });

  test('records larger than what is asked for at once come through, in every partition', async (t) => {
    const config = { 'max.message.bytes': '4000000' };
    await createTopics(server.bootstrap, [{ topic: 'large', partitions: 3, config }]);
    const value = Buffer.alloc(3_000_000, 'x');
    for (let partition = 0; partition < 3; partition++)
      for (let i = 0; i < 4; i++) await producer.send({ topic: 'large', messages: [{ value, partition }] });
    const following = new Following(openReader(t, server.bootstrap), 'large', [0, 0, 0]);
    await following.until(() => following.positions.every((position) => position === 4));
    for (const records of following.records)
      assert.deepEqual(
        records.map((record) => record.value?.length),
        [3_000_000, 3_000_000, 3_000_000, 3_000_000],
      );
  });

  test('a partition that was forgotten starts where it is asked for next', async (t) => {
    await createTopics(server.bootstrap, [{ topic: 'forgotten', partitions: 1 }]);
    await send('forgotten', numbers(0, 50));
    const reader = openReader(t, server.bootstrap);
    const following = new Following(reader, 'forgotten', [0], 10);
    await following.until(() => following.positions[0]! >= 10);
    reader.forget([{ topic: 'forgotten', partition: 0 }]);
    assert.equal(reader.fetchAgeMs, 0);
    const again = new Following(reader, 'forgotten', [5], 10);
    await again.until(() => again.positions[0] === 50);
    assert.deepEqual(again.values(), numbers(5, 50));
  });

  test('a newly wanted partition does not wait for the long poll, and a new record is there at once', async (t) => {
    await createTopics(server.bootstrap, [{ topic: 'quick', partitions: 8 }]);
    const reader = openReader(t, server.bootstrap);
    const first = new Following(reader, 'quick', [0]);
    first.fetch();
    await reader.appended(600, never);
    // Each of these comes while the long poll (250 ms) of the others is under way.
    for (let partition = 1; partition < 8; partition++) {
      await send('quick', ['x'], partition);
      const startedMs = performance.now();
      let got = 0;
      while (got === 0) {
        got = reader.fetch([{ topic: 'quick', partition, offset: 0, maxRecords: 10 }])[0]!.records.length;
        if (got === 0) await reader.appended(1000, never);
      }
      assert.ok(performance.now() - startedMs < 150, `${performance.now() - startedMs} ms`);
    }
  });
});
