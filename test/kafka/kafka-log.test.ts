import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import type { Fetched, LogReader, LogRecord, ProducerRecord, TopicSpec } from '../../engine/api/index.ts';
import {
  createKafkaLog,
  createTopics,
  type KafkaLog,
  type KafkaLogOptions,
  topicPlan,
} from '../../engine/kafka/index.ts';
import { taskAssignor } from '../../engine/runtime/assignor.ts';
import { kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { clientOptions, kafkaOf } from './reading.ts';

const SPECS: readonly TopicSpec[] = [
  { name: 'clicks', partitions: 2, compacted: false, internal: false, written: true },
  { name: 'catalog', partitions: 2, compacted: true, internal: false, written: true },
  { name: 'deltas', partitions: 2, compacted: false, internal: true, written: true },
  { name: 'dead-letters', partitions: 2, compacted: false, internal: false, written: true },
];
const never = new AbortController().signal;

describe('the log on Kafka', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let applications = 0;

  before(async () => {
    kafka = await kafkaServer(owner);
  });

  async function newLog(overrides: Partial<KafkaLogOptions> = {}): Promise<KafkaLog> {
    const app = `shop${++applications}`;
    const options: KafkaLogOptions = {
      client: clientOptions(kafka.bootstrap),
      applicationId: app,
      topicName: (spec) => `${app}-${spec.name}`,
      changelogTopic: `${app}-changelog`,
      deadLetterTopic: 'dead-letters',
      tasks: 2,
      ...overrides,
    };
    const admin = kafkaOf(kafka.bootstrap).admin();
    await admin.connect();
    await createTopics(admin, topicPlan(SPECS, options));
    await admin.disconnect();
    const log = createKafkaLog(options);
    owner.after(() => log.close());
    await log.open(SPECS);
    return log;
  }

  const record = (topic: string, partition: number, value: string): ProducerRecord => ({
    topic,
    partition,
    key: 'k',
    value: Buffer.from(value),
    timestampMs: 1000,
  });
  const change = (key: string, value: string) => ({ key: Buffer.from(key), value: Buffer.from(value) });

  /** The first records of a partition; a commit may be seen a moment after it is acknowledged. */
  async function read(reader: LogReader, topic: string, partition: number, count: number): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for (let offset = 0; records.length < count; ) {
      const [fetched] = reader.fetch([{ topic, partition, offset, maxRecords: 100 }]) as [Fetched];
      records.push(...fetched.records);
      if (fetched.next === offset) await reader.appended(1000, never);
      offset = fetched.next;
    }
    return records;
  }

  test('records go by logical names on their way in and out', async () => {
    const seen: string[] = [];
    const log = await newLog({
      onFetched: (topic) => {
        seen.push(topic);
        return undefined;
      },
    });
    const writer = await log.claim(0);
    owner.after(() => writer.close());
    await writer.commit([change('p', '1')], [record('deltas', 1, 'd'), record('clicks', 0, 'c')]);
    const [click] = await read(log, 'clicks', 0, 1);
    assert.equal(click!.topic, 'clicks');
    assert.equal(Buffer.from(click!.value!).toString(), 'c');
    const [delta] = await read(log, 'deltas', 1, 1);
    assert.equal(delta!.topic, 'deltas');
    assert.deepEqual(new Set(seen), new Set(['clicks', 'deltas']));
    assert.throws(() => log.fetch([{ topic: 'unheard', partition: 0, offset: 0, maxRecords: 1 }]), {
      code: 'TOPIC_UNKNOWN',
    });
    assert.equal(log.partitions('catalog'), 2);
  });

  test('a table is read beside a task that reads the same partition elsewhere', async () => {
    const log = await newLog();
    const writer = await log.claim(0);
    owner.after(() => writer.close());
    for (let i = 0; i < 5; i++) await writer.commit([change('p', `${i}`)], [record('catalog', 0, `${i}`)]);
    const ofTask = await read(log, 'catalog', 0, 5);
    const ofTable = await read(log.tables, 'catalog', 0, 5);
    assert.deepEqual(
      ofTable.map(({ offset }) => offset),
      ofTask.map(({ offset }) => offset),
    );
    assert.equal(ofTask.length, 5);
  });

  test('the changelog is read with binary keys from where its range begins to where it ends', async () => {
    const log = await newLog();
    const writer = await log.claim(1);
    owner.after(() => writer.close());
    assert.deepEqual(await log.changelogRange(1), { start: 0, end: 0 });
    const key = Buffer.from([0, 200, 255]);
    const end = await writer.commit(
      [
        { key, value: Buffer.from('v') },
        { key: Buffer.from('gone'), value: null },
      ],
      [],
    );
    // As a new owner does: its claim waits until what the former one committed can be read.
    const next = await log.claim(1);
    owner.after(() => next.close());
    const range = await log.changelogRange(1);
    assert.equal(range.end, end + 1, 'two records and the mark of their transaction');
    const records = [];
    for (let offset = 0; offset < range.end; ) {
      const part = log.fetchChangelog(1, offset, 10);
      records.push(...part.records);
      if (part.next === offset) await log.appended(1000, never);
      offset = part.next;
    }
    assert.deepEqual(Buffer.from(records[0]!.key), key);
    assert.equal(records[1]!.value, null);
    assert.equal(log.tombstoneRetentionMs, 86_400_000);
  });

  test('released records of internal topics are deleted, and of no others', async () => {
    const log = await newLog();
    const writer = await log.claim(0);
    owner.after(() => writer.close());
    await writer.commit(
      [change('p', '1')],
      [record('deltas', 0, 'a'), record('deltas', 0, 'b'), record('clicks', 0, 'c')],
    );
    log.release([
      { topic: 'deltas', partition: 0, offset: 1 },
      { topic: 'clicks', partition: 0, offset: 1 },
    ]);
    for (let start = 0; start === 0; ) start = (await log.ranges([{ topic: 'deltas', partition: 0 }]))[0]!.start;
    const ranges = await log.ranges([
      { topic: 'deltas', partition: 0 },
      { topic: 'clicks', partition: 0 },
    ]);
    assert.deepEqual(
      ranges.map(({ start }) => start),
      [1, 0],
    );
  });

  test('a member is given the tasks and may claim them', async () => {
    const log = await newLog();
    const { promise, resolve } = Promise.withResolvers<readonly number[]>();
    await log.join({
      assign: taskAssignor({ tasks: 2, standbyReplicas: 0 }),
      state: () => ({ instanceId: 'one', active: [], offsets: {} }),
      assigned: ({ active }) => resolve(active),
      failed: assert.fail,
    });
    assert.deepEqual(await promise, [0, 1]);
  });

  test('a log without its topics is refused at once', async () => {
    const log = createKafkaLog({
      client: clientOptions(kafka.bootstrap),
      applicationId: 'empty',
      topicName: (spec) => `empty-${spec.name}`,
      changelogTopic: 'empty-changelog',
      deadLetterTopic: 'dead-letters',
      tasks: 2,
    });
    owner.after(() => log.close());
    const startedMs = performance.now();
    await assert.rejects(log.open(SPECS), { code: 'TOPIC_MISSING' });
    assert.ok(performance.now() - startedMs < 10_000);
  });

  test('after a restart of the broker questions are answered again', async () => {
    const log = await newLog();

    await kafka.stop();

    const asked = log.ranges([{ topic: 'clicks', partition: 0 }]);
    await kafka.start();
    assert.deepEqual(await asked, [{ start: 0, end: 0 }]);
    const writer = await log.claim(0);
    owner.after(() => writer.close());
    assert.equal(await writer.commit([change('p', '1')], []), 1);
  });
});
