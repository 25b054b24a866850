// A producer in Node with kafkajs and @kafkajs/confluent-schema-registry: one click and one order of a visitor.
//   KAFKA_BROKERS=127.0.0.1:19092 REGISTRY_URL=http://127.0.0.1:18081/apis/ccompat/v7 node examples/producers/kafkajs.mjs
// TOPIC_PREFIX is what stands before the topics' names, e.g. `shop-`. The contracts must be registered.

import { randomUUID } from 'node:crypto';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import kafkajs from 'kafkajs';

const { KAFKA_BROKERS = '127.0.0.1:19092', REGISTRY_URL = '', TOPIC_PREFIX = '' } = process.env;

const registry = new SchemaRegistry({ host: REGISTRY_URL });
const kafka = new kafkajs.Kafka({
  clientId: 'shop',
  brokers: KAFKA_BROKERS.split(','),
  logLevel: kafkajs.logLevel.WARN,
});
const producer = kafka.producer({
  // The partitioner of Java's client: all events of a visitor, whoever sends them, reach one partition.
  createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  allowAutoTopicCreation: false,
  // One request at a time: what is sent again after a failure does not overtake. Not `idempotent`: after a send that failed for
  // good, kafkajs can take the next one for its repetition and lose it. A repeated event is no harm, its eventId is known.
  maxInFlightRequests: 1,
});

const ids = new Map();
/** Looked up once: a new version of a contract is picked up at the next start. */
async function schemaId(topic) {
  if (!ids.has(topic)) ids.set(topic, await registry.getLatestSchemaId(`${TOPIC_PREFIX}${topic}-value`));
  return ids.get(topic);
}

/** Sends events of one topic. `eventId` and `at` are made where the event happens, not here: a repetition must keep them. */
async function send(topic, key, events) {
  const id = await schemaId(topic);
  const messages = [];
  for (const event of events)
    messages.push({
      key,
      value: await registry.encode(id, event),
      // Anything of the trace that the event belongs to; leave it out where there is none.
      headers: { traceparent: `00-${hex(32)}-${hex(16)}-01` },
    });
  const [{ partition, baseOffset }] = await producer.send({ topic: TOPIC_PREFIX + topic, acks: -1, messages });
  console.log(`${topic}: ${events.length} events of ${key} in partition ${partition} from offset ${baseOffset}`);
}

const hex = (digits) => randomUUID().replaceAll('-', '').slice(0, digits);

const visitorId = 'visitor-7';
await producer.connect();
try {
  await send('clicks', visitorId, [
    {
      eventId: randomUUID(),
      visitorId,
      sessionId: 'session-9',
      at: Date.now(),
      kind: 'view',
      itemId: '22423',
      device: 'phone',
    },
    {
      eventId: randomUUID(),
      visitorId,
      sessionId: 'session-9',
      at: Date.now(),
      kind: 'addToCart',
      itemId: '22423',
      quantity: 2,
    },
  ]);
  await send('purchases', visitorId, [
    {
      eventId: randomUUID(),
      orderId: '536365',
      visitorId,
      at: Date.now(),
      status: 'placed',
      lines: [{ itemId: '22423', quantity: 2, unitPrice: 12.75, currency: 'GBP' }],
    },
  ]);
} finally {
  await producer.disconnect();
}
