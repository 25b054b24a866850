// What cannot be read on its way through a production engine that is killed in between: each record becomes one dead letter that says
// where it was and what is wrong with it, everything around it counts, and what is mended counts when it is sent again.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Schema, schema } from 'avsc';
import kafkajs, { type Admin, type Producer } from 'kafkajs';
import { type DeadLetter, readDeadLetter } from '../../app/commands/dead-letters.ts';
import { sourceTopicName, topicName } from '../../app/kafka.ts';
import { scanTopic } from '../../app/kafka-scan.ts';
import { openRegistry } from '../../app/registry.ts';
import { silentLogger, systemClock } from '../../engine/api/index.ts';
import { DEAD_LETTER_TOPIC } from '../../engine/graph/index.ts';
import type { Profile } from '../../processors/profile/profile.ts';
import {
  type Click,
  createSerdes,
  readerSchema,
  type SourceSerdes,
  type SourceTopic,
  sourceTopics,
} from '../../schemas/index.ts';
import { compileType } from '../../schemas/wire-type.ts';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { groupLag } from '../support/outage-answers.ts';
import { type Poison, poison } from '../support/outage-poison.ts';
import { EngineInstance } from '../support/production-instance.ts';
import {
  type Application,
  createApplication,
  type ProductionStack,
  productionStack,
} from '../support/production-stack.ts';
import { StateReader } from '../support/production-state.ts';
import { poll } from '../support/redis-topologies.ts';
import { example } from '../unit/schemas/examples.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');
const PATIENCE_MS = 180_000;
const VISITORS = 40;

interface Injected extends Poison {
  readonly partition: number;
  readonly offset: number;
}

