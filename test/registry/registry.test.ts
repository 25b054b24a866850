// Contracts and writer schemas against a real registry.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Schema } from 'avsc';
import type { RegistryServer } from '../../deploy/local-stack/registry.ts';
import { RefusedRecordError, silentLogger, systemClock } from '../../engine/api/index.ts';
import { createSerde, readerSchema, type SourceTopic, sourceTopics } from '../../schemas/index.ts';
import { type RegisterOptions, type Registration, registerContracts } from '../../schemas/register-contracts.ts';
import { RegistryHttp } from '../../schemas/registry-http.ts';
import { connectRegistry, type RegistrySchemaSource } from '../../schemas/registry-source.ts';
import { compileType } from '../../schemas/wire-type.ts';
import { suiteOwner } from '../support/kafka-server.ts';
import { needsServers, registryServer } from '../support/registry-server.ts';
import { example } from '../unit/schemas/examples.ts';

interface RecordSchema {
  fields: { name: string; type: unknown; default?: unknown }[];
}

/** The contract of `topic` after `change`; every other contract as it is. */
function withChange(changed: SourceTopic, change: (schema: RecordSchema) => void) {
  return (topic: SourceTopic): Schema => {
    const schema = structuredClone(readerSchema(topic));
    if (topic === changed) change(schema as unknown as RecordSchema);
    return schema;
  };
}

