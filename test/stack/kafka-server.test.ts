import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import kafkajs, { type Kafka } from 'kafkajs';
import { type KafkaServer, startKafka } from '../../deploy/local-stack/kafka.ts';
import { createTopics, FAST_COMPACTION, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('a broker for tests', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let client: Kafka;
  before(async () => {
    kafka = await kafkaServer(owner, { properties: FAST_COMPACTION });
    client = new kafkajs.Kafka({
      brokers: [kafka.bootstrap],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 2 },
    });
  });

  async function send(topic: string, values: readonly string[]): Promise<void> {
    const producer = client.producer();
    await producer.connect();
    for (const value of values) await producer.send({ topic, messages: [{ key: 'k', value }] });
    await producer.disconnect();
  }

  /** The values of all records that the topic still has. */
  async function valuesOf(topic: string): Promise<string[]> {
    const admin = client.admin();
    await admin.connect();
    const [offsets] = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    const consumer = client.consumer({ groupId: `reader-${crypto.randomUUID()}`, maxWaitTimeInMs: 50 });
    const values: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!.toString());
        // The newest record is never compacted away.
        if (Number(message.offset) === Number(offsets!.high) - 1) resolve();
      },
    });
    await promise;
    await consumer.disconnect();
    return values;
  }

  it('compacts a topic within seconds when told to', async () => {
    const config = { 'cleanup.policy': 'compact', 'segment.ms': '100' };
    await createTopics(kafka.bootstrap, [{ topic: 'compacted', partitions: 1, config }]);
    let values: string[] = [];
    let sent = 0;
    // Each send after 100 ms rolls the segment, and what is rolled may be compacted.
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
      await send('compacted', [String(sent++), String(sent++)]);
      values = await valuesOf('compacted');
      if (sent > 4 && values.length <= 4) break;
    }
    assert.ok(values.length <= 4, `${values.length} of ${sent} records are left`);
    assert.equal(values.at(-1), String(sent - 1));
  });

  it('does not create a topic that nobody asked for', async () => {
    await assert.rejects(send('unasked', ['one']), /This server does not host this topic-partition/);
  });

  it('comes back on its port with its records after kill -9', async () => {
    await createTopics(kafka.bootstrap, [{ topic: 'kept', partitions: 1 }]);
    await send('kept', ['one', 'two']);
    const before = kafka.pid;
    await kafka.kill();
    assert.throws(() => kafka.pid, /Kafka is not running/);
    await kafka.start();
    assert.notEqual(kafka.pid, before);
    assert.deepEqual(await valuesOf('kept'), ['one', 'two']);
  });

  it('says why it does not start', async () => {
    const directory = temporaryDirectory();
    await assert.rejects(
      startKafka({ directory, properties: { 'num.io.threads': 'many' } }),
      /num\.io\.threads.*not a (number|valid)|Invalid value many/s,
    );
  });

  it('says why it ended before it was ready', async () => {
    const { directory } = kafka;
    await kafka.stop();
    writeFileSync(join(directory, 'data', 'meta.properties'), 'version=1\ncluster.id=other\nnode.id=7\n');
    await assert.rejects(kafka.start(), /Kafka ended before it was ready \(log: .*kafka\.log\)\n.*node.?id/is);
  });
});
