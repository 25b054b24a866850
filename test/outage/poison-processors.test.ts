// Records that can be read but not processed, among records that can: a processor that throws, and one whose output no broker would
// take. On a broker, with a small topology, through the end of its owner in the middle of it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import {
  type KeyValueStore,
  type LogRecord,
  type Processor,
  type ProcessorContext,
  type StreamRecord,
  silentLogger,
} from '../../engine/api/index.ts';
import { type Topology, TopologyBuilder, topicsOf } from '../../engine/graph/index.ts';
import {
  createKafka,
  createKafkaLog,
  createTopics,
  type KafkaLogOptions,
  topicPlan,
} from '../../engine/kafka/index.ts';
import { DEAD_LETTER_HEADERS, GroupEngine, taskAssignor, taskColumnFamiliesOf } from '../../engine/runtime/index.ts';
import { createMemoryDatabase, rocksTaskDatabases } from '../../state/index.ts';
import { json, jsonStore } from '../support/engine.ts';
import { kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { groupLag } from '../support/outage-answers.ts';
import { poll } from '../support/redis-topologies.ts';
import { Board } from '../support/restore-instance.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const NAME = 'refusing';
const TASKS = 2;
const GOOD = 60;
const MAX_RECORD_BYTES = 100_000;
const PATIENCE_MS = 180_000;

interface Sale {
  readonly n: number;
  /** Has the processor throw, after it has changed its store and sent something. */
  readonly fails?: boolean;
  /** Has it send so many bytes. */
  readonly bytes?: number;
}

class CountSales implements Processor<Sale> {
  #context!: ProcessorContext;
  #counts!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#counts = context.store('counts');
  }

  process(records: readonly StreamRecord<Sale>[]): void {
    for (const { key, value, timestampMs } of records) {
      this.#counts.put(key!, (this.#counts.get(key!) ?? 0) + 1);
      this.#context.forward({ key: key!, value: 'x'.repeat(value!.bytes ?? 1), timestampMs }, 'echoes');
      if (value!.fails) throw new Error('this sale cannot be counted');
    }
  }
}

class CountEchoes implements Processor<string> {
  #context!: ProcessorContext;
  #echoes!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#echoes = context.store('echoed');
  }

  process(records: readonly StreamRecord<string>[]): void {
    for (const { key } of records) this.#echoes.put(key!, (this.#echoes.get(key!) ?? 0) + 1);
    this.republish('board', [...new Set(records.map(({ key }) => key!))]);
  }

  republish(_node: string, keys: readonly string[]): void {
    for (const key of keys)
      this.#context.forward({ key, value: Buffer.from(String(this.#echoes.get(key))), timestampMs: 0 }, 'board');
  }
}

const topology = (): Topology =>
  new TopologyBuilder()
    .addSource('sales', { topic: 'sales', deserializer: json<Sale>() })
    .addStore(jsonStore<number>('counts'))
    .addProcessor('count-sales', () => new CountSales(), { parents: ['sales'], stores: ['counts'] })
    .addRepartition('echoes', { serializer: json<string>(), deserializer: json<string>(), parents: ['count-sales'] })
    .addStore(jsonStore<number>('echoed'))
    .addProcessor('count-echoes', () => new CountEchoes(), { parents: ['echoes'], stores: ['echoed'] })
    .addVersionedSink('board', { sink: 'board', parents: ['count-echoes'] })
    .build();

