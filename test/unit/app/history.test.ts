import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readConfig } from '../../../app/config.ts';
import { ProductionHistory } from '../../../app/history.ts';
import { type SharedLog, silentLogger, silentMetrics, systemClock } from '../../../engine/api/index.ts';
import { decodeSchemas, listHistory, openObjectStore, readHistory } from '../../../engine/archive/index.ts';
import { connectRegistry, readerSchema } from '../../../schemas/index.ts';
import { collect } from '../../support/history.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { waitFor } from '../../support/wait-for.ts';
import { FakeKafka } from '../engine/kafka/fake-kafka.ts';
import { fakeRegistry, schemaAnswer } from '../schemas/fake-registry.ts';

/** Of the values in the log; no contract of ours has it. */
const SCHEMA_ID = 70;

const at = (partition: number, offset: number) => [{ topic: 'clicks', partition, offset }];

/** The history over a log of clicks, with so many records in each partition, and over a registry that knows their schema. */
async function setting(t: TestContext, ends: readonly number[]) {
  const kafka = new FakeKafka(t, ends, 'clicks', Buffer.from([0, 0, 0, 0, SCHEMA_ID, 0]));
  const registry = await fakeRegistry(t, []);
  registry.schemas.set(SCHEMA_ID, schemaAnswer(readerSchema('clicks')));
  const stop = new AbortController();
  const folder = temporaryDirectory();
  const schemas = await connectRegistry({
    url: registry.url,
    timeoutMs: 5_000,
    topicName: (topic) => topic,
    clock: systemClock,
    logger: silentLogger,
    signal: stop.signal,
  });
  const ranges: SharedLog['ranges'] = async (places) =>
    places.map(({ partition }) => ({ start: 0, end: ends[partition]! }));
  const history = await ProductionHistory.open({
    config: readConfig({ FRESHET_HISTORY: folder }),
    log: { ranges } as SharedLog,
    schemas,
    clock: systemClock,
    metrics: silentMetrics,
    logger: silentLogger,
  });
  t.after(async () => {
    stop.abort();
    schemas.close();
    await history!.close();
  });
  return { kafka, folder, history: history! };
}

test('what an earlier owner left out is stored with the schemas of its values, also those that no task has met', {
  timeout: 10_000,
}, async (t) => {
  const { folder, history } = await setting(t, [3]);
  const ofTask = history.historyOf(0);
  await ofTask.start(at(0, 3));
  assert.equal(await ofTask.flush(), true);
  ofTask.close();
  const store = await openObjectStore(folder);
  const [partition] = await listHistory(store);
  const [part] = await collect(readHistory(store, partition!, { from: 0, end: 3 }, assert.fail));
  assert.deepEqual([...decodeSchemas(part!.schemas).keys()], [SCHEMA_ID]);
});

test('a partition whose history has reached the task is read no more', { timeout: 10_000 }, async (t) => {
  const { kafka, history } = await setting(t, [3, 3]);
  await history.historyOf(0).start(at(0, 3));
  assert.deepEqual(await askedBeside(kafka, history), [1]);
});

test('a partition whose task has gone is read no more', { timeout: 10_000 }, async (t) => {
  const { kafka, history } = await setting(t, [3, 3]);
  const ofTask = history.historyOf(0);
  const started = ofTask.start(at(0, 5));
  await askedAtEnd(kafka, 0);
  ofTask.close();
  await started;
  assert.deepEqual(await askedBeside(kafka, history), [1]);
});

/** Resolves when the last record of a partition was read and more is being waited for. */
async function askedAtEnd(kafka: FakeKafka, partition: number): Promise<void> {
  kafka.asked.length = 0;
  const end = kafka.ends[partition]!;
  await waitFor(
    'the end of the partition',
    () => kafka.asked.filter((part) => part.partition === partition && part.offset === end).length >= 3,
  );
}

/** Partitions that brokers are asked for while partition 1 waits for more. */
async function askedBeside(kafka: FakeKafka, history: ProductionHistory): Promise<number[]> {
  const ofTask = history.historyOf(1);
  const started = ofTask.start(at(1, 5));
  await askedAtEnd(kafka, 1);
  await askedAtEnd(kafka, 1);
  ofTask.close();
  await started;
  return [...new Set(kafka.asked.map(({ partition }) => partition))];
}
