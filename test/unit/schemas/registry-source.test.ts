import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Schema } from 'avsc';
import { type LogFields, RefusedRecordError } from '../../../engine/api/index.ts';
import { createSerde, readerSchema, sourceTopics } from '../../../schemas/index.ts';
import { connectRegistry, type RegistrySchemaSource } from '../../../schemas/registry-source.ts';
import { compileType } from '../../../schemas/wire-type.ts';
import { waitFor } from '../../support/wait-for.ts';
import { example } from './examples.ts';
import { type FakeRegistry, fakeRegistry, schemaAnswer } from './fake-registry.ts';

const SUBJECTS = sourceTopics.map((topic) => `shop-${topic}-value`);
const VISITORS_ID = SUBJECTS.indexOf('shop-visitors-value') + 1;

interface Setting {
  readonly registry: FakeRegistry;
  readonly logged: string[];
  readonly stop: AbortController;
  nowMs: number;
  connect(changes?: { url?: string; username?: string; password?: string }): Promise<RegistrySchemaSource>;
}

async function setting(t: TestContext, subjects = SUBJECTS): Promise<Setting> {
  const registry = await fakeRegistry(t, subjects);
  const logged: string[] = [];
  const log = (event: string, _fields?: LogFields) => void logged.push(event);
  const stop = new AbortController();
  const given: Setting = {
    registry,
    logged,
    stop,
    nowMs: 1_000_000,
    async connect(changes = {}) {
      const source = await connectRegistry({
        url: registry.url,
        timeoutMs: 200,
        topicName: (topic) => `shop-${topic}`,
        clock: { nowMs: () => given.nowMs },
        logger: { info: log, warn: log, error: log },
        signal: stop.signal,
        ...changes,
      });
      t.after(() => source.close());
      return source;
    },
  };
  t.after(() => stop.abort());
  return given;
}

function framed(id: number, body: Uint8Array = new Uint8Array(1)): Buffer {
  const bytes = Buffer.alloc(5 + body.length);
  bytes.writeUInt32BE(id, 1);
  bytes.set(body, 5);
  return bytes;
}

const asked = ({ requests }: FakeRegistry) => requests.filter((request) => request.includes('/schemas/ids/'));

function refusal(action: () => unknown): RefusedRecordError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof RefusedRecordError, String(error));
    return error;
  }
  return assert.fail('nothing was refused');
}

test('the ids of our own contracts are looked up under the physical names, and nothing is fetched for them', async (t) => {
  const { registry, connect } = await setting(t);
  const source = await connect();
  assert.equal(source.idFor('visitors'), VISITORS_ID);
  const serde = createSerde('visitors', source);
  const bytes = serde.serialize(example('visitors'));
  assert.equal(source.prepare([bytes]), undefined);
  assert.deepEqual(serde.deserialize(bytes), example('visitors'));
  assert.deepEqual(asked(registry), []);
});

test('a contract that is not registered can be read, and only writing it fails, with what to do', async (t) => {
  const { registry, connect } = await setting(t, []);
  registry.schemas.set(70, schemaAnswer(readerSchema('visitors')));
  const source = await connect();
  const serde = createSerde('visitors', source);
  const bytes = framed(70, compileType(readerSchema('visitors')).toBuffer(example('visitors')));
  await source.prepare([bytes]);
  assert.deepEqual(serde.deserialize(bytes), example('visitors'));
  assert.throws(() => serde.serialize(example('visitors')), /freshet schemas register/);
});

test('a schema is asked for once, however many values and callers want it, and never again', async (t) => {
  const { registry, connect } = await setting(t);
  registry.schemas.set(71, schemaAnswer(readerSchema('clicks')));
  registry.schemas.set(72, schemaAnswer(readerSchema('settings')));
  const source = await connect();
  const batch = [framed(71), null, framed(72), framed(71), framed(72)];
  await Promise.all([source.prepare(batch), source.prepare(batch)]);
  assert.equal(source.prepare(batch), undefined);
  assert.deepEqual(asked(registry).sort(), ['GET /schemas/ids/71', 'GET /schemas/ids/72']);
});

test('an older writer schema is resolved to the contract, its missing field by the default', async (t) => {
  const { registry, connect } = await setting(t);
  const older = structuredClone(readerSchema('visitors')) as { fields: { name: string }[] };
  older.fields = older.fields.filter(({ name }) => name !== 'attributes');
  registry.schemas.set(73, schemaAnswer(older));
  const source = await connect();
  const { attributes: _attributes, ...value } = example('visitors');
  const bytes = framed(73, compileType(older as unknown as Schema).toBuffer(value));
  await source.prepare([bytes]);
  assert.deepEqual(createSerde('visitors', source).deserialize(bytes), { ...value, attributes: {} });
});

test('an id that the registry does not know is refused for 30 s, then asked for again', async (t) => {
  const given = await setting(t);
  const source = await given.connect();
  const serde = createSerde('visitors', source);
  const bytes = framed(74, compileType(readerSchema('visitors')).toBuffer(example('visitors')));
  await source.prepare([bytes]);
  const { code, message } = refusal(() => serde.deserialize(bytes));
  assert.equal(code, 'unknown-schema');
  assert.match(message, /schema 74 is not known to the registry/);

  given.registry.schemas.set(74, schemaAnswer(readerSchema('visitors')));
  given.nowMs += 29_999;
  assert.equal(source.prepare([bytes]), undefined);
  refusal(() => serde.deserialize(bytes));
  given.nowMs += 1;
  await source.prepare([bytes]);
  assert.deepEqual(serde.deserialize(bytes), example('visitors'));
});