describe('records that nobody can process', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let logOptions: KafkaLogOptions;
  const board = new Board();

  before(async () => {
    kafka = await kafkaServer(owner);
    logOptions = {
      client: {
        brokers: [kafka.bootstrap],
        clientId: NAME,
        connectionTimeoutMs: 5_000,
        requestTimeoutMs: 10_000,
        logger: silentLogger,
      },
      applicationId: NAME,
      topicName: ({ name }) => `${NAME}-${name}`,
      changelogTopic: `${NAME}-changelog`,
      deadLetterTopic: 'dead-letters',
      tasks: TASKS,
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 200,
    };
  });

  /** An engine on this directory, and how to end it in order or not. */
  async function startEngine(directory: string, instanceId: string, commitsBeforeEnd = Number.POSITIVE_INFINITY) {
    const ended = Promise.withResolvers<void>();
    let commits = 0;
    const graph = topology();
    const log = createKafkaLog(logOptions);
    const engine = new GroupEngine({
      topology: graph,
      log,
      partitions: TASKS,
      databases: rocksTaskDatabases(join(directory, instanceId), taskColumnFamiliesOf(graph)),
      globalDatabase: createMemoryDatabase({ columnFamilies: ['positions'] }),
      sinks: { board },
      assign: taskAssignor({ tasks: TASKS, standbyReplicas: 0 }),
      instanceId,
      clock: { nowMs: Date.now },
      recordsPerBatch: 8,
      commitIntervalMs: 5,
      maxRecordBytes: MAX_RECORD_BYTES,
      onCommitStep: (step) => {
        if (step !== 'log committed') return;
        commits += 1;
        if (commits < commitsBeforeEnd) return;
        ended.resolve();
        // What is in the log is in no database: as if the process had ended here.
        throw new Error('the end');
      },
    });
    engine.failed.catch(() => undefined);
    const close = async () => {
      await engine.close();
      await log.close();
    };
    owner.after(close);
    await engine.open(AbortSignal.timeout(PATIENCE_MS));
    return { engine, close, ended: ended.promise };
  }

  test('become one dead letter each, undo all that they did, and hold nothing up', async () => {
    const admin = createKafka(logOptions.client).admin();
    await admin.connect();
    owner.after(() => admin.disconnect());
    await createTopics(admin, topicPlan(topicsOf(topology(), TASKS), logOptions));
    const producer = createKafka(logOptions.client).producer({ allowAutoTopicCreation: false });
    await producer.connect();
    owner.after(() => producer.disconnect());

    const expected: string[] = [];
    const send = async (partition: number, key: string, value: Sale, code?: string) => {
      const messages = [{ key, value: JSON.stringify(value), partition }];
      const [answer] = await producer.send({ topic: `${NAME}-sales`, messages });
      if (code !== undefined) expected.push(`sales-${partition}@${answer!.baseOffset} ${code}`);
    };
    for (let n = 0; n < GOOD; n++) {
      const partition = n % TASKS;
      await send(partition, `good-${n % 6}`, { n });
      if (n % 5 === 0) await send(partition, 'bad', { n, fails: true }, 'processor-failed');
      if (n % 7 === 0) await send(partition, 'bad', { n, bytes: 2 * MAX_RECORD_BYTES }, 'output-too-large');
    }

    const directory = temporaryDirectory();
    const first = await startEngine(directory, 'one', 3);
    await first.ended;
    await first.close();
    await startEngine(directory, 'one');
    const topics = ['sales', 'echoes'].map((topic) => `${NAME}-${topic}`);
    await poll('everything to be processed', async () => (await groupLag(admin, NAME, topics)) === 0, PATIENCE_MS);

    const letters = await committedRecords(`${NAME}-dead-letters`);
    const places = letters.map(({ headers }) => {
      const of = (name: keyof typeof DEAD_LETTER_HEADERS) => headers![DEAD_LETTER_HEADERS[name]];
      assert.ok(of('text')!.length > 0);
      return `${of('topic')}-${of('partition')}@${of('offset')} ${of('code')}`;
    });
    assert.deepEqual(places.sort(), expected.sort());
    assert.deepEqual(
      Object.fromEntries(board.values),
      Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`good-${i}`, GOOD / 6])),
    );
  });

  /** What kafkajs's own consumer reads of a topic until nothing more has come for a while. */
  async function committedRecords(topic: string): Promise<Pick<LogRecord, 'key' | 'headers'>[]> {
    const client = new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
    const consumer = client.consumer({ groupId: `reads-${topic}`, maxWaitTimeInMs: 100 });
    const records: Pick<LogRecord, 'key' | 'headers'>[] = [];
    const next = new Map<number, number>();
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      next.set(payload.partition, Number(payload.lastOffset) + 1);
    });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { key, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
        records.push({ key: key?.toString(), headers: Object.fromEntries(texts) });
      },
    });
    const admin = client.admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    const isRead = async () => ends.every(({ partition, high }) => (next.get(partition) ?? 0) >= Number(high));
    await poll(`${topic} to be read`, isRead, PATIENCE_MS);
    await consumer.disconnect();
    return records;
  }
});