describe('records that nobody can read', needsServers(), () => {
  const owner = suiteOwner();
  let stack: ProductionStack;
  let application: Application;
  let serdes: SourceSerdes;
  let producer: Producer;
  let admin: Admin;
  let engine: EngineInstance;
  let unknownId: number;
  let jsonId: number;
  const injected: Injected[] = [];
  let good = 0;

  before(async () => {
    stack = await productionStack(owner);
    application = await createApplication(stack, 'poisoned', {
      FRESHET_PARTITIONS: '2',
      FRESHET_SESSION_TIMEOUT_MS: '6000',
      FRESHET_LOG_LEVEL: 'warn',
    });
    const { config, environment } = application;
    const schemas = await openRegistry(config, systemClock, silentLogger, AbortSignal.timeout(30_000));
    owner.after(async () => schemas.close());
    serdes = createSerdes(schemas);
    const client = new kafkajs.Kafka({ brokers: [config.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING });
    producer = client.producer({ allowAutoTopicCreation: false });
    admin = client.admin();
    await Promise.all([producer.connect(), admin.connect()]);
    owner.after(() => producer.disconnect());
    owner.after(() => admin.disconnect());
    jsonId = await register('foreign', {
      schemaType: 'JSON',
      schema: JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' }),
    });
    // Ids are given in turn: this is the next one.
    unknownId = jsonId + 1;
    engine = new EngineInstance('engine', environment);
    owner.after(() => engine.kill());
  });

  /** Registers a schema, as any client of Confluent's interface does, and tells its id. */
  async function register(subject: string, body: object): Promise<number> {
    const answer = await fetch(`${stack.registry.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200, await answer.clone().text());
    return ((await answer.json()) as { id: number }).id;
  }

  /** The contract of clicks as a producer has it that is ahead of us: with one field more. */
  const aheadSchema = (): Schema => {
    const schema = structuredClone(readerSchema('clicks')) as schema.RecordType;
    schema.fields.push({ name: 'campaignTag', type: ['null', 'string'], default: null });
    return schema;
  };

  async function send(topic: SourceTopic, key: string | null, value: Buffer | null) {
    const messages = [{ key, value, headers: { origin: 'test' } }];
    const [answer] = await producer.send({ topic: sourceTopicName(application.config, topic), messages });
    return { partition: answer!.partition, offset: Number(answer!.baseOffset) };
  }

  /** One click of each visitor. */
  async function sendGood(): Promise<void> {
    good += 1;
    const messages = Array.from({ length: VISITORS }, (_, i) => {
      const visitorId = `visitor-${i}`;
      const click = example('clicks', { eventId: `good-${good}-${i}`, visitorId, kind: 'view', at: Date.now() });
      return { key: visitorId, value: Buffer.from(serdes.clicks.serialize(click)) };
    });
    await producer.send({ topic: sourceTopicName(application.config, 'clicks'), messages });
  }

  async function sendPoison(number: number): Promise<void> {
    const ahead = compileType(aheadSchema());
    const unknown = (click: Click) => {
      const header = Buffer.alloc(5);
      header.writeUInt32BE(unknownId, 1);
      return Buffer.concat([header, ahead.toBuffer({ ...click, campaignTag: null })]);
    };
    for (const one of poison(serdes, { unknown, jsonId }, number)) {
      injected.push({ ...one, ...(await send(one.topic, one.key, one.value)) });
      await sendGood();
    }
  }

  async function drained(): Promise<void> {
    const { config } = application;
    const topics = sourceTopics.filter((topic) => topic !== 'settings').map((topic) => sourceTopicName(config, topic));
    await poll(
      'everything to be processed',
      async () => {
        if (engine.failure !== undefined) throw new Error(engine.failure);
        return (await groupLag(admin, config.appId, topics)) === 0;
      },
      PATIENCE_MS,
    );
  }

  async function deadLetters(): Promise<DeadLetter[]> {
    const { config } = application;
    const topic = topicName(config, { name: DEAD_LETTER_TOPIC, internal: false });
    const letters: DeadLetter[] = [];
    for await (const record of scanTopic(config, topic, silentLogger, AbortSignal.timeout(30_000)))
      letters.push(readDeadLetter(record));
    return letters;
  }

  /** Ids of events that each visitor's profile has counted. */
  async function counted(): Promise<Map<string, number>> {
    const reader = await StateReader.open(application.config);
    try {
      const ids = new Map<string, number>();
      for (const task of (await reader.restore()).tasks)
        for (const [visitorId, { eventIds }] of task.store<Profile>('profiles').scan())
          ids.set(visitorId, eventIds.length);
      return ids;
    } finally {
      await reader.close();
    }
  }

  async function freshet(...parameters: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...parameters], {
      env: { PATH: process.env.PATH, ...application.environment, FRESHET_LOG_LEVEL: 'error' },
    });
    return stdout;
  }

  const place = ({
    topic,
    partition,
    offset,
    code,
  }: {
    topic: string;
    partition: number;
    offset: number;
    code: string;
  }) => `${topic}-${partition}@${offset} ${code}`;

  test('become one dead letter each, through a kill, and everything around them counts', async () => {
    engine.start();
    await sendPoison(1);
    await engine.killAt({ step: 'log committed', count: 1, whilePublishing: false }, PATIENCE_MS);
    await sendPoison(2);
    engine.start();
    await drained();
    const letters = await deadLetters();
    const expected = injected.filter(({ topic }) => topic !== 'settings');
    const found = letters.filter(({ topic }) => topic !== 'settings');
    assert.deepEqual(found.map(place).sort(), expected.map(place).sort());
    for (const { topic, partition, offset, text, record } of found) {
      const { key, value, what } = expected.find(
        (one) => one.topic === topic && one.partition === partition && one.offset === offset,
      )!;
      assert.equal(record.key, key ?? undefined, what);
      assert.deepEqual(record.value && Buffer.from(record.value), value, what);
      assert.equal(record.headers?.origin, 'test', what);
      assert.ok(text.length > 0 && text.length <= 500, what);
    }
    const ids = await counted();
    assert.equal(ids.size, VISITORS);
    for (const [visitorId, count] of ids) assert.equal(count, good, visitorId);
  });

  test('are listed with place, code and text, by topic and by code', async () => {
    const all = (await freshet('dead-letters', 'list', '--json')).trim().split('\n');
    const lines = all.map(
      (line) => JSON.parse(line) as { topic: string; partition: number; offset: number; code: string },
    );
    const known = (await deadLetters()).map(place).sort();
    assert.deepEqual(lines.map(place).sort(), known);
    const unknown = await freshet('dead-letters', 'list', '--topic', 'clicks', '--code', 'unknown-schema');
    assert.match(unknown, /^6 dead letters\n {2}6 unknown-schema$/m);
    const personal = await freshet('dead-letters', 'list', '--topic', 'clicks');
    assert.doesNotMatch(personal, /poisoner/);
  });

  test('count once they can be read and are sent again', async () => {
    const subject = `${sourceTopicName(application.config, 'clicks')}-value`;
    const id = await register(subject, { schema: JSON.stringify(aheadSchema()) });
    assert.equal(id, unknownId);
    // An engine asks for a refused id again after 30 s, and at its start.
    await engine.stop();
    engine.start();
    const before = await deadLetters();
    const options = ['--topic', 'clicks', '--code', 'unknown-schema'];
    assert.match(
      await freshet('dead-letters', 'replay', ...options, '--dry-run'),
      /^6 dead letters would be sent again/,
    );
    assert.match(await freshet('dead-letters', 'replay', ...options), /^6 dead letters were sent again/);
    await drained();
    const after = (await deadLetters()).slice();
    const added = after.map(place).filter((one) => !before.map(place).includes(one));
    // An order and a JSON document in the clicks are what they were, twice each.
    assert.equal(added.length, 4, added.join());
    const ids = await counted();
    assert.equal(ids.get('poisoner'), 2);
  });
});
