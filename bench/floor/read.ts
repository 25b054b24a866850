// The first limit: kafkajs reads the clicks and avsc decodes them, and nothing else is done. The contract with the measuring script is
// the reference job's; the inner topic that it looks for is made and stays empty.

import kafkajs from 'kafkajs';
import { clickDeserializer } from '../reference/click.ts';
import { settingsOf } from '../reference/settings.ts';
import { Stats } from '../reference/stats.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
const settings = settingsOf(process.env);
const stats = new Stats((nowMs) => print(`FIRST ${nowMs}`));
const kafka = new kafkajs.Kafka({
  brokers: [...settings.brokers],
  clientId: settings.applicationId,
  logLevel: kafkajs.logLevel.ERROR,
});
const admin = kafka.admin();
await admin.connect();
await admin.createTopics({
  topics: [{ topic: `${settings.applicationId}-none-repartition`, numPartitions: settings.partitions }],
});
await admin.disconnect();

const consumer = kafka.consumer({ groupId: settings.applicationId, maxWaitTimeInMs: 100 });
await consumer.connect();
await consumer.subscribe({ topic: `${settings.topicPrefix}clicks`, fromBeginning: true });
await consumer.run({
  eachBatch: async ({ batch: { messages } }) => {
    for (const { value } of messages) {
      clickDeserializer.deserialize(value!);
      stats.click(0);
    }
  },
});
print(`STATE RUNNING ${Date.now()}`);
const telling = setInterval(() => print(`STATS ${JSON.stringify({ clicks: stats.clicks })}`), 1_000);
process.once('SIGTERM', async () => {
  clearInterval(telling);
  await consumer.disconnect();
  process.exit(0);
});
