// The producers' examples send what the engine reads.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import type { RegistryServer } from '../../deploy/local-stack/registry.ts';
import { partitionOf, silentLogger, systemClock } from '../../engine/api/index.ts';
import { createSerdes, keyOf, type SourceRecords, type SourceTopic } from '../../schemas/index.ts';
import { registerContracts } from '../../schemas/register-contracts.ts';
import { RegistryHttp } from '../../schemas/registry-http.ts';
import { connectRegistry } from '../../schemas/registry-source.ts';
import { createTopics, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { registryServer } from '../support/registry-server.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PARTITIONS = 4;
/** Maven may have to fetch what the example needs. */
const MAVEN_TIMEOUT_MS = 300_000;

describe('the examples of producers', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let registry: RegistryServer;
  before(async () => {
    [kafka, registry] = await Promise.all([kafkaServer(owner), registryServer(owner)]);
  });

  /** Topics and contracts of a tenant, and the environment that the examples want. */
  async function tenant(name: string): Promise<NodeJS.ProcessEnv> {
    const topics = ['clicks', 'purchases'];
    await createTopics(
      kafka.bootstrap,
      topics.map((topic) => ({ topic: `${name}-${topic}`, partitions: PARTITIONS })),
    );
    const http = new RegistryHttp({ url: registry.url, timeoutMs: 10_000 });
    await registerContracts({ registry: http, compatibility: 'BACKWARD', topicName: (topic) => `${name}-${topic}` });
    return { ...process.env, KAFKA_BROKERS: kafka.bootstrap, REGISTRY_URL: registry.url, TOPIC_PREFIX: `${name}-` };
  }

  async function run(
    command: string,
    parameters: readonly string[],
    env: NodeJS.ProcessEnv,
    cwd = ROOT,
  ): Promise<void> {
    const child = spawn(command, parameters, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: MAVEN_TIMEOUT_MS,
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        printed += String(text);
      });
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    assert.equal(code, 0, printed);
  }

  interface Sent<T extends SourceTopic> {
    readonly value: SourceRecords[T];
    readonly headers: readonly string[];
  }

  /** The first `count` records of a topic, as the engine reads them; each lies in the partition of its key. */
  async function sent<T extends SourceTopic>(name: string, topic: T, count: number): Promise<Sent<T>[]> {
    const stop = new AbortController();
    const source = await connectRegistry({
      url: registry.url,
      timeoutMs: 10_000,
      topicName: (logical) => `${name}-${logical}`,
      clock: systemClock,
      logger: silentLogger,
      signal: stop.signal,
    });
    const serde = createSerdes(source)[topic];
    const consumer = new kafkajs.Kafka({
      brokers: [kafka.bootstrap],
      logLevel: kafkajs.logLevel.NOTHING,
    }).consumer({ groupId: `${name}-${topic}` });
    const found: Sent<T>[] = [];
    const all = Promise.withResolvers<void>();
    await consumer.connect();
    await consumer.subscribe({ topic: `${name}-${topic}`, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        try {
          await source.prepare([message.value]);
          const value = serde.deserialize(message.value!);
          assert.equal(message.key!.toString(), keyOf(topic, value));
          assert.equal(partition, partitionOf(keyOf(topic, value), PARTITIONS));
          found.push({ value, headers: Object.keys(message.headers ?? {}) });
          if (found.length === count) all.resolve();
        } catch (error) {
          all.reject(error);
        }
      },
    });
    try {
      await all.promise;
    } finally {
      await consumer.disconnect();
      stop.abort();
      source.close();
    }
    return found;
  }

  test('kafkajs.mjs: two clicks and an order', async () => {
    const env = await tenant('node');
    await run(process.execPath, ['examples/producers/kafkajs.mjs'], env);
    const clicks = await sent('node', 'clicks', 2);
    assert.deepEqual(
      clicks.map(({ value, headers }) => [value.kind, value.itemId, headers]),
      [
        ['view', '22423', ['traceparent']],
        ['addToCart', '22423', ['traceparent']],
      ],
    );
    const [order] = await sent('node', 'purchases', 1);
    assert.equal(order!.value.orderId, '536365');
  });

  test('the Java producer: one click', async () => {
    const env = await tenant('java');
    await run('mvn', ['-q', '-B', 'compile', 'exec:java'], env, join(ROOT, 'examples', 'producers', 'java'));
    const [click] = await sent('java', 'clicks', 1);
    assert.deepEqual([click!.value.visitorId, click!.value.kind, click!.value.device], ['visitor-7', 'view', null]);
  });
});
