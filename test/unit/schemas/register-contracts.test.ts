// Against a real registry: test/registry.

import assert from 'node:assert/strict';
import test from 'node:test';
import avsc, { type Schema } from 'avsc';
import { RegistryHttp, readerSchema, type SourceTopic, sourceTopics } from '../../../schemas/index.ts';
import { registerContracts } from '../../../schemas/register-contracts.ts';
import type { RegisteredSchema } from '../../../schemas/registry-http.ts';

/** A registry that holds texts apart which say the same, and takes every schema. */
class MemoryRegistry extends RegistryHttp {
  readonly #subjects = new Map<string, RegisteredSchema[]>();

  constructor() {
    super({ url: 'http://registry.test', timeoutMs: 1 });
  }

  override async latest(subject: string) {
    return this.#subjects.get(subject)?.at(-1);
  }

  override async lookUp(subject: string, schema: Schema) {
    return this.#subjects.get(subject)?.find((known) => known.schema === JSON.stringify(schema));
  }

  override async register(subject: string, schema: Schema) {
    const known = this.#subjects.get(subject) ?? [];
    const version = known.length + 1;
    this.#subjects.set(subject, [...known, { id: version, version, schema: JSON.stringify(schema), type: 'AVRO' }]);
  }

  override async compatibility() {
    return 'BACKWARD';
  }

  override async setCompatibility() {}
}

/** What comes of the contracts beside versions that were registered as `change` makes them. */
async function outcomesAfter(change: (schema: Schema, topic: SourceTopic) => Schema) {
  const registry = new MemoryRegistry();
  for (const topic of sourceTopics) await registry.register(`${topic}-value`, change(readerSchema(topic), topic));
  return registerContracts({ registry, compatibility: 'BACKWARD', topicName: (topic) => topic });
}

test('contracts become the next version where they were registered with full names', async () => {
  const registrations = await outcomesAfter((schema) => avsc.Type.forSchema(schema).schema({ exportAttrs: true }));
  assert.deepEqual(
    registrations.map(({ topic, outcome, version }) => [topic, outcome, version]),
    sourceTopics.map((topic) => [topic, 'changed', 2]),
  );
});

test('a contract that cannot read the newest version is refused, the others are registered', async () => {
  const registrations = await outcomesAfter((schema, topic) =>
    topic === 'clicks' ? (JSON.parse(JSON.stringify(schema).replace('"eventId"', '"id"')) as Schema) : schema,
  );
  for (const { topic, outcome, reason, changes } of registrations) {
    assert.equal(outcome, topic === 'clicks' ? 'refused' : 'unchanged', topic);
    if (topic !== 'clicks') continue;
    assert.equal(reason, 'it cannot read what version 1 of the subject has written');
    assert.deepEqual(
      changes.filter(({ breaks }) => breaks),
      [{ path: 'eventId', text: 'is new and has no default: string', breaks: true }],
    );
  }
});
