// A real Kafka broker for the tests of one file, and topics on it.

import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type ITopicConfig } from 'kafkajs';
import { type KafkaOptions, type KafkaServer, startKafka } from '../../deploy/local-stack/kafka.ts';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { missingPrograms } from '../../deploy/local-stack/servers.ts';
import { missing } from './requires.ts';
import { createTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What closes servers when it ends: a test (`t`), or a suite by {@link suiteOwner}. */
export interface Owner {
  after(close: () => Promise<void>): void;
}

/**
 * The owner of servers that all tests of a suite share. Called in the suite's body, not in its `before`: there node:test takes an
 * `after` for one of the hook itself and runs it at once.
 * ```ts
 * describe('a log', needsServers(), () => {
 *   const owner = suiteOwner();
 *   let kafka: KafkaServer;
 *   before(async () => { kafka = await kafkaServer(owner); });
 * ```
 */
export function suiteOwner(): Owner {
  const closes: (() => Promise<void>)[] = [];
  // The last one opened may need the ones before.
  after(async () => {
    for (const close of closes.toReversed()) await close();
  });
  return { after: (close) => closes.push(close) };
}

/** Options for a test that needs Kafka or the registry. The first test ever to run fetches them (about 200 MB). */
export function needsServers(): { skip?: string } {
  const reason = missingPrograms();
  return reason === undefined ? {} : missing(reason);
}

/** Settings under which the log cleaner compacts soon: a topic is compacted about 200 ms after its segment was rolled. */
export const FAST_COMPACTION: Readonly<{ [name: string]: string }> = {
  'log.cleaner.backoff.ms': '100',
  'log.cleaner.min.cleanable.ratio': '0.01',
};

/** Starts a broker in a temporary directory, stopped when its owner ends. Takes about five seconds: once per file. */
export async function kafkaServer(owner: Owner, options: Partial<KafkaOptions> = {}): Promise<KafkaServer> {
  const kafka = await startKafka({ directory: temporaryDirectory(), ...options });
  owner.after(() => kafka.stop());
  return kafka;
}

/**
 * Starts a broker that clients reach only through a proxy: connect to `proxy.address`. `kafka.directBootstrap` leads around it, and
 * so do the broker's own connections.
 */
export async function kafkaBehindProxy(
  owner: Owner,
  options: Partial<KafkaOptions> = {},
): Promise<{ readonly kafka: KafkaServer; readonly proxy: TcpProxy }> {
  const port = await freePort();
  const proxy = await createTcpProxy({ targetPort: port });
  owner.after(() => proxy.close());
  const kafka = await kafkaServer(owner, { port, advertised: proxy.address, ...options });
  return { kafka, proxy };
}

export interface TopicSpec {
  readonly topic: string;
  /** @defaultValue 4 */
  readonly partitions?: number;
  /** `{ 'cleanup.policy': 'compact' }` */
  readonly config?: Readonly<{ [name: string]: string }>;
}

/** Creates topics with one replica and waits until each has its leaders. @throws when one exists already. */
export async function createTopics(bootstrap: string, specs: readonly TopicSpec[]): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  try {
    const topics: ITopicConfig[] = specs.map(({ topic, partitions = 4, config = {} }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    }));
    await admin.createTopics({ topics, waitForLeaders: true });
    // The metadata names leaders before the broker knows that it is one.
    for (const { topic } of specs) await untilAnswered(() => admin.fetchTopicOffsets(topic));
  } finally {
    await admin.disconnect();
  }
}

const LONGEST_WAIT_MS = 120_000;

async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + LONGEST_WAIT_MS; ; await sleep(20))
    try {
      await ask();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
    }
}