describe('a schema registry', needsServers(), () => {
  const owner = suiteOwner();
  let server: RegistryServer;
  let http: RegistryHttp;
  before(async () => {
    server = await registryServer(owner, { isDurable: true });
    http = new RegistryHttp({ url: server.url, timeoutMs: 10_000 });
  });

  const register = (tenant: string, options: Partial<RegisterOptions> = {}) =>
    registerContracts({
      registry: http,
      compatibility: 'BACKWARD',
      topicName: (topic) => `${tenant}-${topic}`,
      ...options,
    });
  const of = (registrations: readonly Registration[], topic: SourceTopic) =>
    registrations.find((registration) => registration.topic === topic)!;

  async function connect(tenant: string, stop = new AbortController()): Promise<RegistrySchemaSource> {
    const source = await connectRegistry({
      url: server.url,
      timeoutMs: 2_000,
      topicName: (topic) => `${tenant}-${topic}`,
      clock: systemClock,
      logger: silentLogger,
      signal: stop.signal,
    });
    owner.after(async () => {
      stop.abort();
      source.close();
    });
    return source;
  }

  /** Registers any schema and returns its id. */
  async function registerAny(subject: string, body: object): Promise<number> {
    const answer = await fetch(`${server.url}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 200);
    return ((await answer.json()) as { id: number }).id;
  }

  function framed(id: number, schema: Schema, value: unknown): Buffer {
    const header = Buffer.alloc(5);
    header.writeUInt32BE(id, 1);
    return Buffer.concat([header, compileType(schema).toBuffer(value)]);
  }

  test('registering twice changes nothing the second time', async () => {
    const first = await register('twice');
    assert.deepEqual(
      first.map(({ topic, subject, outcome, version }) => ({ topic, subject, outcome, version })),
      sourceTopics.map((topic) => ({ topic, subject: `twice-${topic}-value`, outcome: 'new', version: 1 })),
    );
    assert.equal(await http.compatibility('twice-clicks-value'), 'BACKWARD');
    const second = await register('twice');
    for (const [i, { outcome, id, version, changes, compatibility }] of second.entries()) {
      assert.equal(outcome, 'unchanged');
      assert.deepEqual([id, version], [first[i]!.id, 1]);
      assert.deepEqual(changes, []);
      assert.deepEqual(compatibility, { level: 'BACKWARD' });
    }
  });

  test('a contract that reads what is there becomes the next version, and is told what changed', async () => {
    const older = withChange('visitors', (schema) => {
      schema.fields = schema.fields.filter(({ name }) => name !== 'attributes');
    });
    const before = of(await register('grown', { schemaOf: older }), 'visitors');
    const { outcome, version, id, changes } = of(await register('grown'), 'visitors');
    assert.deepEqual([outcome, version], ['changed', 2]);
    assert.notEqual(id, before.id);
    assert.deepEqual(changes, [{ path: 'attributes', text: 'is new, with the default {}', breaks: false }]);
    assert.equal(of(await register('grown', { schemaOf: older }), 'visitors').outcome, 'older');

    // What the older version wrote is read with the contract.
    const source = await connect('grown');
    const { attributes: _attributes, ...value } = example('visitors');
    const bytes = framed(before.id!, older('visitors'), value);
    await source.prepare([bytes]);
    assert.deepEqual(createSerde('visitors', source).deserialize(bytes), { ...value, attributes: {} });
  });

  test('an incompatible contract is refused with the fields to blame, and nothing is changed', async () => {
    await register('kept');
    const broken = withChange('clicks', (schema) => {
      schema.fields[0]!.type = 'int';
      schema.fields.push({ name: 'colour', type: 'string' });
    });
    const registrations = await register('kept', { schemaOf: broken, compatibility: 'BACKWARD_TRANSITIVE' });
    const { outcome, id, changes, reason } = of(registrations, 'clicks');
    assert.equal(outcome, 'refused');
    assert.equal(id, undefined);
    assert.match(reason!, /version 1/);
    assert.deepEqual(changes, [
      { path: 'eventId', text: 'is int and was string', breaks: true },
      { path: 'colour', text: 'is new and has no default: string', breaks: true },
    ]);
    assert.equal((await http.latest('kept-clicks-value'))!.version, 1);
    assert.equal(await http.compatibility('kept-clicks-value'), 'BACKWARD');
    assert.equal(of(registrations, 'settings').outcome, 'unchanged');
    assert.equal(await http.compatibility('kept-settings-value'), 'BACKWARD_TRANSITIVE');
  });

  test('the command prints what came of each contract, and fails when one is refused', async () => {
    const taken = withChange('clicks', (schema) => {
      schema.fields[0]!.type = 'int';
    })('clicks');
    await registerAny('told-clicks-value', { schema: JSON.stringify(taken) });
    const command = join(import.meta.dirname, '../../app/commands/schemas.ts');
    const call = `import { registerSchemas } from ${JSON.stringify(command)};
      const place = { url: ${JSON.stringify(server.url)}, timeoutMs: 10_000, topicName: (topic) => 'told-' + topic };
      const isGood = await registerSchemas({ ...place, compatibility: 'BACKWARD', json: false });
      process.exitCode = isGood ? 0 : 7;`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', call], { encoding: 'utf8' });
    assert.equal(status, 7);
    const lines = stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith('told-clicks-value'));
    assert.match(lines[at]!, /^told-clicks-value {2}REFUSED/);
    assert.match(lines[at + 1]!, /^ {4}it cannot read what version 1/);
    assert.equal(lines[at + 2], '    eventId is string and was int  <- not compatible');
    assert.match(stdout, /^told-settings-value {2}version 1 {2}id \d+ {2}new {2}\(BACKWARD\)$/m);
    assert.match(stdout, /: 7 new, 1 refused$/m);
  });

  test('what only the registry finds incompatible is refused with its words', async () => {
    await register('forward');
    const changed = withChange('clicks', (schema) => {
      schema.fields = schema.fields.filter(({ name }) => name !== 'eventId');
    });
    const { outcome, reason } = of(
      await register('forward', { schemaOf: changed, compatibility: 'FORWARD' }),
      'clicks',
    );
    assert.equal(outcome, 'refused');
    assert.match(reason!, /answers 4(09|22) to POST .*forward-clicks-value/);
  });

  test('a writer schema that refers to another subject is read with what it refers to', async () => {
    const line = { type: 'record', name: 'Audience', namespace: 'freshet', fields: [] };
    await registerAny('audience', { schema: JSON.stringify(line) });
    const schema = {
      type: 'record',
      name: 'Visitor',
      namespace: 'freshet',
      fields: [
        { name: 'eventId', type: 'string' },
        { name: 'visitorId', type: 'string' },
        { name: 'at', type: 'long' },
        { name: 'audience', type: 'freshet.Audience' },
      ],
    };
    const id = await registerAny('referring', {
      schema: JSON.stringify(schema),
      references: [{ name: 'freshet.Audience', subject: 'audience', version: 1 }],
    });
    const source = await connect('referring');
    const { eventId, visitorId, at } = example('visitors');
    const written = { ...schema, fields: [...schema.fields.slice(0, 3), { name: 'audience', type: line }] };
    const bytes = framed(id, written as unknown as Schema, { eventId, visitorId, at, audience: {} });
    await source.prepare([bytes]);
    const value = createSerde('visitors', source).deserialize(bytes);
    assert.deepEqual(value, { eventId, visitorId, at, segments: [], attributes: {} });
  });

  test('unknown ids, JSON schemas and schemas of another topic are refused as unknown-schema', async () => {
    await register('refusing');
    const json = await registerAny('json', {
      schemaType: 'JSON',
      schema: '{"type":"object","properties":{"a":{"type":"string"}}}',
    });
    const source = await connect('refusing');
    const serde = createSerde('clicks', source);
    const expected = {
      987654: /not known to the registry/,
      [json]: /no Avro schema/,
      [source.idFor('settings')]: /clicks cannot be read/,
    };
    for (const [id, text] of Object.entries(expected)) {
      const bytes = framed(Number(id), { type: 'string' }, 'x');
      await source.prepare([bytes]);
      assert.throws(
        () => serde.deserialize(bytes),
        (error) => error instanceof RefusedRecordError && error.code === 'unknown-schema' && text.test(error.message),
      );
    }
  });

  test('a batch waits for a registry that went away, known schemas are read meanwhile', async () => {
    const registrations = await register('away');
    const known = of(registrations, 'clicks').id!;
    const unknownYet = await registerAny('away-extra', { schema: '{"type":"record","name":"Extra","fields":[]}' });
    const source = await connect('away');
    await server.stop();
    const bytes = framed(known, readerSchema('clicks'), example('clicks'));
    assert.equal(source.prepare([bytes]), undefined);
    assert.deepEqual(createSerde('clicks', source).deserialize(bytes), example('clicks'));

    let isDone = false;
    const prepared = source.prepare([framed(unknownYet, { type: 'string' }, '')])!.then(() => {
      isDone = true;
    });
    const starting = server.start();
    assert.equal(isDone, false);
    await starting;
    await prepared;
    assert.ok(source.writerSchema(unknownYet) !== undefined);
  });
});
