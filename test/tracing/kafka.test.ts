// The trace of engine.test.ts on a real broker: contexts travel in the headers of Kafka's records, through transactions.

import { before, describe, test } from 'node:test';
import kafkajs from 'kafkajs';
import { createApplicationTopics } from '../../app/commands/topics.ts';
import { type Config, readConfig } from '../../app/config.ts';
import { kafkaLog } from '../../app/kafka.ts';
import { parseTraceparent, silentLogger, systemClock } from '../../engine/api/index.ts';
import { GroupEngine, globalColumnFamiliesOf, taskAssignor, taskColumnFamiliesOf } from '../../engine/runtime/index.ts';
import { createMemoryDatabase } from '../../state/index.ts';
import { LISTS_SINK } from '../../topology/index.ts';
import { kafkaServer, needsServers, type Owner, suiteOwner } from '../support/kafka-server.ts';
import { sampled } from '../support/recording-tracer.ts';
import { MemoryTaskDatabases } from '../support/task-databases.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  assertChain,
  type CollectedTracing,
  Lists,
  PARTITIONS,
  startCollectedTracing,
  type TracedEngine,
  tellStory,
  topology,
} from './chain.ts';

async function openOnKafka(owner: Owner, config: Config, tracing: CollectedTracing): Promise<TracedEngine> {
  const graph = topology();
  const lists = new Lists();
  const log = kafkaLog(config, silentLogger);
  const engine = new GroupEngine({
    topology: graph,
    log,
    partitions: PARTITIONS,
    databases: new MemoryTaskDatabases(taskColumnFamiliesOf(graph)),
    globalDatabase: createMemoryDatabase({ columnFamilies: globalColumnFamiliesOf(graph) }),
    sinks: { [LISTS_SINK]: lists },
    assign: taskAssignor({ tasks: PARTITIONS, standbyReplicas: 0 }),
    instanceId: 'instance',
    clock: systemClock,
    logger: silentLogger,
    tracer: tracing.tracer,
  });
  engine.failed.catch((error: Error) => console.error(error));
  owner.after(async () => {
    await engine.close();
    await log.close();
  });
  await engine.open(new AbortController().signal);
  const isRunning = () => engine.tasks().length > 0 && engine.tasks().every(({ status }) => status === 'RUNNING');
  await waitFor('tasks that run', isRunning, 30_000);
  const producer = new kafkajs.Kafka({ brokers: [config.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING }).producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  owner.after(() => producer.disconnect());
  return {
    lists,
    commitSpans: ['commit', 'write state'],
    tables: () => engine.tables!.stores(),
    async send(_atMs, records) {
      const topicMessages = records.map(({ topic, key, value, timestampMs, headers }) => ({
        topic,
        messages: [
          {
            key: key ?? null,
            value: value === null ? null : Buffer.from(value),
            timestamp: String(timestampMs),
            ...(headers !== undefined && { headers: { ...headers } }),
          },
        ],
      }));
      await producer.sendBatch({ topicMessages });
    },
    close: () => engine.close(),
  };
}

describe('tracing on Kafka', needsServers(), () => {
  const owner = suiteOwner();
  let config: Config;
  let tracing: CollectedTracing;

  before(async () => {
    const { bootstrap } = await kafkaServer(owner);
    config = readConfig({ FRESHET_KAFKA_BROKERS: bootstrap, FRESHET_PARTITIONS: String(PARTITIONS) });
    await createApplicationTopics(config);
    tracing = await startCollectedTracing(owner);
  });

  test("a producer's trace goes on through transactions and repartition topics to the lists", async () => {
    const engine = await openOnKafka(owner, config, tracing);
    const traceparent = sampled(0x300);
    // Later than the clock, which moves stream time on where no record does.
    await tellStory(engine, Date.now(), traceparent);
    await engine.close();
    assertChain(await tracing.spansOf(parseTraceparent(traceparent)!.traceId), engine, traceparent);
  });
});
