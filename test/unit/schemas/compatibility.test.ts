import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Schema } from 'avsc';
import {
  createFileSchemaSource,
  createSerdes,
  incompatibility,
  readerSchema,
  schemaId,
  sourceTopics,
  toJson,
} from '../../../schemas/index.ts';
import { compileType } from '../../../schemas/wire-type.ts';
import { golden, goldenDirectory } from './examples.ts';

const earlierDirectory = join(goldenDirectory, 'earlier');

function earlierSchema(topic: string): Schema {
  return JSON.parse(readFileSync(join(earlierDirectory, `${topic}-0.avsc`), 'utf8')) as Schema;
}

function changed(schema: Schema, from: string | RegExp, to: string): Schema {
  const text = JSON.stringify(schema);
  const result = text.replace(from, to);
  assert.notEqual(result, text);
  return JSON.parse(result) as Schema;
}

// When a contract changes: keep the version before as schemas/earlier/<topic>-<n>.avsc, and these fixtures as they are.
for (const topic of sourceTopics) {
  test(`bytes of ${topic} that version 1 wrote are read as they were meant`, () => {
    const value = createSerdes(createFileSchemaSource())[topic].deserialize(Buffer.from(golden[topic].hex, 'hex'));
    assert.deepEqual(toJson(topic, value), golden[topic].json);
  });

  test(`values of ${topic} written before its newest fields existed are read with their defaults`, () => {
    const schema = earlierSchema(topic);
    const names = (schema as { readonly fields: readonly { readonly name: string }[] }).fields.map(({ name }) => name);
    const kept = Object.entries(golden[topic].json).filter(([name]) => names.includes(name));
    const json: { [name: string]: unknown } = Object.fromEntries(kept);
    // Symbols that the old schemas do not have yet.
    if (topic === 'privacy') json.action = 'erase';
    if (topic === 'purchases') json.status = 'placed';
    const writer = compileType(schema);
    const body = writer.toBuffer(json);
    const header = Buffer.alloc(5);
    header.writeUInt32BE(schemaId(schema), 1);
    const serdes = createSerdes(createFileSchemaSource(earlierDirectory));
    const value = toJson(topic, serdes[topic].deserialize(Buffer.concat([header, body])));
    for (const [name, member] of Object.entries(json)) assert.deepEqual(value[name], member, name);
    const defaults = Object.entries(value).filter(([name]) => !names.includes(name));
    const allowed: { readonly [name: string]: unknown } = {
      attributes: {},
      audience: { segments: [], regions: [], devices: [] },
      weight: 1,
    };
    for (const [name, member] of defaults) assert.deepEqual(member, allowed[name], name);
  });

  test(`the contract of ${topic} is compatible with what came before it`, () => {
    assert.equal(incompatibility(readerSchema(topic), earlierSchema(topic)), undefined);
  });
}

test('the id of a schema depends on what is written, not on documentation and defaults', () => {
  const schema = readerSchema('clicks');
  assert.equal(schemaId(changed(schema, /"doc":"[^"]*"/g, '"doc":"other"')), schemaId(schema));
  assert.notEqual(schemaId(changed(schema, '"dwell",', '')), schemaId(schema));
});

const badChanges: readonly (readonly [string, Schema])[] = [
  [
    'a new field without a default',
    changed(readerSchema('settings'), '"fields":[', '"fields":[{"name":"owner","type":"string"},'),
  ],
  ['another type of a field', changed(readerSchema('settings'), /("name":"at",.*?)"long"/, '$1"string"')],
  ['a renamed field', changed(readerSchema('settings'), '"name":"body"', '"name":"text"')],
  ['a renamed record', changed(readerSchema('settings'), '"name":"Setting"', '"name":"Option"')],
  ['an enum symbol taken away', changed(readerSchema('settings'), '"placement",', '')],
];

for (const [name, schema] of badChanges) {
  test(`${name} is found to be incompatible`, () => {
    assert.equal(typeof incompatibility(schema, readerSchema('settings')), 'string');
  });
}

test('a field that may no longer be null is found to be incompatible', () => {
  const schema = readerSchema('privacy');
  const stricter = changed(schema, '"type":["null","string"],"default":null', '"type":"string","default":""');
  assert.equal(typeof incompatibility(stricter, schema), 'string');
});

test('a new field with a default and a new enum symbol are found to be compatible', () => {
  const schema = readerSchema('settings');
  const field = '"fields":[{"name":"owner","type":["null","string"],"default":null},';
  assert.equal(incompatibility(changed(schema, '"fields":[', field), schema), undefined);
  assert.equal(incompatibility(changed(schema, '"placement",', '"placement","experiment",'), schema), undefined);
});