test('an id that is no Avro schema, or a broken one, is refused with the reason', async (t) => {
  const { registry, connect } = await setting(t);
  registry.schemas.set(75, schemaAnswer({ type: 'object' }, 'JSON'));
  registry.schemas.set(76, schemaAnswer('syntax = "proto3"; message A { string b = 1; }', 'PROTOBUF'));
  registry.schemas.set(77, schemaAnswer({ type: 'record' }));
  const source = await connect();
  const values = [framed(75), framed(76), framed(77)];
  await source.prepare(values);
  const texts = values.map((bytes) => {
    const { code, message } = refusal(() => createSerde('clicks', source).deserialize(bytes));
    assert.equal(code, 'unknown-schema');
    return message;
  });
  assert.match(texts[0]!, /75 of the registry is no Avro/);
  assert.match(texts[1]!, /76 of the registry is no Avro/);
  assert.match(texts[2]!, /77 of the registry cannot be used/);
});

test('values without a frame, tombstones and ids that no registry gives ask for nothing', async (t) => {
  const { registry, connect } = await setting(t);
  const source = await connect();
  const values = [null, Buffer.alloc(0), Buffer.from([0, 1, 2, 3]), Buffer.from('{"eventId":1}'), framed(2 ** 31)];
  assert.equal(source.prepare(values), undefined);
  assert.deepEqual(asked(registry), []);
  assert.equal(refusal(() => createSerde('clicks', source).deserialize(framed(2 ** 31))).code, 'unknown-schema');
});

const OUTAGES: { readonly [name: string]: FakeRegistry['outage'] } = {
  'answers 500': { status: 500, body: { error_code: 50001, message: 'the store is away' } },
  'is behind a proxy that finds nothing': { status: 404, body: '<html>no backend</html>' },
  'is behind a proxy that sends a page': { status: 200, body: '<html>maintenance</html>' },
  'wants other credentials': { status: 401, body: { error_code: 401, message: 'who are you' } },
  'is cut in the middle of its answer': 'cut',
  'is silent': 'silent',
};

for (const [name, outage] of Object.entries(OUTAGES))
  test(`while the registry ${name}, a batch waits, nothing is refused, and it is logged once`, async (t) => {
    const { registry, logged, connect } = await setting(t);
    registry.schemas.set(78, schemaAnswer(readerSchema('clicks')));
    const source = await connect();
    logged.length = 0;
    registry.outage = outage;
    let isDone = false;
    const prepared = source.prepare([framed(78), framed(79)])!.then(() => {
      isDone = true;
    });
    await waitFor('three attempts', () => asked(registry).length >= 6);
    assert.equal(isDone, false);
    assert.equal(source.whyUnknown?.(78), undefined);
    registry.outage = undefined;
    await prepared;
    assert.ok(source.writerSchema(78) !== undefined);
    assert.match(source.whyUnknown!(79)!, /not known/);
    assert.deepEqual(logged, ['registry-away', 'registry-back']);
  });

test('requests that never end hold no connection, so that later ones get through', async (t) => {
  const { registry, connect } = await setting(t);
  const source = await connect();
  registry.outage = 'silent';
  const values = Array.from({ length: 20 }, (_, i) => framed(100 + i));
  for (let id = 100; id < 120; id++) registry.schemas.set(id, schemaAnswer(readerSchema('clicks')));
  const prepared = source.prepare(values)!;
  await waitFor('as many attempts as there are connections', () => asked(registry).length >= 9);
  registry.outage = undefined;
  await prepared;
  for (let id = 100; id < 120; id++) assert.ok(source.writerSchema(id) !== undefined);
});

test('a start waits for a registry that is away, and goes on when it is there', async (t) => {
  const { registry, logged, connect } = await setting(t);
  registry.outage = { status: 503, body: { message: 'starting' } };
  const connected = connect();
  await waitFor('two attempts', () => registry.requests.length >= 2);
  registry.outage = undefined;
  assert.equal((await connected).idFor('visitors'), VISITORS_ID);
  assert.deepEqual(logged, ['registry-away', 'registry-back']);
});

test('a start fails at once where waiting does not help: no registry at the address, or no entry', async (t) => {
  const { registry, connect } = await setting(t);
  await assert.rejects(connect({ url: `${registry.url}/elsewhere` }), { name: 'RegistryError', status: 404 });
  registry.outage = { status: 200, body: '<html>welcome</html>' };
  await assert.rejects(connect(), /no schema registry answers at/);
  registry.outage = { status: 401, body: { error_code: 401, message: 'who are you' } };
  await assert.rejects(connect(), /401 .* who are you/);
  await assert.rejects(connect({ url: 'registry:8081' }), /must begin with http/);
});

test('the signal ends a wait', async (t) => {
  const { registry, stop, connect } = await setting(t);
  const source = await connect();
  registry.outage = 'silent';
  const prepared = source.prepare([framed(80)])!;
  stop.abort('SIGTERM');
  await assert.rejects(prepared, { name: 'AbortError' });
  await assert.rejects(connect(), { name: 'AbortError' });
});

test('credentials come from the options or the address, and no text repeats them', async (t) => {
  const { registry, connect } = await setting(t);
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const source = await connect({ username: 'reader', password: 'pa:ss' });
  assert.equal(registry.authorization, basic('reader:pa:ss'));
  await source.prepare([framed(81)]);
  assert.equal(registry.authorization, basic('reader:pa:ss'));
  const url = registry.url.replace('http://', 'http://writer:s%40fe@');
  await connect({ url });
  assert.equal(registry.authorization, basic('writer:s@fe'));
  registry.outage = { status: 403, body: { message: 'no' } };
  await assert.rejects(
    connect({ url }),
    (error: Error) => !error.message.includes('s@fe') && !error.message.includes('s%40fe'),
  );
});
